"""A TLS endpoint in front of a plain server: Valkey's wheel is built without TLS."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

_CHUNK = 65_536


@contextmanager
def tls_proxy(port: int, context: ssl.SSLContext) -> Iterator["TlsProxy"]:
    """Accept TLS connections on a free loopback port, and pass their bytes on to `port`."""
    proxy = TlsProxy(port, context)
    thread = Thread(target=lambda: asyncio.run(proxy.run()), name="tests.support.tls_proxy")
    thread.start()
    proxy.started.wait()
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join()


class TlsProxy:
    """The endpoint; `peers` has the name in the certificate of each client that has one."""

    def __init__(self, target: int, context: ssl.SSLContext) -> None:
        self._target, self._context = target, context
        self.started, self.port = Event(), 0
        self.peers: list[str] = []

    async def run(self) -> None:
        """Serve until stopped."""
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._context)
        self.port = server.sockets[0].getsockname()[1]
        self.started.set()
        await self._stopped.wait()
        server.close()

    def stop(self) -> None:
        """Stop, from another thread."""
        self._loop.call_soon_threadsafe(self._stopped.set)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if certificate := writer.get_extra_info("peercert"):
            self.peers.append(certificate["subjectAltName"][0][1])
        with suppress(OSError):
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._target)
            await asyncio.gather(_pass_on(reader, back_writer), _pass_on(back_reader, writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
