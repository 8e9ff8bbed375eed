"""Headers and query strings that are long: each is bounded, and costs no more than a short one."""

import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.app import create_app
from tests.support.graph import settings_for
from tests.support.raw_http import BODY, RawAnswer, exchange
from tests.support.serving import serve
from tests.support.tokens import JWT, Issuer

SIZE = 31 * 1024
SHOP = "https://shop.example"


def filled(unit: str, size: int = SIZE) -> str:
    """Repeat a text up to a size."""
    return (unit * (size // len(unit) + 1))[:size]


def post(*headers: str, kind: str = "application/json") -> bytes:
    """Write a POST."""
    lines = ["POST /graphql HTTP/1.1", "Host: x", f"Content-Length: {len(BODY)}", *headers]
    return "\r\n".join([*lines, f"Content-Type: {kind}", "", ""]).encode("latin-1") + BODY


def get(target: str, *headers: str) -> bytes:
    """Write a GET."""
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: x", *headers, "", ""]).encode("latin-1")


LONG = {
    "Accept, commas": (post("Accept: " + filled(",")), 431),
    "Accept, ranges": (post("Accept: " + filled("a/b,")), 431),
    "Accept, parameters": (post("Accept: */*" + filled(";q=0")), 431),
    "Accept, a quality": (post("Accept: */*;q=" + filled("9")), 431),
    "Accept, in many lines": (post(*["Accept: " + filled(",", 300)] * 90), 431),
    "Accept of a page": (get("/graphql", "Accept: text/html" + filled(",")), 431),
    "Content-Type, semicolons": (post(kind="application/json" + filled(";")), 415),
    "Content-Type, parameters": (post(kind="application/json" + filled(";a=b")), 415),
    "Content-Encoding, commas": (post("Content-Encoding: " + filled(",")), 415),
    "Content-Encoding, identities": (post("Content-Encoding: " + filled("identity,")), 415),
    "Connection beside an upgrade": (
        post("Connection: upgrade" + filled(",", SIZE // 3), "Upgrade: x"), 431),
    "X-Forwarded-For, hops": (post("X-Forwarded-For: " + filled("127.0.0.1,")), 200),
    "X-Forwarded-For, one hop": (post("X-Forwarded-For: " + filled("[")), 200),
    "X-Request-Id": (post("X-Request-Id: " + filled("a")), 200),
    "Origin": (post("Origin: http://localhost:" + filled("1")), 200),
    "Sec-Fetch-Site": (post("Sec-Fetch-Site: " + filled("a")), 200),
    "Cookie": (post("Cookie: " + filled("a=b; ")), 200),
    "Accept-Language": (post("Accept-Language: " + filled("de,")), 200),
    "traceparent": (post("traceparent: " + filled("0")), 200),
    "tracestate": (post("tracestate: " + filled("a=b,")), 200),
    "path": (get("/" + filled("%41")), 404),
    "path of an asset": (get("/explorer/" + filled("a/")), 404),
    "path of 512 bytes": (get("/explorer/" + filled("a/", 502)), 404),
    "query string, escapes": (get("/graphql?query=" + "%41" * 10_000), 200),
    "query string, parameters": (get("/graphql?" + filled("a=&")), 400),
    "query string, ampersands": (get("/graphql?" + filled("&")), 400),
    "query string, other parameters": (
        get("/graphql?" + "&".join(f"{i:x}=1" for i in range(4_000))), 400),
}  # fmt: skip
OBJECTS = b'{"alg":"ES256","x":[' + b"{}," * 3_900 + b"{}]}"
REFUSED = {
    "spaces": "Bearer" + filled(" ") + "\xe9",
    "no token": "Bearer " + filled("x"),
    "dots": "Bearer " + filled("."),
    "a header of objects": f"Bearer {b64encode(OBJECTS).decode()}.e30.AAAA",
}


@pytest.fixture(scope="module")
def timed(sandbox_url: str) -> Iterator[str]:
    """Return the URL of a gateway with proxies, another origin and a rate limit."""
    settings = {"trusted_proxies": "127.0.0.1", "cors_origins": SHOP, "rate_limit_per_minute": 1000}
    with serve(create_app(settings_for(sandbox_url, **settings))) as url:
        yield url


@pytest.fixture(scope="module")
def guarded(sandbox_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of a gateway that wants tokens."""
    path: Path = tmp_path_factory.mktemp("keys") / "key.pem"
    path.write_bytes(Issuer("key", "ES256").pem())
    with serve(create_app(settings_for(sandbox_url, auth_key_file=str(path), **JWT))) as url:
        yield url


def cost_s(url: str, raw: bytes) -> tuple[RawAnswer, float]:
    """Send a request a few times; gives its answer, and the least CPU time that one has cost.

    The client's own is in it, and little: it writes and reads one packet.
    """
    costs = []
    for _ in range(5):
        began = time.process_time()
        answer = exchange(url, raw)
        costs.append(time.process_time() - began)
    return answer, min(costs)


@pytest.mark.parametrize(("raw", "status"), LONG.values(), ids=LONG)
def test_what_is_long_is_bounded(timed: str, raw: bytes, status: int) -> None:
    """Refused with a code, or read as far as it means anything, within a moment."""
    answer, spent_s = cost_s(timed, raw)
    assert answer.status == status
    assert answer.code is not None or status == 200
    assert spent_s < cost_s(timed, post())[1] + 0.004


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED)
def test_a_long_credential_costs_no_more_than_a_short_one(guarded: str, value: str) -> None:
    """Nobody has been authenticated by then."""
    answer, spent_s = cost_s(guarded, post(f"Authorization: {value}"))
    assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")
    assert spent_s < cost_s(guarded, post())[1] + 0.004


@pytest.mark.parametrize("query", [
    "query=%zz", "query=%", "query=%4", "query=%ff", "%ff=1", "query=%c3", "query=%ED%A0%80",
])  # fmt: skip
def test_a_query_string_that_is_no_text_is_refused(timed: str, query: str) -> None:
    """As a body is that is not in UTF-8: what is guessed for it would reach the platform."""
    answer = exchange(timed, get(f"/graphql?{query}"))
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert b"UTF-8" in answer.body


@pytest.mark.parametrize("query", [
    "query=%7B+a%3A__typename%20%7D", "query={a:__typename}", "&query=%7ba:__typename%7d&&x",
    "query=%7B%0D%0Aa%3A__typename%0A%7D&variables=%7B%7D&q=%3D%3D%0A",
])  # fmt: skip
def test_a_query_string_is_read_as_forms_write_it(timed: str, query: str) -> None:
    """Escapes in either case, plus signs, and parameters that nobody reads."""
    assert b'{"data":{"a":"Query"}' in exchange(timed, get(f"/graphql?{query}")).body
