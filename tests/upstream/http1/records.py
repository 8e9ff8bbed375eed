"""A TLS server that controls each record that it sends."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress


class Records:
    """One connection: `sealed` encrypts bytes into a record, `send` sends any bytes."""

    def __init__(
        self, context: ssl.SSLContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader, self._writer = reader, writer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    async def shake_hands(self) -> None:
        """Complete the handshake, and send the session tickets."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._pass_on()
            else:
                await self.send(self._outgoing.read())
                return

    async def request(self) -> bytes:
        """Read a request."""
        heard = b""
        while not heard.endswith(b"\r\n\r\n"):
            try:
                heard += self._tls.read(65_536)
            except ssl.SSLWantReadError:
                await self._pass_on()
        return heard

    def sealed(self, data: bytes) -> bytes:
        """Encrypt."""
        self._tls.write(data)
        return self._outgoing.read()

    def farewell(self) -> bytes:
        """Return the close_notify record."""
        with suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        return self._outgoing.read()

    async def send(self, data: bytes) -> None:
        """Send bytes unencrypted by this layer."""
        self._writer.write(data)
        await self._writer.drain()

    async def _pass_on(self) -> None:
        await self.send(self._outgoing.read())
        data = await self._reader.read(65_536)
        if not data:
            raise EOFError
        self._incoming.write(data)


@asynccontextmanager
async def by_records(
    context: ssl.SSLContext, *plays: Callable[[Records], Awaitable[None]]
) -> AsyncIterator[str]:
    """Serve a play for each connection, the last one for all further ones; yield the URL."""
    tasks: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        play = plays[min(len(tasks), len(plays) - 1)]
        task = asyncio.current_task()
        assert task is not None
        tasks.append(task)
        records = Records(context, reader, writer)
        try:
            await records.shake_hands()
            await play(records)
        except (EOFError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
