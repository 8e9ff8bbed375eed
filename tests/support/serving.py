"""Serve an ASGI application over real HTTP for the duration of a test."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

import uvicorn
from starlette.types import ASGIApp

from gateway.server.http_protocol import LimitedHttpProtocol


class Server(uvicorn.Server):
    """A uvicorn server that signals when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, the application's lifespan included."""
        await super().startup(sockets)
        self.settled.set()

    def run_until_told(self, listener: socket.socket) -> None:
        """Serve in this thread, on its own event loop."""
        # After a lifespan that failed uvicorn wants to leave the process; `started` tells as much.
        try:
            with suppress(SystemExit):
                self.run(sockets=[listener])
        finally:
            self.settled.set()


@contextmanager
def serve(app: ASGIApp, protocol: type[asyncio.Protocol] = LimitedHttpProtocol) -> Iterator[str]:
    """Serve `app` on a free loopback port in a background thread; yield its base URL.

    The application's lifespan has started when the block is entered, and has ended when it is left.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        http=protocol,
        server_header=False,
        proxy_headers=False,
        ws="none",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    server = Server(config)
    thread = Thread(target=server.run_until_told, args=(listener,), name="tests.support.serving")
    thread.start()
    try:
        server.settled.wait()
        if not server.started:
            raise RuntimeError("the application did not start; its lifespan's error is in the log")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
