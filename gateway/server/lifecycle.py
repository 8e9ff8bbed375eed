"""Serving over HTTP: listening sockets, and servers that shut down together on a signal.

What it relies on of uvicorn beyond its documentation, with the tests in `tests/server` and
`tests/test_cli.py` that fail without it:

- `Server.capture_signals` installs signal handlers, and is a context manager. `Server.started`,
  `should_exit` and `force_exit` say how far it has got (`test_a_second_signal_does_not_wait`).
- `Multiprocess` supervises workers: `terminate_all` and `join_all` end them, and work on `sockets`,
  `signal_queue` and `processes` (`test_connections_after_sigterm_are_refused`).
- A worker that fails to start has the exit status `STARTUP_FAILURE`.
"""

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
_JOIN_INTERVAL_S = 0.1
_OPTIONS: dict[str, Any] = {
    "http": LimitedHttpProtocol,
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,
    "ws": "none",
    "timeout_graceful_shutdown": 10,
    # A worker does not respond to its parent while it imports, which takes long on a busy node.
    "timeout_worker_healthcheck": 30,
}


class ServerError(Exception):
    """Serving cannot start; the message is one line for the operator."""


def listen(host: str, port: int, remedy: str) -> socket.socket:
    """Return a socket that listens on an address; port 0 selects a free port.

    Raise ServerError, whose message ends with `remedy`: the settings of the address.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)  # at once, so that a second process fails now
    except (OSError, UnicodeError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or "invalid address"
        raise ServerError(
            f"cannot listen on {host}:{port}: {reason}; choose another with {remedy}"
        ) from None
    return listener


def url_of(host: str, listener: socket.socket) -> str:
    """Return the URL of a socket that listens on a host."""
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(*served: tuple[ASGIApp, socket.socket], keep_alive_s: float = 5.0) -> None:
    """Serve applications on their sockets in this process until a signal, on uvloop if installed.

    Connections that are idle for `keep_alive_s` are closed. Raise ServerError if one of the
    applications does not start.
    """
    servers = [(_Server(_config(app, keep_alive_s)), listener) for app, listener in served]
    with asyncio.Runner(loop_factory=servers[0][0].config.get_loop_factory()) as runner:
        runner.run(_serve(servers))
    if not all(server.started for server, _ in servers):
        raise ServerError("the server did not start; the log lines above have the reason")


def run_workers(
    factory: Callable[[], ASGIApp], workers: int, listener: socket.socket, keep_alive_s: float
) -> None:
    """Serve in several processes until a signal, each with an application of its own.

    `factory` is pickled for them. Raise ServerError if they do not start.
    """
    config = _config(factory, keep_alive_s, factory=True, workers=workers)
    supervisor = _Supervisor(config, sockets=[listener])
    supervisor.run()
    if any(process.exitcode == uvicorn.config.STARTUP_FAILURE for process in supervisor.processes):
        raise ServerError("the workers did not start; the log lines above have the reason")


def _config(app: Any, keep_alive_s: float, **options: Any) -> uvicorn.Config:
    # The type wants whole seconds; the timer takes any.
    return uvicorn.Config(app, timeout_keep_alive=keep_alive_s, **_OPTIONS, **options)  # type: ignore[arg-type]


class _Supervisor(Multiprocess):
    """uvicorn's supervisor of workers, shut down as one process is."""

    def terminate_all(self) -> None:
        """Close the sockets, and signal the workers to shut down.

        As long as one process has a listening socket open, the kernel accepts connections, which
        no worker would ever handle.
        """
        for listener in self.sockets:
            listener.close()
        super().terminate_all()

    def join_all(self) -> None:
        """Wait until the workers have ended; kill them at a second signal."""
        self.signal_queue.clear()
        for process in self.processes:
            while process.process.is_alive():
                if self.signal_queue:
                    process.kill()
                process.process.join(_JOIN_INTERVAL_S)


class _Server(uvicorn.Server):
    """A server that leaves signals to `_serve`, which may have several servers."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(servers: Sequence[tuple[uvicorn.Server, socket.socket]]) -> None:
    def shut_down() -> None:
        for server, _listener in servers:
            server.force_exit = server.should_exit  # the second signal does not wait
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, shut_down)
    tasks = [loop.create_task(server.serve(sockets=[listener])) for server, listener in servers]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for server, _listener in servers:
        server.should_exit = True
    await asyncio.gather(*tasks)
