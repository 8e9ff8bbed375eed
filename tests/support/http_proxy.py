"""A forward proxy, which records what it was asked for."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_PIECE = 65_536


@dataclass
class Proxy:
    """Opens tunnels and sends requests on; `response` is what it answers to CONNECT instead.

    All of it leads to `port` on this machine, whatever the host, so that no name is resolved.
    """

    port: int
    user: str = ""
    response: bytes = b""
    url: str = ""
    heads: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of a client."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            expected = base64.b64encode(self.user.encode())
            if self.user and b"Proxy-Authorization: Basic " + expected not in head:
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            elif self.response:
                writer.write(self.response)
            else:
                await self._connect(head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _connect(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        if head.startswith(b"CONNECT "):
            writer.write(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n")
        else:
            own = re.sub(rb"Proxy-Authorization: .*\r\n", b"", head)
            far_writer.write(re.sub(rb" http://[^/ ]+", b" ", own, count=1))
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        finally:
            far_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def http_proxy(port: int, user: str = "", response: bytes = b"") -> AsyncIterator[Proxy]:
    """Serve a proxy to this port of this machine."""
    proxy = Proxy(port, user, response)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    credential = f"{user}@" if user else ""
    proxy.url = f"http://{credential}127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        await server.wait_closed()
