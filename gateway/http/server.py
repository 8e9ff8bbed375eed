"""Serving over HTTP: sockets that listen, and servers that end together on a signal."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from gateway.http.protocol import BoundedProtocol

_BACKLOG = 2048
_OPTIONS: dict[str, Any] = {
    "http": BoundedProtocol,
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,
    "ws": "none",
    "timeout_graceful_shutdown": 10,
    # A worker that is importing does not answer its parent; on a busy node that takes its time.
    "timeout_worker_healthcheck": 30,
}


class ServerError(Exception):
    """There is no serving; the message is one clear line."""


def listen(host: str, port: int, remedy: str) -> socket.socket:
    """Listen on an address; port 0 takes a free one.

    Raises ServerError, which advises to choose another by `remedy`.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)  # at once, so that a second process is told now
    except (OSError, UnicodeError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or "that is no address"
        raise ServerError(
            f"cannot listen on {host}:{port}: {reason}; choose another with {remedy}"
        ) from None
    return listener


def url_of(host: str, listener: socket.socket) -> str:
    """Give the URL under which a socket on this host is reached."""
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(*served: tuple[ASGIApp, socket.socket]) -> None:
    """Serve applications on their sockets, on the fastest loop there is, until a signal.

    Raises ServerError where one of them does not start.
    """
    servers = [(_Server(uvicorn.Config(app, **_OPTIONS)), listener) for app, listener in served]
    with asyncio.Runner(loop_factory=servers[0][0].config.get_loop_factory()) as runner:
        runner.run(_serve(servers))
    if not all(server.started for server, _ in servers):
        raise ServerError("the server did not start; the lines above say why")


def run_workers(factory: Callable[[], ASGIApp], workers: int, listener: socket.socket) -> None:
    """Serve an application that each of several processes makes of its own, until a signal.

    `factory` and what it holds are handed to the processes: they have to bear pickling.
    Raises ServerError where they do not start.
    """
    config = uvicorn.Config(factory, factory=True, workers=workers, **_OPTIONS)
    supervisor = Multiprocess(config, sockets=[listener])
    supervisor.run()
    if any(process.exitcode == uvicorn.config.STARTUP_FAILURE for process in supervisor.processes):
        raise ServerError("the workers did not start; the lines above say why")


class _Server(uvicorn.Server):
    """A server that leaves the signals to `_serve`, which may have several to end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(servers: Sequence[tuple[uvicorn.Server, socket.socket]]) -> None:
    def end() -> None:
        for server, _listener in servers:
            server.force_exit = server.should_exit  # the second signal does not wait
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    tasks = [loop.create_task(server.serve(sockets=[listener])) for server, listener in servers]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for server, _listener in servers:
        server.should_exit = True
    await asyncio.gather(*tasks)
