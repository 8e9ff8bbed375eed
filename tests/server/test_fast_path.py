"""Requests on the fast path: shutdown, disconnects and back-pressure apply to them as to others."""

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
from gateway.edge.http_request import ClientDisconnectedError, HttpHeaders
from gateway.server.http_protocol import LimitedHttpProtocol
from tests.support.graph import settings_for
from tests.support.httpx_transport import HttpxTransport
from tests.support.raw_http import POST, connect, parse, until_closed
from tests.support.serving import serve
from tests.support.whole_request import WholeRequest

BODY = b'{"query": "{ customer(by: {mobile: \\"919876543210\\"}) { id } }"}'
ASKS = POST + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY


class Platform(httpx.AsyncBaseTransport):
    """A platform that responds once `may_respond` is set, and records calls and cancellations."""

    def __init__(self) -> None:
        self.called, self.may_respond, self.cancelled = (threading.Event() for _ in range(3))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Wait, then respond that the customer is unknown."""
        self.called.set()
        try:
            while not self.may_respond.is_set():  # noqa: ASYNC110 - another thread sets it
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return httpx.Response(400, json={"errors": [{"status": False, "code": 8015}]})


def test_a_server_that_shuts_down_responds_first() -> None:
    """The response announces that the connection is closed."""
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
        assert platform.called.wait(5)
        threading.Timer(0.3, platform.may_respond.set).start()
    client.join()
    answer = parse(received[0])
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert b'{"customer":null}' in answer.body


@pytest.mark.parametrize("target", [b"/graphql", b"/graphql/"])
def test_a_request_that_arrives_during_a_shutdown_is_handled(target: bytes) -> None:
    """A client that has begun to send it may not be able to retry: it may be a mutation."""
    platform = Platform()
    platform.may_respond.set()
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
    """Yield a connection to a gateway, and a function that starts the shutdown of the gateway."""
    has_begun = threading.Event()

    class Recording(LimitedHttpProtocol):
        def shutdown(self) -> None:
            super().shutdown()
            has_begun.set()

    serving = ExitStack()
    url = serving.enter_context(serve(app, Recording))
    ending = threading.Thread(target=serving.close)

    def end() -> None:
        ending.start()
        assert has_begun.wait(5)

    with connect(url) as connection:
        yield connection, end
    ending.join()


@pytest.mark.parametrize("rest", [b"\0\0\0\r\n\r\n", None], ids=["malformed", "disconnect"])
def test_a_broken_connection_cancels_its_request(rest: bytes | None) -> None:
    """Malformed data after a request ends the connection, and so does the client."""
    platform = Platform()
    app = create_app(settings_for("http://platform.example"), transport=HttpxTransport(platform))
    with serve(app) as url, connect(url) as connection:
        connection.sendall(ASKS)
        assert platform.called.wait(5)
        if rest is None:
            connection.close()
        else:
            connection.sendall(rest)
            assert parse(until_closed(connection)).status == 400
        assert platform.cancelled.wait(5)


def test_a_request_with_malformed_data_in_its_packet_is_not_started() -> None:
    """The platform is not called."""
    platform = Platform()
    app = create_app(settings_for("http://platform.example"), transport=HttpxTransport(platform))
    with serve(app) as url, connect(url) as connection:
        connection.sendall(ASKS + b"\0\0\0\r\n\r\n")
        assert parse(until_closed(connection)).status == 400
        assert not platform.called.wait(0.2)


@pytest.mark.anyio
async def test_a_disconnect_before_the_operation_prevents_it() -> None:
    """It may happen while the keys of a token are fetched."""
    has_begun = False
    asked = WholeRequest("POST", b"", HttpHeaders(()), None, "id")
    asked.disconnect()
    with pytest.raises(ClientDisconnectedError), asked:
        has_begun = True
    assert not has_begun


class Measured(LimitedHttpProtocol):
    """Records the largest write buffer, in bytes."""

    max_buffered = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Limit the kernel's buffer, which grows with the load of the machine."""
        sender = transport.get_extra_info("socket")
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        super().connection_made(transport)

    def on_response_complete(self) -> None:
        """Record the size of the buffer."""
        type(self).max_buffered = max(self.max_buffered, self.transport.get_write_buffer_size())
        super().on_response_complete()


def test_responses_wait_for_a_client_that_does_not_read() -> None:
    """They do not accumulate in memory; once the client reads, it gets all."""
    number = 6
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
            time.sleep(0.05)  # a packet of its own: the kernel would join them
        connection.sendall(last)
        received = until_closed(connection)
    assert received.count(b"HTTP/1.1 200 ") == number + 1
    size = len(received) // (number + 1)
    assert size > 64 * 1024  # more than a transport takes without complaint
    assert 64 * 1024 < Measured.max_buffered < size + 64 * 1024
