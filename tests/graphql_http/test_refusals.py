"""Responses of the server itself: complete in their headers, and delivered to the client."""

import gzip
import json
from collections.abc import Iterator

import pytest

from gateway.app import create_app
from tests.support.graph import settings_for
from tests.support.raw_http import RawAnswer, connect, exchange, parse, until_closed
from tests.support.serving import serve

SHOP, EVIL = "https://shop.example", "https://evil.example"
LARGE = 8 * 1024 * 1024
MARKS = {
    "cache-control": "private, no-store",
    "content-type": "application/json; charset=utf-8",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "deny",
    "cross-origin-resource-policy": "same-origin",
    "x-request-id": "from-outside",
}


@pytest.fixture(scope="module")
def url(sandbox_url: str) -> Iterator[str]:
    """Return the URL of a gateway that allows one origin."""
    with serve(create_app(settings_for(sandbox_url, cors_origins=SHOP))) as url:
        yield url


def request(line: str, *headers: str, origin: str = SHOP) -> bytes:
    """Return a head whose last header is the origin of another site's page."""
    last = ["X-Request-Id: from-outside", f"Origin: {origin}", "", ""]
    return "\r\n".join([line, "Host: x", *headers, *last]).encode("latin-1")


def long(size: int) -> str:
    """Return a header of a size."""
    return "X-Long: " + "a" * size


REFUSED = {
    "a long URL": (request(f"GET /graphql?query={'a' * 33_000} HTTP/1.1"), 414),
    "a longer URL": (request(f"GET /graphql?query={'a' * 60_000} HTTP/1.1"), 414),
    "a long header": (request("GET /graphql HTTP/1.1", long(33_000)), 431),
    "a longer header": (request("GET /graphql HTTP/1.1", long(60_000)), 431),
    "many headers": (request("GET /graphql HTTP/1.1", *["X-A: b"] * 200), 431),
    "a long path": (request(f"GET /{'a' * 600} HTTP/1.1"), 404),
    "two hosts": (request("GET /graphql HTTP/1.1", "Host: y"), 400),
    "two hosts of HTTP/1.0": (request("GET /graphql HTTP/1.0", "Host: y"), 400),
    "another version": (request("POST /graphql HTTP/2.0", "Content-Length: 0"), 400),
    "an older version": (request("GET /graphql HTTP/0.9"), 400),
    "a coding that nobody reads": (
        request("POST /graphql HTTP/1.1", "Transfer-Encoding: gzip, chunked"), 400),
    "two lengths": (request("POST /graphql HTTP/1.1", "Content-Length: 1", "Content-Length: 2"), 0),
    "a long offer of an upgrade": (
        request("GET /graphql HTTP/1.1", "Upgrade: x", "Connection: upgrade" + "," * 2_000), 431),
    "no path of ours": (request("GET /nothing HTTP/1.1"), 404),
    "a method that there is not": (request("PUT /graphql HTTP/1.1"), 405),
    "no media type": (request("POST /graphql HTTP/1.1", "Content-Length: 0"), 415),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "status"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize(
    "cut", [None, 40_000, 20_000, 1_000], ids=["whole", "2", "several", "many"]
)
def test_every_refusal_is_marked(url: str, raw: bytes, status: int, cut: int | None) -> None:
    """With the request's id, security headers, and CORS headers for an allowed origin."""
    size = cut or len(raw)
    pieces = [raw[i : i + size] for i in range(0, len(raw), size)]
    answer = exchange(url, *pieces)
    if not status:  # the parser ends at the second length, before the origin
        assert (answer.status, answer.code) == (400, "BAD_REQUEST")
        return
    assert answer.status == status
    assert answer.headers.items() >= MARKS.items()
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert answer.headers["access-control-expose-headers"] == "x-request-id, retry-after"
    assert "origin" in answer.headers["vary"]
    (error,) = json.loads(answer.body)["errors"]
    assert error["extensions"].keys() == {"code", "retryable"}


@pytest.mark.parametrize(("raw", "status"), REFUSED.values(), ids=REFUSED)
def test_no_refusal_is_marked_for_another_origin(url: str, raw: bytes, status: int) -> None:
    """It has no CORS headers for it."""
    answer = exchange(url, raw.replace(SHOP.encode(), EVIL.encode()))
    assert answer.status == (status or 400)
    assert "access-control-allow-origin" not in answer.headers


def test_a_head_of_twice_the_bytes_is_not_read_on(url: str) -> None:
    """It is refused while it is incomplete, without the CORS headers for an origin behind it."""
    answer = exchange(url, request("GET /graphql HTTP/1.1", long(70_000))[:69_000])
    assert (answer.status, answer.code) == (431, "BAD_REQUEST")
    assert "access-control-allow-origin" not in answer.headers


def test_a_refusal_has_nothing_of_the_request_before(url: str) -> None:
    """A proxy may send requests of several clients on one connection."""
    with connect(url) as connection:
        connection.sendall(request("GET /healthz HTTP/1.1") + b"\0\r\n\r\n")
        answers = until_closed(connection)
    second = parse(answers[answers.rindex(b"HTTP/1.1 ") :])
    assert (second.status, second.headers["x-request-id"] == "from-outside") == (400, False)
    assert "access-control-allow-origin" not in second.headers


@pytest.mark.parametrize("head", [
    request(f"HEAD /graphql?query={'a' * 33_000} HTTP/1.1"), request("HEAD / HTTP/1.1", "Host: y"),
    request("HEAD /nothing HTTP/1.1", "Connection: close"),
])  # fmt: skip
def test_a_refusal_of_head_has_no_body(url: str, head: bytes) -> None:
    """A proxy would take it for the next response (RFC 9110 section 9.3.2)."""
    with connect(url) as connection:
        connection.sendall(head)
        answer = parse(until_closed(connection))
    assert answer.status in {414, 400, 404}
    assert int(answer.headers["content-length"]) > 0
    assert answer.body == b""


def sent_before_reading(url: str, raw: bytes) -> RawAnswer:
    """Send all of a request, however it is answered meanwhile, and only then read.

    Raises OSError where the server does not let that happen.
    """
    received = bytearray()
    with connect(url) as connection:
        connection.sendall(raw)
        while chunk := connection.recv(65536):
            received += chunk
    return parse(bytes(received))


@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("target", ["/graphql", "/graphql/", "/nothing"])
def test_a_refusal_reaches_who_is_still_sending(url: str, version: str, target: str) -> None:
    """As nginx sends by default: HTTP/1.0, connections that end. A reset would be a 502."""
    head = request(f"POST {target} HTTP/{version}", f"Content-Length: {LARGE}", "Connection: close")
    answer = sent_before_reading(url, head + bytes(LARGE))
    assert answer.status == (404 if target == "/nothing" else 415)
    assert answer.headers["connection"] == "close"


def test_a_refusal_on_the_direct_way_reaches_who_is_still_sending(url: str) -> None:
    """The body is not JSON, and is not waited for."""
    body = gzip.compress(bytes(200_000), 0)
    head = request("POST /graphql HTTP/1.1", f"Content-Length: {len(body)}", "Connection: close")
    for _ in range(5):
        assert sent_before_reading(url, head + body).status == 415


def test_a_refused_head_reaches_who_is_still_sending(url: str) -> None:
    """What follows it is discarded."""
    answer = sent_before_reading(url, request("GET / HTTP/1.1", long(70_000)) + bytes(LARGE))
    assert (answer.status, answer.code) == (431, "BAD_REQUEST")
