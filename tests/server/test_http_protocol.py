"""The server's limits: the size of a request's head, and the time that it takes to arrive."""

import json
import time
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.app import create_app
from gateway.server.http_protocol import LimitedHttpProtocol
from tests.support.graph import settings_for
from tests.support.http_client import client
from tests.support.raw_http import BODY, POST, WHOLE, RawAnswer, connect, exchange, parse, send
from tests.support.raw_http import until_closed as rest_of
from tests.support.serving import serve

LARGE = 64 * 1024 * 1024


class ImpatientProtocol(LimitedHttpProtocol):
    """A protocol with time limits that a test can wait for."""

    head_timeout_s = lingering_s = 0.3
    body_timeout_s = 0.3


@pytest.fixture(scope="module")
def impatient(sandbox_url: str) -> Iterator[str]:
    """Return the URL of a gateway with time limits of 0.3 s."""
    app = create_app(settings_for(sandbox_url))
    with serve(app, ImpatientProtocol) as url:
        yield url


def get(*headers: bytes, target: bytes = b"/healthz") -> bytes:
    """Return a GET request."""
    return b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: x", *headers, b"", b""])


def sized(total: int) -> bytes:
    """Return a GET whose request line and headers have `total` bytes, as the server counts."""
    known = len(b"/healthz") + len(b"Hostx") + 4 + len(b"X-Big") + 4
    return get(b"X-Big: " + b"a" * (total - known))


def refused(answer: RawAnswer) -> tuple[int, str | None]:
    """Return the status and code of a refusal, which has the headers of all responses."""
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["connection"] == "close"
    assert len(answer.headers["x-request-id"]) == 32
    assert int(answer.headers["content-length"]) == len(answer.body)
    (error,) = json.loads(answer.body)["errors"]
    assert error["extensions"]["retryable"] is (answer.status == 408)
    return answer.status, answer.code


def test_a_head_may_have_32_kib(gateway_url: str) -> None:
    """One byte more is 431."""
    assert exchange(gateway_url, sized(32 * 1024)).status == 200
    assert refused(exchange(gateway_url, sized(32 * 1024 + 1))) == (431, "BAD_REQUEST")


def test_a_head_may_have_100_headers(gateway_url: str) -> None:
    """The 101st is 431."""
    headers = [b"X-%d: y" % number for number in range(100)]
    assert exchange(gateway_url, get(*headers[:99])).status == 200
    assert refused(exchange(gateway_url, get(*headers))) == (431, "BAD_REQUEST")


def test_a_value_that_does_not_end_is_cut_off(gateway_url: str) -> None:
    """What the parser still buffers is counted, too."""
    pieces = [b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Big: "] + [b"a" * 1024] * 100
    assert refused(exchange(gateway_url, *pieces)) == (431, "BAD_REQUEST")


def test_a_long_value_in_a_second_request_is_cut_off(gateway_url: str) -> None:
    """The limits hold for every request of a connection."""
    with connect(gateway_url) as connection:
        connection.sendall(WHOLE)
        assert parse(connection.recv(65536)).status == 200
        send(connection, [b"GET /healthz HTTP/1.1\r\nX-Big: ", *([b"a" * 1024] * 64)])
        assert refused(parse(rest_of(connection))) == (431, "BAD_REQUEST")


def test_a_long_url_is_refused(gateway_url: str) -> None:
    """It is 414, whether or not the URL is complete."""
    target = b"/graphql?query=" + b"a" * (33 * 1024)
    assert refused(exchange(gateway_url, get(target=target))) == (414, "BAD_REQUEST")


def test_trailers_are_not_headers(gateway_url: str) -> None:
    """What follows a chunked body is limited, too, and ignored."""
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    body = b"%x\r\n%s\r\n0\r\n" % (len(BODY), BODY)
    plain = exchange(gateway_url, head + body + b"X-Request-Id: trailing\r\n\r\n")
    assert (plain.status, plain.headers["x-request-id"] == "trailing") == (200, False)
    flood = b"".join(b"X-%d: %s\r\n" % (number, b"a" * 1000) for number in range(40))
    exchange(gateway_url, head + body + flood + b"\r\n")
    assert exchange(gateway_url, WHOLE).status == 200


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([], 0),
        ([b"\r\n"], 0),
        ([b"GET /healthz HTTP/1.1\r\nHo"], 408),
        ([WHOLE, b"GET /heal"], 200),
        ([POST + b"Content-Length: 27\r\n\r\n", BODY[:9]], 408),
        ([POST + b"Transfer-Encoding: chunked\r\n\r\n1b\r\n", BODY], 408),
        ([POST.replace(b"json", b"xml") + b"Content-Length: 27\r\n\r\n", BODY[:9]], 415),
    ],
    ids=["nothing", "empty line", "head", "second head", "body", "chunks",
         "body of a refused one"],
)  # fmt: skip
def test_what_does_not_arrive_in_time_is_dropped(
    impatient: str, pieces: list[bytes], status: int
) -> None:
    """The connection is closed, after a response if a request had begun and had none."""
    with connect(impatient) as connection:
        began = time.monotonic()
        send(connection, pieces)
        raw = rest_of(connection)
        assert 0.25 < time.monotonic() - began < 3.0
    answer = parse(raw)
    assert answer.status == status
    if status == 408:
        assert refused(answer) == (408, "BAD_REQUEST")
    if pieces[1:] == [b"GET /heal"]:
        assert b"HTTP/1.1 408 " in raw
    assert raw.count(b"HTTP/1.1 ") <= 2


def test_a_drip_of_bytes_gains_no_time(impatient: str) -> None:
    """The time limit is from the first byte to the last."""
    with connect(impatient) as connection:
        began = time.monotonic()
        for byte in get(*[b"X-Y: z"] * 50):
            try:
                connection.sendall(bytes([byte]))
            except OSError:
                break
            time.sleep(0.01)  # 52 bytes, in more than the 0.3 s of the limit
        assert parse(rest_of(connection)).status in {408, 0}
        assert 0.25 < time.monotonic() - began < 2.0


def test_many_slow_clients_hold_nobody_up(impatient: str) -> None:
    """Two hundred incomplete requests do not delay a complete one."""
    slow = []
    try:
        for _ in range(200):
            slow.append(connect(impatient))
            slow[-1].sendall(b"POST /graphql HTTP/1.1\r\nHost: x\r\n")
        began = time.monotonic()
        assert exchange(impatient, WHOLE).status == 200
        assert time.monotonic() - began < 2.0
        assert all(parse(rest_of(connection)).status == 408 for connection in slow)
    finally:
        for connection in slow:
            connection.close()


def test_an_idle_connection_stays_as_long_as_uvicorn_keeps_it(impatient: str) -> None:
    """The time limit of a head does not apply between two requests."""
    with client(impatient) as http:
        first = http.get("/healthz").extensions["network_stream"]
        time.sleep(0.5)  # longer than the 0.3 s of the limit
        assert http.get("/healthz").extensions["network_stream"] is first


def test_requests_in_one_piece_are_answered_in_order(gateway_url: str) -> None:
    """A client may send further requests before it has the response."""
    with connect(gateway_url) as connection:
        connection.sendall(WHOLE * 5 + get(b"Connection: close"))
        raw = rest_of(connection)
    assert raw.count(b"HTTP/1.1 200 ") == 6
    assert raw.count(b'{"data":{"__typename":"Query"}') == 5


def test_a_flood_of_requests_in_one_piece_is_cut_off(gateway_url: str) -> None:
    """Each would be stored until those before it are handled."""
    with connect(gateway_url) as connection:
        send(connection, [WHOLE * 1000])
        assert rest_of(connection).count(b"HTTP/1.1 200 ") < 100
    assert exchange(gateway_url, WHOLE).status == 200


OFFER = (
    POST + b"Content-Length: %d\r\nConnection: Upgrade, HTTP2-Settings%s\r\nUpgrade: h2c\r\n\r\n"
)


def test_an_upgrade_is_not_taken(gateway_url: str) -> None:
    """The request is handled as without the offer (RFC 9110 section 7.8), with its body."""
    for close in (b"", b", close"):
        answer = exchange(gateway_url, OFFER % (27, close) + BODY[:9], BODY[9:])
        assert (answer.status, b"__typename" in answer.body) == (200, True)
        assert (answer.headers.get("connection") == "close") == bool(close)


def test_the_body_beside_an_upgrade_is_no_request(gateway_url: str) -> None:
    """A proxy in front takes it for a body: it must not be handled as a second request."""
    inner = get()
    with connect(gateway_url) as connection:
        connection.sendall(OFFER % (len(inner), b""))
        time.sleep(0.05)  # the body is a packet of its own
        connection.sendall(inner + get(b"Connection: close"))
        raw = rest_of(connection)
    assert [raw.count(b"HTTP/1.1 " + status) for status in (b"400", b"200")] == [1, 1]


def test_this_is_no_proxy(gateway_url: str) -> None:
    """CONNECT is refused, and what follows is not parsed."""
    for target in (b"evil.example:443", b"/graphql"):
        head = b"CONNECT " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n"
        assert refused(exchange(gateway_url, head, WHOLE)) == (400, "BAD_REQUEST")


def test_an_empty_line_after_an_answer_keeps_nothing_open(impatient: str) -> None:
    """It stops uvicorn's keep-alive timer, so that the gateway needs its own."""
    with connect(impatient) as connection:
        connection.sendall(WHOLE)
        assert parse(connection.recv(65536)).status == 200
        began = time.monotonic()
        connection.sendall(b"\r\n")
        assert rest_of(connection) == b""
        assert time.monotonic() - began < 3.0


async def _large(_http: Request) -> Response:
    return Response(bytes(LARGE))


def test_an_answer_that_nobody_reads_is_not_kept() -> None:
    """The connection is aborted some time after the response was written."""

    class Impatient(LimitedHttpProtocol):
        write_timeout_s = 0.2

        def __init__(self, *args: Any, **named: Any) -> None:
            super().__init__(*args, **named)
            self.timeout_keep_alive = 0.2  # type: ignore[assignment]  # seconds, whole or not

    app = Starlette(routes=[Route("/", _large)])
    with serve(app, Impatient) as url, connect(url) as connection:
        connection.sendall(get(target=b"/"))
        time.sleep(0.6)  # longer than both timeouts together
        assert len(rest_of(connection)) < LARGE


def test_answers_that_nobody_reads_are_not_kept_behind_each_other() -> None:
    """A second request, which waits for the first response, does not keep the connection open."""
    lost = Event()

    class Impatient(LimitedHttpProtocol):
        write_timeout_s = 0.2

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            lost.set()

    app = Starlette(routes=[Route("/", _large)])
    with serve(app, Impatient) as url, connect(url) as connection:
        connection.sendall(get(target=b"/") * 2)
        assert lost.wait(10)


def test_an_answer_may_be_read_slowly() -> None:
    """A client that reads slowly keeps the connection, and gets all of it."""

    class Impatient(LimitedHttpProtocol):
        write_timeout_s = 2.0

    app = Starlette(routes=[Route("/", _large)])
    with serve(app, Impatient) as url, connect(url) as connection:
        connection.sendall(get(target=b"/") + get(b"Connection: close", target=b"/"))
        assert len(rest_of(connection)) > 2 * LARGE


def test_the_bounds_are_those_of_the_served_gateway() -> None:
    """The limits are 32 KiB, a hundred headers and ten seconds."""
    bounds = LimitedHttpProtocol
    assert (bounds.max_head_bytes, bounds.max_headers) == (32 * 1024, 100)
    assert (bounds.head_timeout_s, bounds.body_timeout_s) == (10.0, 10.0)
