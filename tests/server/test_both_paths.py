"""The fast path and ASGI: a request has the same response to the byte, whichever handles it."""

import gzip
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gateway.app import create_app
from gateway.edge.http_request import HttpHeaders
from gateway.execution.executor import Executor
from gateway.execution.outcome import Outcome
from gateway.server.http_protocol import LimitedHttpProtocol
from gateway.server.uvicorn_protocol import FastPathRequest
from tests.sandbox.client import NOW
from tests.support.graph import settings_for
from tests.support.raw_http import connect, until_closed
from tests.support.serving import serve
from tests.support.tokens import JWT, Issuer

# The date, and a delay that one of two may have received a second later.
VOLATILE = re.compile(rb"\r\n(?:date|retry-after): [^\r]+")
RANDOM_ID = re.compile(rb"\b[0-9a-f]{32}\b")
SHOP = "https://shop.example"
QUERY = """query Q($by: CustomerIdentifier!, $first: Int) {
  customer(by: $by) { promotions(first: $first) { totalCount nodes { id } } } }"""
BY = {"by": {"externalId": "C-ONE"}}
PLAIN = {"query": "{ __typename }"}


class OnlyAsgi(LimitedHttpProtocol):
    """A protocol without a fast path."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.fast_path = None


class Noting(LimitedHttpProtocol):
    """Counts the requests on the fast path."""

    fast_requests = 0

    def start_request(self, headers: HttpHeaders) -> None:
        """Start a request, and count it."""
        super().start_request(headers)
        type(self).fast_requests += isinstance(self.cycle, FastPathRequest)


class Paths(NamedTuple):
    """The URLs of two equal gateways, of which the second has no fast path."""

    fast: str
    asgi: str

    def responses(self, *pieces: bytes) -> tuple[bytes, bytes, bool]:
        """Send the same bytes to both; return the responses, and whether the fast path was used."""
        before = Noting.fast_requests
        fast, asgi = (self._response(url, pieces) for url in self)
        return fast, asgi, Noting.fast_requests > before

    def _response(self, url: str, pieces: tuple[bytes, ...]) -> bytes:
        with connect(url) as connection:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(0.01 * (len(pieces) > 1))  # so that each is a packet of its own
            response = VOLATILE.sub(b"", until_closed(connection))
        assert response.startswith(b"HTTP/1.1 ")
        return RANDOM_ID.sub(b"random", response)


@contextmanager
def both(sandbox_url: str, executor: Executor | None = None, **settings: Any) -> Iterator[Paths]:
    """Serve two equal gateways, one of them without a fast path."""
    apps = [
        create_app(settings_for(sandbox_url, **settings), clock=lambda: NOW, executor=executor)
        for _ in range(2)
    ]
    with serve(apps[0], Noting) as fast, serve(apps[1], OnlyAsgi) as asgi:
        yield Paths(fast, asgi)


@pytest.fixture(scope="module")
def paths(sandbox_url: str) -> Iterator[Paths]:
    """Serve both with a response cache and named origins."""
    with both(
        sandbox_url, cors_origins=f"{SHOP},http://localhost:*", cache_customer_ttl_s=100.0
    ) as paths:
        yield paths


def post(
    body: object, *headers: str, target: str = "/graphql", kind: str = "application/json"
) -> bytes:
    """Return a POST whose response ends the connection."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"POST {target} HTTP/1.1", "Host: x", *headers, f"Content-Type: {kind}"]
    lines += [f"Content-Length: {len(raw)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + raw


ON_THE_FAST_PATH = {
    "plain": post(PLAIN),
    "a customer": post({"query": QUERY, "variables": BY}),
    "the same customer, cached": post({"query": QUERY, "variables": BY}),
    "a customer without a page": post({"query": QUERY, "variables": BY | {"first": 0}}),
    "an unknown customer": post({"query": QUERY, "variables": {"by": {"externalId": "x"}}}),
    "new media type": post(PLAIN, "Accept: application/graphql-response+json"),
    "several accept lines": post(PLAIN, "Accept: text/html", "Accept: application/json;q=0.1"),
    "not acceptable": post(PLAIN, "Accept: image/png"),
    "an id": post(PLAIN, "X-Request-Id: from-outside"),
    "an unsafe id": post(PLAIN, "X-Request-Id: <b>"),
    "two ids": post(PLAIN, "X-Request-Id: one", "X-Request-Id: two"),
    "named origin": post(PLAIN, f"Origin: {SHOP}", "Sec-Fetch-Site: cross-site"),
    "an origin at any port": post(PLAIN, "Origin: http://localhost:3000"),
    "refused to a named origin": post(b"{", f"Origin: {SHOP}"),
    "other origin": post(PLAIN, "Origin: https://evil.example"),
    "other site": post(PLAIN, "Origin: https://evil.example", "Sec-Fetch-Site: cross-site"),
    "no type": post(PLAIN, kind=""),
    "form": post(b"query=x", kind="application/x-www-form-urlencoded"),
    "two types": post(PLAIN, "Content-Type: application/json"),
    "charset": post(PLAIN, kind="application/json; charset=utf-8"),
    "other charset": post(PLAIN, kind="application/json; charset=utf-16"),
    "gzip": post(gzip.compress(json.dumps(PLAIN).encode()), "Content-Encoding: gzip"),
    "bomb": post(gzip.compress(bytes(1 << 20)), "Content-Encoding: gzip"),
    "no gzip": post(PLAIN, "Content-Encoding: gzip"),
    "other encoding": post(PLAIN, "Content-Encoding: br"),
    "no JSON": post(b"{"),
    "no object": post([1]),
    "no query": post({}),
    "syntax": post({"query": "{"}),
    "syntax, new media type": post({"query": "{"}, "Accept: application/graphql-response+json"),
    "unknown field": post({"query": "{ nothing }"}),
    "variable of another type": post({"query": QUERY, "variables": BY | {"first": "2"}}),
    "no variables": post({"query": QUERY}),
    "unknown operation": post(PLAIN | {"operationName": "Other"}),
    "too dear": post({"query": "{" + "".join(
        f'c{i}: customer(by: {{externalId: "{i}"}}) {{ promotions(first: 100) {{ nodes {{ id '
        'promotion { definition { rulesets { rules { ruleId } } } } } } }' for i in range(15))}),
    "batch": post([PLAIN, {"query": "{"}, {"query": QUERY, "variables": BY}]),
    "unknown hash": post(
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 63 + "1"}}}
    ),
}  # fmt: skip
BY_ASGI = {
    "another path": post(PLAIN, target="/healthz"),
    "no path of ours": post(PLAIN, target="/nothing"),
    "a query string": post(PLAIN, target="/graphql?a=b"),
    "an escaped path": post(PLAIN, target="/graph%71l"),
    "above the limit": post(bytes(300_000)),
    "empty": post(b""),
    "HTTP/1.0": post(PLAIN).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "GET": b"GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "HEAD": b"HEAD /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "PUT": post(PLAIN).replace(b"POST", b"PUT"),
    "expect": post(PLAIN, "Expect: 100-continue"),
    "chunks": b"POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'1a\r\n{"query": "{ __typename }"\r\n1\r\n}\r\n0\r\n\r\n',
}


@pytest.mark.parametrize("raw", ON_THE_FAST_PATH.values(), ids=ON_THE_FAST_PATH)
def test_both_paths_respond_alike(paths: Paths, raw: bytes) -> None:
    """Compare status, headers in their order, and body."""
    fast, asgi, is_fast = paths.responses(raw)
    assert fast == asgi
    assert is_fast


@pytest.mark.parametrize("raw", BY_ASGI.values(), ids=BY_ASGI)
def test_unusual_requests_are_handled_by_asgi(paths: Paths, raw: bytes) -> None:
    """The fast path does not take them, and they have the same response."""
    fast, asgi, is_fast = paths.responses(raw)
    assert fast == asgi
    assert not is_fast


@pytest.mark.parametrize("name", [
    "a customer", "gzip", "bomb", "no JSON", "unknown field", "batch", "named origin",
])  # fmt: skip
def test_a_body_may_arrive_in_pieces(paths: Paths, name: str) -> None:
    """Many clients send it apart from the head, and a network may split it anywhere."""
    head, separator, body = ON_THE_FAST_PATH[name].partition(b"\r\n\r\n")
    for _ in range(2):  # once more from the response cache, as all that follow
        complete, _, _ = paths.responses(ON_THE_FAST_PATH[name])
    fast, asgi, is_fast = paths.responses(head[:50], head[50:] + separator, body[:7], body[7:])
    assert fast == asgi == complete
    assert is_fast


def test_a_request_refused_before_its_body_has_one_response(paths: Paths) -> None:
    """The body is read and dropped; the connection stays open."""
    refused = ON_THE_FAST_PATH["form"].replace(b"Connection: close\r\n", b"")
    fast, asgi, is_fast = paths.responses(refused[:-4], refused[-4:], ON_THE_FAST_PATH["plain"])
    assert fast == asgi
    assert is_fast
    assert [fast.count(b"HTTP/1.1 " + status) for status in (b"415", b"200")] == [1, 1]


def test_a_connection_may_use_both_paths(paths: Paths) -> None:
    """Responses have the order of the requests."""
    whole = post(PLAIN).replace(b"Connection: close\r\n", b"")
    probe = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    several = whole + probe + whole + BY_ASGI["chunks"]
    fast, asgi, is_fast = paths.responses(several)
    assert fast == asgi
    assert fast.count(b"HTTP/1.1 200 ") == 4
    assert is_fast


def test_a_response_ends_the_connection_only_if_the_request_says_so(paths: Paths) -> None:
    """Send several requests on one connection, by the fast path."""
    before = Noting.fast_requests
    with connect(paths.fast) as connection:
        for _ in range(3):
            connection.sendall(post(PLAIN).replace(b"Connection: close\r\n", b""))
            assert b"\r\nconnection:" not in connection.recv(65536)
        connection.sendall(post(PLAIN))
        assert b"\r\nconnection: close\r\n" in until_closed(connection)
    assert Noting.fast_requests == before + 4


class Unwritable:
    """An executor whose data cannot be encoded."""

    async def run(self, *_: Any) -> Outcome:
        """Return a lone surrogate."""
        return Outcome({"x": "\ud800"}, [{"extensions": {"code": "UPSTREAM_TIMEOUT"}}])


def test_an_internal_error_is_masked_on_both_paths(sandbox_url: str) -> None:
    """An answer that cannot be written is one, and the connection stays whole."""
    with both(sandbox_url, Unwritable()) as paths:
        fast, asgi, is_fast = paths.responses(post({"query": "{ a: __typename }"}))
    assert fast == asgi
    assert fast.startswith(b"HTTP/1.1 500 ")
    assert is_fast


def test_callers_are_authenticated_alike(sandbox_url: str, tmp_path: Path) -> None:
    """Compare the refusals of tokens, and the rate limit of their caller."""
    issuer = Issuer("key", "ES256")
    path = tmp_path / "key.pem"
    path.write_bytes(issuer.pem())
    tokens = [f"Authorization: {value}" for value in issuer.bearer().values()]
    limited = {"auth_key_file": str(path), "rate_limit_per_minute": 4} | JWT
    requests = [[], ["Authorization: Bearer x"], tokens, tokens * 2, tokens, tokens, tokens, tokens]
    statuses = []
    with both(sandbox_url, None, **limited) as paths:
        for headers in requests:
            request = post({"query": QUERY, "variables": BY}, *headers)
            fast, asgi, is_fast = paths.responses(request)
            assert fast == asgi
            assert is_fast
            statuses.append(fast[9:12])
    assert statuses == [b"401", b"401", b"200", b"401", b"200", b"200", b"200", b"429"]


def test_credentials_are_forwarded_alike(sandbox_url: str) -> None:
    """With `passthrough` the upstream gets the caller's credential on both paths."""
    basic = "Authorization: Basic c2FuZGJveDpzYW5kYm94"
    with both(sandbox_url, upstream_auth="passthrough") as paths:
        for headers, word in (([basic], b'"totalCount"'), ([], b"UPSTREAM_AUTH_FAILED")):
            fast, asgi, _ = paths.responses(post({"query": QUERY, "variables": BY}, *headers))
            assert fast == asgi
            assert word in fast
