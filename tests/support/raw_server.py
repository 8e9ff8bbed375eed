"""A server that sends exact bytes, and records what happens to its connections."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from anyio.from_thread import start_blocking_portal

from gateway.upstream.http1.client import Http1Client
from gateway.upstream.http_transport import TransportResponse

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
WITHIN_S = 5.0  # what these tests wait for comes at once, or never


Then = Literal["keep", "close", "reset"]


class Step(NamedTuple):
    """What is sent in response to one request, and what happens then."""

    data: bytes
    then: Then = "keep"


@dataclass
class RawServer:
    """Plays one list of steps for each connection, the last list for all further ones.

    A connection at the end of its list stays open until the client closes it. `requests` are the
    requests of each connection; the numbers of connections closed by the client are put into
    `ended`.
    """

    scripts: Sequence[Sequence[Step]]
    requests: list[list[bytes]] = field(default_factory=list)
    ended: "asyncio.Queue[int]" = field(default_factory=asyncio.Queue)
    came: "asyncio.Queue[int]" = field(default_factory=asyncio.Queue)
    failures: list[Exception] = field(default_factory=list)
    url: str = ""
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Play one connection."""
        number = len(self.requests)
        self.requests.append([])
        self.writers.append(writer)
        try:
            for step in self.scripts[min(number, len(self.scripts) - 1)]:
                self.requests[number].append(await _request(reader))
                self.came.put_nowait(number)
                writer.write(step.data)
                if step.then == "reset":
                    reset(writer)
                if step.then != "keep":
                    return
            while await reader.read(65_536):
                pass
            self.ended.put_nowait(number)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.ended.put_nowait(number)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def say(self, number: int, data: bytes, then: Then = "keep") -> None:
        """Send unrequested bytes; they are in the client's socket buffer when this returns."""
        writer = self.writers[number]
        writer.write(data)
        if then == "close":
            writer.close()

    async def end_of(self, number: int) -> None:
        """Wait until the client has closed this connection."""
        assert await asyncio.wait_for(self.ended.get(), WITHIN_S) == number

    async def request_on(self, number: int) -> None:
        """Wait until a request has arrived on this connection."""
        assert await asyncio.wait_for(self.came.get(), WITHIN_S) == number


async def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition is true."""
    async with asyncio.timeout(WITHIN_S):
        while not condition():  # noqa: ASYNC110 - the network has no event to wait for
            await asyncio.sleep(0.001)


def reset(writer: asyncio.StreamWriter) -> None:
    """Reset a connection: the client reads an error instead of an end."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return head + await reader.readexactly(length)


@asynccontextmanager
async def raw(
    *scripts: Sequence[Step], tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[RawServer]:
    """Serve these scripts on a loopback port."""
    playing = RawServer(scripts)
    server = await asyncio.start_server(playing.serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    playing.url = f"{'https' if tls else 'http'}://{host}:{port}"
    try:
        yield playing
    finally:
        server.close()
        for writer in playing.writers:
            writer.transport.abort()
        await server.wait_closed()


@contextmanager
def raw_elsewhere(
    *scripts: Sequence[Step], tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[tuple[RawServer, Callable[..., None]]]:
    """Serve these scripts in another thread; yield the server, and its `say` as a function.

    A task that calls it blocks the event loop, so that the loop cannot read what was sent.
    """
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(raw(*scripts, tls=tls, host=host)) as server,
    ):

        def say(number: int, data: bytes, then: Then = "keep") -> None:
            portal.call(server.say, number, data, then)

        yield server, say


@asynccontextmanager
async def client_of(url: str, **options: Any) -> AsyncIterator[Http1Client]:
    """Yield a client, and close it."""
    client = Http1Client(url, **({"max_connections": 10} | options))
    try:
        yield client
    finally:
        await client.aclose()


async def get(
    client: Http1Client, target: str = "/", max_bytes: int = 1_000_000
) -> TransportResponse:
    """Send a GET request."""
    async with asyncio.timeout(WITHIN_S):
        return await client.send("GET", target, {}, max_bytes=max_bytes)
