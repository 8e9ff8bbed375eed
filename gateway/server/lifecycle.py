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

from gateway.server.http_protocol import LimitedHttpProtocol

_BACKLOG = 2048
_LOOK_AGAIN_S = 0.1
_OPTIONS: dict[str, Any] = {
    "http": LimitedHttpProtocol,
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
        reason = getattr(error, "strerror", None) or "invalid address"
        raise ServerError(
            f"cannot listen on {host}:{port}: {reason}; choose another with {remedy}"
        ) from None
    return listener


def url_of(host: str, listener: socket.socket) -> str:
    """Return the URL under which a socket on this host is reached."""
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(*served: tuple[ASGIApp, socket.socket], keep_alive_s: float = 5.0) -> None:
    """Serve applications on their sockets, on the fastest loop there is, until a signal.

    Connections that idle for `keep_alive_s` are closed.
    Raises ServerError where one of them does not start.
    """
    servers = [(_Server(_config(app, keep_alive_s)), listener) for app, listener in served]
    with asyncio.Runner(loop_factory=servers[0][0].config.get_loop_factory()) as runner:
        runner.run(_serve(servers))
    if not all(server.started for server, _ in servers):
        raise ServerError("the server did not start; the log lines above have the reason")


def run_workers(
    factory: Callable[[], ASGIApp], workers: int, listener: socket.socket, keep_alive_s: float
) -> None:
    """Serve an application that each of several processes makes of its own, until a signal.

    `factory` and what it holds are handed to the processes: they have to bear pickling.
    Raises ServerError where they do not start.
    """
    config = _config(factory, keep_alive_s, factory=True, workers=workers)
    supervisor = _Supervisor(config, sockets=[listener])
    supervisor.run()
    if any(process.exitcode == uvicorn.config.STARTUP_FAILURE for process in supervisor.processes):
        raise ServerError("the workers did not start; the log lines above have the reason")


def _config(app: Any, keep_alive_s: float, **more: Any) -> uvicorn.Config:
    # The type says whole seconds; the timer takes any.
    return uvicorn.Config(app, timeout_keep_alive=keep_alive_s, **_OPTIONS, **more)  # type: ignore[arg-type]


class _Supervisor(Multiprocess):
    """A parent of workers that ends as one process does alone."""

    def terminate_all(self) -> None:
        """Stop listening here too, and tell the workers to end.

        While one process has the listener open, the system goes on taking connections, which no
        worker would ever answer.
        """
        for listener in self.sockets:
            listener.close()
        super().terminate_all()

    def join_all(self) -> None:
        """Wait until the workers have ended; a second signal does not wait."""
        self.signal_queue.clear()
        for process in self.processes:
            while process.process.is_alive():
                if self.signal_queue:
                    process.kill()
                process.process.join(_LOOK_AGAIN_S)


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
