"""The four kinds of credentials for the platform."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.context import CallBudget, Caller
from gateway.context import RequestContext as GatewayRequest
from gateway.errors import UpstreamAuthFailedError
from gateway.upstream.credentials import CallersCredential, Credential, OAuthCredential
from gateway.upstream.response import UpstreamResponse as UpstreamAnswer
from tests.sandbox.client import NOW
from tests.support.graph import Graph, graph_over, serve_gateway
from tests.support.raw_http import POST, connect, until_closed
from tests.support.scripted_platform import Platform, ScriptedResponse, platform

CUSTOMER = '{customer(by:{externalId:"C-ONE"}){customerId}}'
FIVE = (
    "{" + " ".join(f'c{n}:customer(by:{{externalId:"C-00{n}"}}){{id}}' for n in range(1, 6)) + "}"
)
OAUTH: dict[str, Any] = {
    "upstream_auth": "oauth",
    "upstream_oauth_key": "sandbox-key",
    "upstream_oauth_secret": "sandbox-secret",
}
OWN_HEADERS = {
    "host", "accept", "accept-encoding", "connection", "user-agent", "x-request-id",
}  # fmt: skip


def _endpoints(scripted: Platform) -> list[str]:
    return [request.url.path.rsplit("/", 1)[-1] for request in scripted.requests]


def _codes(graph: Graph, query: str = CUSTOMER, **headers: str) -> list[str]:
    errors = graph.answer(query, None, **headers).get("errors", [])
    assert not any(secret in json.dumps(errors) for secret in ("sandbox", "secret-", "127.0.0.1"))
    return [error["extensions"]["code"] for error in errors]


def test_basic_sends_the_tills_credentials() -> None:
    """Sends Authorization: Basic, and no header that HTTP does not need."""
    with platform() as (scripted, url), graph_over(url) as graph:
        graph.ask(CUSTOMER)
        (request,) = scripted.requests
        assert request.headers["authorization"] == "Basic c2FuZGJveDpzYW5kYm94"
        assert set(request.headers) == OWN_HEADERS | {"authorization"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"upstream_password": "secret-wrong"},
        {"upstream_auth": "none"},
        OAUTH | {"upstream_oauth_secret": "secret-wrong"},
        OAUTH | {"upstream_oauth_key": "secret-wrong"},
        {"upstream_auth": "passthrough"},
    ],
    ids=["basic", "none", "oauth secret", "oauth key", "passthrough without"],
)
def test_wrong_credentials_are_a_coded_error(sandbox_url: str, wrong: dict[str, str]) -> None:
    """The error is UPSTREAM_AUTH_FAILED, without details."""
    with graph_over(sandbox_url, **wrong) as graph:
        assert _codes(graph) == ["UPSTREAM_AUTH_FAILED"]


def test_passthrough_hands_on_the_callers_credential_and_nothing_else() -> None:
    """Passes on Authorization or the token header, the request's ids, and no cookie."""
    theirs = {
        "Cookie": "session=secret-1",
        "X-Forwarded-For": "10.0.0.1",
        "X-Request-Id": "abc",
        "Accept-Language": "de",
    }
    basic = {"Authorization": "Basic c2FuZGJveDpzYW5kYm94"}
    token = {"X-CAP-API-OAUTH-TOKEN": "secret-token"}
    with platform() as (scripted, url), graph_over(url, upstream_auth="passthrough") as graph:
        assert _codes(graph, **basic, **theirs) == []
        (request,) = scripted.requests
        assert set(request.headers) == OWN_HEADERS | {"authorization"}
        assert request.headers["authorization"] == basic["Authorization"]

        assert _codes(graph, **token, **theirs) == ["UPSTREAM_AUTH_FAILED"]
        (request,) = scripted.requests
        assert set(request.headers) == OWN_HEADERS | {"x-cap-api-oauth-token"}
        assert request.headers["x-cap-api-oauth-token"] == "secret-token"

        assert _codes(graph, **theirs) == ["UPSTREAM_AUTH_FAILED"]
        assert scripted.requests == []


@pytest.mark.parametrize("around", ["{} ", "{}\t", " \t{} \t "])
def test_blanks_around_a_callers_credential_are_no_part_of_it(around: str) -> None:
    """Proxies need not have removed the blanks; the platform would refuse them."""
    with platform() as (scripted, url), graph_over(url, upstream_auth="passthrough") as graph:
        for name in ("Authorization", "X-CAP-API-OAUTH-TOKEN"):
            scripted.requests.clear()
            with connect(str(graph.http.base_url)) as connection:
                body = json.dumps({"query": CUSTOMER})
                lines = f"{name}:{around.format('Basic eDp5')}\r\nConnection: close\r\n"
                length = f"Content-Length: {len(body)}\r\n\r\n"
                connection.sendall(f"{POST.decode()}{lines}{length}{body}".encode())
                assert b"UPSTREAM_AUTH_FAILED" in until_closed(connection)
            (request,) = scripted.requests
            sent = dict(request.scope["headers"])
            assert sent[name.lower().encode()] == b"Basic eDp5"


@pytest.mark.parametrize("value", ["a\nb", "a\r\nHost: b", "a\0", "\x7f", "\u0100", "\ud800"])
def test_a_credential_that_no_header_can_carry_is_refused(value: str) -> None:
    """A value that no header may have is a coded error, and nothing is sent."""
    caller = Caller(credential=(("Authorization", value),))
    request = GatewayRequest("1", NOW, caller, 0, CallBudget(1))
    with pytest.raises(UpstreamAuthFailedError):
        asyncio.run(_headers_of(CallersCredential(), request))


async def _headers_of(credential: Credential, request: GatewayRequest) -> dict[str, str]:
    async def post(_path: str, _body: bytes) -> UpstreamAnswer:
        raise AssertionError("nobody is called for it")

    return dict(await credential.headers(post, request))


def test_nobodys_credential_goes_upstream_unless_passed_through() -> None:
    """With Basic, the caller's own Authorization is not passed on."""
    with platform() as (scripted, url), graph_over(url) as graph:
        assert _codes(graph, Authorization="Bearer secret-1") == []
        (request,) = scripted.requests
        assert request.headers["authorization"] == "Basic c2FuZGJveDpzYW5kYm94"


def test_one_token_serves_many_concurrent_calls() -> None:
    """Five concurrent calls request one token, and later ones reuse it."""
    with platform() as (scripted, url), graph_over(url, **OAUTH) as graph:
        graph.ask(FIVE)
        assert sorted(_endpoints(scripted)) == ["generate", *["promotionData"] * 5]
        tokens = {r.headers.get("x-cap-api-oauth-token") for r in scripted.requests[1:]}
        assert len(tokens) == 1
        assert None not in tokens
        assert "x-cap-api-oauth-token" not in scripted.requests[0].headers
        graph.ask(CUSTOMER)
        assert _endpoints(scripted) == ["promotionData"]


def test_the_tokens_header_is_a_setting() -> None:
    """The name of the header is a setting."""
    with (
        platform() as (scripted, url),
        graph_over(url, **OAUTH, upstream_oauth_header="CAP-API-ACCESS-TOKEN") as graph,
    ):
        graph.ask(CUSTOMER)
        assert "cap-api-access-token" in scripted.requests[1].headers


@pytest.fixture(scope="module")
def tokenless() -> Iterator[tuple[Platform, Graph]]:
    """Serve a platform that issues no token, and a gateway that needs one."""
    with platform() as (scripted, url), graph_over(url, **OAUTH) as graph:
        yield scripted, graph


def _token(**data: Any) -> JSONResponse:
    return JSONResponse({"data": data, "errors": None})


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Response("", 500), "UPSTREAM_UNAVAILABLE"),
        (Response("<html>", 503), "UPSTREAM_UNAVAILABLE"),
        (Response("", 429, {"Retry-After": "9"}), "UPSTREAM_RATE_LIMITED"),
        (Response("", 302, {"Location": "/elsewhere"}), "UPSTREAM_BAD_PAYLOAD"),
        (Response("<html>", 200), "UPSTREAM_BAD_PAYLOAD"),
        (Response(b"\xff", 200), "UPSTREAM_BAD_PAYLOAD"),
        (Response("[" * 100_000, 200), "UPSTREAM_BAD_PAYLOAD"),
        (Response("{}", 400), "UPSTREAM_AUTH_FAILED"),
        (Response("{}", 401), "UPSTREAM_AUTH_FAILED"),
        (Response("{}", 403), "UPSTREAM_AUTH_FAILED"),
        (JSONResponse({"data": None, "errors": [{"code": 1}]}), "UPSTREAM_AUTH_FAILED"),
        (_token(ttlSeconds=300), "UPSTREAM_BAD_PAYLOAD"),
        (_token(accessToken=""), "UPSTREAM_BAD_PAYLOAD"),
        (_token(accessToken="secret-\r\nHost: x"), "UPSTREAM_BAD_PAYLOAD"),
        (_token(accessToken="secret-ü"), "UPSTREAM_BAD_PAYLOAD"),
        (_token(accessToken="secret- 1"), "UPSTREAM_BAD_PAYLOAD"),
        (_token(accessToken="secret-\n1"), "UPSTREAM_BAD_PAYLOAD"),
        (_token(accessToken="secret-\0"), "UPSTREAM_BAD_PAYLOAD"),
        (_token(accessToken=" \n"), "UPSTREAM_BAD_PAYLOAD"),
        (_token(accessToken="x" * 8193), "UPSTREAM_BAD_PAYLOAD"),
        (_token(accessToken=1), "UPSTREAM_BAD_PAYLOAD"),
        (_token(accessToken="secret-1", ttlSeconds=-5), "UPSTREAM_BAD_PAYLOAD"),
    ],
)
def test_a_token_that_is_not_to_be_had_is_a_coded_error(
    tokenless: tuple[Platform, Graph], answer: ScriptedResponse, code: str
) -> None:
    """The error of a failing token endpoint differs from that of a refused credential."""
    scripted, graph = tokenless
    scripted.responses["token"] = answer
    assert _codes(graph, FIVE) == [code] * 5
    assert set(_endpoints(scripted)) == {"generate"}


@pytest.mark.parametrize("around", ["{}\n", "{} ", "\t{}\r\n", "\n{}"])
def test_white_space_around_a_token_is_no_part_of_it(around: str) -> None:
    """White space around a token is removed: no header value may begin or end with it."""
    with platform() as (scripted, url), graph_over(url, **OAUTH) as graph:
        scripted.responses["token"] = _token(accessToken=around.format("secret-1"))
        assert _codes(graph) == ["UPSTREAM_AUTH_FAILED"]  # the sandbox has never given that one
        sent = {request.headers.get("x-cap-api-oauth-token") for request in scripted.requests}
        assert sent == {None, "secret-1"}


def test_a_token_is_tried_for_again_after_a_failure() -> None:
    """A failure is not cached: the next operation gets a token."""
    with platform() as (scripted, url), graph_over(url, **OAUTH) as graph:
        scripted.responses["token"] = Response("", 503)
        assert _codes(graph) == ["UPSTREAM_UNAVAILABLE"]
        scripted.responses.clear()
        assert _codes(graph) == []


def test_a_token_endpoint_that_hangs_is_a_timeout() -> None:
    """The operation's deadline includes the token request."""

    async def slow(_: Request) -> Response:
        await asyncio.sleep(0.5)  # longer than the deadline, which is real time here
        return Response("")

    with platform() as (scripted, url), graph_over(url, **OAUTH, upstream_deadline_s=0.2) as graph:
        scripted.responses["token"] = slow
        assert _codes(graph) == ["UPSTREAM_TIMEOUT"]


def test_a_token_that_was_withdrawn_is_fetched_anew_but_not_all_the_time() -> None:
    """A 401 renews the token at once, at most every 30 seconds."""
    tokens = _Tokens(ttl_s=300)
    assert tokens.at(0) == "1"
    assert tokens.credential.rejected({"token": "1"})
    assert tokens.at(0) == "2"
    assert not tokens.credential.rejected({"token": "2"})
    assert tokens.at(29) == "2"
    assert tokens.at(30) == "3"
    assert tokens.credential.rejected({"token": "2"})  # a late answer about the old one
    assert tokens.at(100) == "3"


def test_a_withdrawn_token_costs_the_client_nothing() -> None:
    """After a 401 the token is renewed, and the call repeated once."""
    with platform() as (scripted, url), graph_over(url, **OAUTH) as graph:
        graph.ask(CUSTOMER)
        (withdrawn,) = {r.headers["x-cap-api-oauth-token"] for r in scripted.requests[1:]}

        async def refuse(request: Request) -> Response | None:
            is_withdrawn = request.headers["x-cap-api-oauth-token"] == withdrawn
            return Response("{}", 401) if is_withdrawn else None

        scripted.responses["promotionData"] = refuse
        assert _codes(graph) == []
        assert _endpoints(scripted) == ["promotionData", "generate", "promotionData"]


def test_a_platform_that_refuses_every_token_is_asked_twice_at_most() -> None:
    """A second 401 is UPSTREAM_AUTH_FAILED, and no token is requested for 30 seconds."""
    with platform() as (scripted, url), graph_over(url, **OAUTH) as graph:
        scripted.responses["promotionData"] = Response("{}", 401)
        assert _codes(graph) == ["UPSTREAM_AUTH_FAILED"]
        assert _endpoints(scripted) == ["generate", "promotionData"] * 2
        assert _codes(graph) == ["UPSTREAM_AUTH_FAILED"]
        assert _endpoints(scripted) == ["promotionData"]


def test_tokens_are_calls_of_the_minute() -> None:
    """The token request uses one of the calls that can start before the deadline."""
    limits = {"upstream_calls_per_minute": 10, "upstream_deadline_s": 3}
    with platform() as (scripted, url), graph_over(url, **(OAUTH | limits)) as graph:
        codes = _codes(graph, FIVE)
        # An even slot is due at once, beside the burst: three calls in all.
        vain, late = "UPSTREAM_BUDGET_EXCEEDED", "UPSTREAM_RATE_LIMITED"
        assert sorted(codes) == [vain, vain, late]
        assert sorted(_endpoints(scripted)) == ["generate", "promotionData", "promotionData"]


def test_a_429_to_a_token_holds_all_calls_back() -> None:
    """The pause is the identity's: no token and no page is requested meanwhile."""
    with platform() as (scripted, url):
        scripted.responses["token"] = Response("", 429, {"Retry-After": "60"})
        with serve_gateway(url, **OAUTH) as gateway_url:
            graph = Graph(gateway_url, url)
            assert _codes(graph) == _codes(graph) == ["UPSTREAM_RATE_LIMITED"]
            graph.close()
        assert scripted.requests == []


@pytest.mark.parametrize(
    ("ttl_s", "lasts_s"),
    [(300.0, 270), (60.0, 30), (40.0, 20), (2.0, 1), ("300", 270), (None, 270)],
)
def test_a_token_is_renewed_before_it_runs_out(ttl_s: Any, lasts_s: int) -> None:
    """30 s before its expiry, or after half of a short lifetime, which is 5 min by default."""
    tokens = _Tokens(ttl_s)
    assert tokens.at(0) == tokens.at(lasts_s - 0.01) == "1"
    assert tokens.at(lasts_s) == tokens.at(lasts_s + 0.5) == "2"


class _Tokens:
    """A credential with a settable clock, and a platform that numbers its tokens."""

    def __init__(self, ttl_s: Any) -> None:
        self._now = 0.0
        self._given = 0
        self._ttl = {} if ttl_s is None else {"ttlSeconds": ttl_s}
        self.credential = OAuthCredential("key", "secret", "token", clock=lambda: self._now)

    def at(self, now: float) -> str:
        """Return the token in use at a time."""
        self._now = 1000 + now
        return asyncio.run(self._headers())["token"]

    async def _headers(self) -> dict[str, str]:
        request = GatewayRequest("1", NOW, Caller(), 0, CallBudget(1))
        return dict(await self.credential.headers(self._post, request))

    async def _post(self, path: str, body: bytes) -> UpstreamAnswer:
        assert path == "/v3/oauth/token/generate"
        assert json.loads(body) == {"key": "key", "secret": "secret"}
        self._given += 1
        data = {"accessToken": str(self._given), **self._ttl}
        return UpstreamAnswer(200, json.dumps({"data": data}).encode())
