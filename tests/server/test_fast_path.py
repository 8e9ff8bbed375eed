"""A request on the direct way is one like any other to the server: waited for, and bounded."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from starlette.types import ASGIApp

from gateway.app import create_app
from gateway.edge.http_request import ClientDisconnectedError, HttpHeaders, HttpRequest
from gateway.server.http_protocol import LimitedHttpProtocol
from tests.support.graph import settings_for
from tests.support.httpx_transport import HttpxTransport
from tests.support.raw_http import POST, connect, parse, until_closed
from tests.support.serving import serve

BODY = b'{"query": "{ customer(by: {mobile: \\"919876543210\\"}) { id } }"}'
ASKS = POST + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY


class Platform(httpx.AsyncBaseTransport):
    """Answers when it is told to, and tells what has been asked and given up."""

    def __init__(self) -> None:
        self.asked, self.answers, self.given_up = (threading.Event() for _ in range(3))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Wait, then answer as the platform does for a customer that there is not."""
        self.asked.set()
        try:
            while not self.answers.is_set():  # noqa: ASYNC110 - another thread sets it
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.given_up.set()
            raise
        return httpx.Response(400, json={"errors": [{"status": False, "code": 8015}]})


def test_the_answer_of_a_server_that_ends_arrives() -> None:
    """It is waited for, and says that it is the last on its connection."""
    platform = Platform()
    app = create_app(settings_for("http://platform.example"), transport=HttpxTransport(platform))
    received: list[bytes] = []

    def ask(url: str) -> None:
        with connect(url) as connection:
            connection.sendall(ASKS)
            received.append(until_closed(connection))

    with serve(app) as url:
        client = threading.Thread(target=ask, args=(url,))
        client.start()
        assert platform.asked.wait(5)
        threading.Timer(0.3, platform.answers.set).start()
    client.join()
    answer = parse(received[0])
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert b'{"customer":null}' in answer.body


@pytest.mark.parametrize("target", [b"/graphql", b"/graphql/"])
def test_a_request_that_is_arriving_while_a_server_ends_is_answered(target: bytes) -> None:
    """A client that has begun to send it may not send it again: it could be no query."""
    platform = Platform()
    platform.answers.set()
    app = create_app(settings_for("http://platform.example"), transport=HttpxTransport(platform))
    asks = ASKS.replace(b"/graphql", target)
    with connect_to(app) as (connection, end):
        connection.sendall(asks[:40])
        end()
        connection.sendall(asks[40:])
        answer = parse(until_closed(connection))
    assert (answer.status, answer.headers["connection"]) == (200, "close")


@contextmanager
def connect_to(app: ASGIApp) -> Iterator[tuple[socket.socket, Callable[[], None]]]:
    """Return a connection to a gateway, and what ends the gateway: it has begun to, afterwards."""
    told = threading.Event()

    class Telling(LimitedHttpProtocol):
        def shutdown(self) -> None:
            super().shutdown()
            told.set()

    serving = ExitStack()
    url = serving.enter_context(serve(app, Telling))
    ending = threading.Thread(target=serving.close)

    def end() -> None:
        ending.start()
        assert told.wait(5)

    with connect(url) as connection:
        yield connection, end
    ending.join()


@pytest.mark.parametrize("rest", [b"\0\0\0\r\n\r\n", None], ids=["garbage", "leaving"])
def test_who_breaks_off_has_nothing_done(rest: bytes | None) -> None:
    """Garbage after a request ends its connection, and with it what was asked on it."""
    platform = Platform()
    app = create_app(settings_for("http://platform.example"), transport=HttpxTransport(platform))
    with serve(app) as url, connect(url) as connection:
        connection.sendall(ASKS)
        assert platform.asked.wait(5)
        if rest is None:
            connection.close()
        else:
            connection.sendall(rest)
            assert parse(until_closed(connection)).status == 400
        assert platform.given_up.wait(5)


def test_what_comes_with_garbage_in_one_packet_is_not_begun() -> None:
    """The platform is not even asked."""
    platform = Platform()
    app = create_app(settings_for("http://platform.example"), transport=HttpxTransport(platform))
    with serve(app) as url, connect(url) as connection:
        connection.sendall(ASKS + b"\0\0\0\r\n\r\n")
        assert parse(until_closed(connection)).status == 400
        assert not platform.asked.wait(0.2)


@pytest.mark.anyio
async def test_who_has_left_before_an_operation_begins_has_nothing_done() -> None:
    """As while the token's keys were being fetched."""
    has_begun = False
    asked = HttpRequest("POST", b"", HttpHeaders(()), None, "id")
    asked.disconnect()
    with pytest.raises(ClientDisconnectedError), asked:
        has_begun = True
    assert not has_begun


class Measured(LimitedHttpProtocol):
    """Notes how much has been written that the client has not taken."""

    most = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep the kernel from taking it all: its buffer grows with the load of the machine."""
        sender = transport.get_extra_info("socket")
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        super().connection_made(transport)

    def on_response_complete(self) -> None:
        """Measure."""
        type(self).most = max(self.most, self.transport.get_write_buffer_size())
        super().on_response_complete()


def test_answers_wait_for_a_client_that_does_not_read() -> None:
    """They do not pile up in memory; once it reads, it gets them all."""
    number = 12
    types = "__schema { types { name description fields { name description } } }"
    query = "{" + " ".join(f"a{i}: {types}" for i in range(16)) + "}"
    body = b'{"query": "%s"}' % query.encode()
    request = POST + b"Content-Length: %d\r\n\r\n" % len(body) + body
    last = request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    app = create_app(settings_for("http://platform.example"))
    with serve(app, Measured) as url, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(20)
        host, port = url.removeprefix("http://").split(":")
        connection.connect((host, int(port)))
        for _ in range(number):
            connection.sendall(request)
            time.sleep(0.1)  # each in a packet of its own
        connection.sendall(last)
        received = until_closed(connection)
    assert received.count(b"HTTP/1.1 200 ") == number + 1
    size = len(received) // (number + 1)
    assert size > 64 * 1024  # more than a transport takes without complaint
    assert 64 * 1024 < Measured.most < size + 64 * 1024
