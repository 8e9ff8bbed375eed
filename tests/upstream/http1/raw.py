"""A server that says exactly the bytes it is told to, and sees what becomes of its connections."""

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
    """What is said to one request, and what happens then."""

    data: bytes
    then: Then = "keep"


@dataclass
class RawServer:
    """Plays one list of steps for each connection, the last list for all further ones.

    A connection whose list is at its end is kept until the client ends it. `requests` has what each
    connection was sent, `ended` is put the number of each connection that the client has ended.
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
        """Send what nobody has asked for; it is with the client's system when this returns."""
        writer = self.writers[number]
        writer.write(data)
        if then == "close":
            writer.close()

    async def end_of(self, number: int) -> None:
        """Wait until the client has ended this connection."""
        assert await asyncio.wait_for(self.ended.get(), WITHIN_S) == number

    async def request_on(self, number: int) -> None:
        """Wait until a request has come on this connection."""
        assert await asyncio.wait_for(self.came.get(), WITHIN_S) == number


async def until(condition: Callable[[], bool]) -> None:
    """Let everybody else go on until this is so."""
    async with asyncio.timeout(WITHIN_S):
        while not condition():  # noqa: ASYNC110 - the network has no event to wait for
            await asyncio.sleep(0.001)


def reset(writer: asyncio.StreamWriter) -> None:
    """Break a connection off, so that its other side reads an error and not an end."""
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
    """Serve these scripts on a port of loopback."""
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
    """Serve these scripts in another thread; gives the server, and its `say` as a function.

    Whoever calls it from a task keeps their event loop from reading what has been said.
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
    """Return a client, and end it."""
    client = Http1Client(url, **({"max_connections": 10} | options))
    try:
        yield client
    finally:
        await client.aclose()


async def get(
    client: Http1Client, target: str = "/", max_bytes: int = 1_000_000
) -> TransportResponse:
    """Get a target."""
    async with asyncio.timeout(WITHIN_S):
        return await client.send("GET", target, {}, max_bytes=max_bytes)
