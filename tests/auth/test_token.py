"""With GATEWAY_AUTH=jwt only the bearer of a valid token is served."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.auth.authenticator import Authenticator
from gateway.auth.factory import create_authenticator
from gateway.auth.token import LEEWAY_S
from gateway.edge.http_request import HttpHeaders
from gateway.errors import TokenRefusedError, UnauthenticatedError
from tests.sandbox.client import NOW
from tests.support.bad_tokens import BAD, ED, ES, GOOD, RS, STRANGER
from tests.support.graph import Graph, graph_over, settings_for
from tests.support.http_client import code
from tests.support.raw_http import POST, exchange
from tests.support.tokens import AUDIENCE, JWT, TIME, Issuer

QUERY = '{ customer(by: {externalId: "C-CURRENT"}) { customerId } }'


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the keys of three issuers into a file."""
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    path.write_text(json.dumps({"keys": [one.jwk() for one in (ES, RS, ED)]}))
    return path


@pytest.fixture(scope="module")
def guarded(sandbox_url: str, key_file: Path) -> Iterator[Graph]:
    """Serve a gateway that requires a token."""
    with graph_over(sandbox_url, **JWT, auth_key_file=str(key_file)) as graph:
        yield graph


@pytest.fixture(scope="module")
def authentication(key_file: Path) -> Authenticator:
    """Return the authenticator, without a server."""
    settings = settings_for("http://platform.example", **JWT, auth_key_file=str(key_file))
    return create_authenticator(settings, lambda: NOW)


def asked(graph: Graph, headers: dict[str, str]) -> httpx.Response:
    """Send a query with these headers."""
    return graph.http.post("/graphql", json={"query": QUERY}, headers=headers)


@pytest.mark.parametrize("issuer", [ES, RS, ED], ids=lambda one: one.algorithm)
@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"aud": ["others", AUDIENCE]},
        {"exp": TIME - LEEWAY_S + 1},
        {"nbf": TIME + LEEWAY_S - 1, "iat": TIME + LEEWAY_S - 1},
        {"nbf": None, "sub": None},
        {"exp": TIME + 0.5},
    ],
)
def test_a_token_that_counts_is_answered(
    guarded: Graph, issuer: Issuer, claims: dict[str, Any]
) -> None:
    """It is signed by a known key, for this audience, and within its times and the leeway."""
    answer = asked(guarded, issuer.bearer(**claims))
    assert answer.json()["data"] == {"customer": {"customerId": "700000008"}}


@pytest.mark.parametrize("around", ["Bearer {} ", "Bearer {}\t \t", "\t Bearer {}"])
def test_blanks_around_a_token_are_no_part_of_it(guarded: Graph, around: str) -> None:
    """Blanks around a header value do not belong to it (RFC 9110 §5.5)."""
    body = json.dumps({"query": QUERY}).encode()
    lines = f"Authorization:{around.format(GOOD)}\r\nContent-Length: {len(body)}\r\n\r\n"
    answer = exchange(str(guarded.http.base_url), POST + lines.encode() + body)
    assert json.loads(answer.body)["data"]["customer"]


@pytest.mark.parametrize(
    "header",
    [
        {"kid": None},
        {"typ": None},
        {"typ": "at+JWT"},
        {"jku": "http://127.0.0.1:9/keys", "x5u": "http://127.0.0.1:9/x", "x5c": ["AA"]},
        {"jwk": STRANGER.jwk()},
        {"unknown": 1},
    ],
)
def test_what_a_header_offers_beside_its_key_id_is_ignored(
    guarded: Graph, header: dict[str, Any]
) -> None:
    """A key or a key's address in a token is not used."""
    answer = asked(guarded, {"Authorization": f"bearer  {ES.token(header)}"})
    assert answer.json()["data"]["customer"]


@pytest.mark.parametrize(("reason", "token"), list(BAD.values()), ids=list(BAD))
def test_a_token_that_does_not_count_is_refused(
    guarded: Graph, capsys: pytest.CaptureFixture[str], reason: str, token: str
) -> None:
    """The response is a coded 401, no upstream call is made, and the log has the reason."""
    calls = guarded.calls
    answer = asked(guarded, {"Authorization": f"Bearer {token}"})
    assert (answer.status_code, code(answer)) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert answer.headers["content-type"].startswith("application/json")
    message = answer.json()["errors"][0]["message"]
    assert message in {
        "The bearer token is invalid.",
        "The bearer token has expired.",
        "The bearer token is not valid yet.",
    }
    assert guarded.calls == calls
    written = capsys.readouterr().out
    assert re.search(rf"token_rejected .*reason={reason}\b", written)
    assert token[:20] not in written


@pytest.mark.parametrize(
    "given",
    [
        [f"Bearer {GOOD}", f"Bearer {GOOD}"],
        [f"Bearer {GOOD}, Bearer {GOOD}"],
        [f"Bearer {GOOD}", "Basic c2FuZGJveDpzYW5kYm94"],
        ["Basic c2FuZGJveDpzYW5kYm94"],
        [f"Token {GOOD}"],
        [f"Bearer\t{GOOD}"],
        [f"Bearer{GOOD}"],
        ["Bearer"],
        ["Bearer "],
        [GOOD],
        [""],
        ["Bearer é"],
        [f"Bearer {'m' * 1_048_576}"],
    ],
)
@pytest.mark.anyio
async def test_one_header_with_one_bearer_token_is_wanted(
    authentication: Authenticator, given: list[str]
) -> None:
    """Two headers, another scheme and a megabyte are refused."""
    raw = [(b"authorization", value.encode("latin-1")) for value in given]
    with pytest.raises(TokenRefusedError):
        await authentication.caller(HttpHeaders(raw))


@pytest.mark.anyio
async def test_no_header_is_told_from_a_bad_one(authentication: Authenticator) -> None:
    """Without credentials the challenge has the scheme and no error (RFC 6750)."""
    with pytest.raises(UnauthenticatedError) as raised:
        await authentication.caller(HttpHeaders([(b"cookie", f"token={GOOD}".encode())]))
    assert raised.value.headers == {"WWW-Authenticate": "Bearer"}


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json", "*/*"])
def test_every_client_gets_the_same_status(guarded: Graph, accept: str) -> None:
    """401 also for `application/json`, which otherwise has 200."""
    headers = {"Accept": accept}
    for answer in (
        guarded.http.post("/graphql", json={"query": QUERY}, headers=headers),
        guarded.http.post("/graphql", content=b"{", headers=headers),
        guarded.http.get("/graphql", params={"query": QUERY}, headers=headers),
        guarded.http.get("/graphql", params={"query": QUERY, "access_token": GOOD}),
        guarded.http.post("/graphql", json={"query": "{ __typename }"}, headers=headers),
    ):
        assert (answer.status_code, code(answer)) == (401, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_the_probes_and_the_page_need_no_token(guarded: Graph) -> None:
    """They reveal nothing, and the page is where a user enters a token."""
    assert guarded.http.get("/readyz").status_code == 200
    page = guarded.http.get("/graphql", headers={"Accept": "text/html"})
    assert page.status_code == 200


@pytest.mark.parametrize(
    "algorithm", ["RS384", "RS512", "PS256", "PS384", "PS512", "ES384", "ES512"]
)
@pytest.mark.anyio
async def test_other_algorithms_count_where_they_are_allowed(
    tmp_path: Path, algorithm: str
) -> None:
    """Each algorithm that the setting may list works."""
    issuer = Issuer("other", algorithm)
    path = tmp_path / "key.pem"
    path.write_bytes(issuer.pem())
    for algorithms, counts in (((algorithm,), True), (("EdDSA",), False)):
        settings = settings_for(
            "http://platform.example",
            **JWT,
            auth_key_file=str(path),
            auth_algorithms=algorithms,
        )
        authentication = create_authenticator(settings, lambda: NOW)
        headers = HttpHeaders([(b"authorization", f"Bearer {issuer.token()}".encode())])
        if counts:
            await authentication.caller(headers)
        else:
            with pytest.raises(TokenRefusedError):
                await authentication.caller(headers)
