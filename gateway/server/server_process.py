"""The servers of one process, which start together and end together, in stages.

What it relies on of uvicorn beyond its documentation, with the tests in `tests/server` that fail
without it:

- `Server.capture_signals` installs signal handlers, and is a context manager. `Server.startup` and
  `Server.shutdown` begin and end serving; `started`, `should_exit` and `force_exit` say how far it
  has got (`test_a_second_signal_does_not_wait`).
- `Server.shutdown` closes `servers` and its sockets, and waits for connections.
- An application that does not start raises SystemExit.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from gateway.server.app_lifecycle import AppLifecycle
from gateway.server.http_protocol import LimitedHttpProtocol
from gateway.server.times import ServerTimes
from gateway.telemetry import log

_FLUSH_S = 3.0  # for the last responses, after all have been cut
_ABORT_AFTER_S = 0.2
_LAST_POLLS, _POLL_S = 4, 0.005  # of the event loop, before the listener is closed
_OPTIONS: dict[str, Any] = {
    "http": LimitedHttpProtocol,
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,
    "ws": "none",
}


@dataclass(frozen=True, slots=True)
class Served:
    """An application on a socket; with `lifecycle` it takes part in its own shutdown."""

    app: ASGIApp
    listener: socket.socket
    lifecycle: AppLifecycle | None = None


class _Server(uvicorn.Server):
    """A server that leaves signals to `ServerProcess`, which may have several servers."""

    def __init__(
        self, served: Served, times: ServerTimes, on_change: Callable[[], None], **options: Any
    ) -> None:
        # The type wants whole seconds; the timers take any.
        super().__init__(
            uvicorn.Config(
                served.app,
                timeout_keep_alive=times.keep_alive_s,  # type: ignore[arg-type]
                timeout_graceful_shutdown=times.shutdown_grace_s + _FLUSH_S,  # type: ignore[arg-type]
                **_OPTIONS,
                **options,
            )
        )
        self.served, self.is_closed, self.requests_cut = served, False, 0
        self._grace_s, self._on_change = times.shutdown_grace_s, on_change

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, and then listen."""
        await super().startup(sockets)
        self._on_change()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listener, wait for requests in flight, and cut what is left of them."""
        self.drain()  # if the server ends for another reason than a signal
        await self._accept_queued()
        for server in self.servers:
            server.close()
        self.served.listener.close()
        self.is_closed = True
        self._on_change()
        timer = asyncio.get_running_loop().call_later(self._grace_s, self.cut)
        try:
            await super().shutdown(sockets)
        finally:
            timer.cancel()

    async def _accept_queued(self) -> None:
        """Accept the connections that wait, and read their requests: closing would reset them.

        There are some where the process got no CPU time for a while: then all its timers are due
        before its event loop has polled once. One poll accepts, and the next ones read.
        """
        for _ in range(0 if self.force_exit else _LAST_POLLS):
            await asyncio.sleep(_POLL_S)

    def drain(self) -> None:
        """Be not ready any more, and close connections after their next response."""
        if self.served.lifecycle is not None:
            self.served.lifecycle.connections.drain()

    def cut(self) -> None:
        """Respond 503 to the requests in flight."""
        if self.served.lifecycle is not None:
            self.requests_cut += self.served.lifecycle.connections.cut()

    def abort(self) -> None:
        """Close all connections, whatever has not been written."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()


class ServerProcess:
    """Serves applications until it is told to end; the `admin` server ends after the others.

    With `logs` there is a log line for each stage of the end.
    """

    def __init__(
        self,
        served: Sequence[Served],
        times: ServerTimes,
        admin: Served | None = None,
        *,
        logs: bool = True,
    ) -> None:
        self._changed = asyncio.Event()
        self._servers = [_Server(one, times, self._changed.set) for one in served]
        self._admin = None
        if admin is not None:
            self._admin = _Server(admin, times, self._changed.set, lifespan="off")
        self._is_ending, self._logs = False, logs
        self._reloads: set[asyncio.Task[None]] = set()

    @property
    def is_started(self) -> bool:
        """Whether all servers accept connections."""
        return all(server.started for server in self._servers)

    @property
    def is_closed(self) -> bool:
        """Whether no server accepts connections any more."""
        return all(server.is_closed for server in self._servers)

    async def wait_until(self, is_reached: Callable[[], bool]) -> None:
        """Wait for a stage: `is_started` or `is_closed`."""
        while not is_reached():
            self._changed.clear()
            await self._changed.wait()

    async def run(self) -> None:
        """Serve until the end, which is also that of an application that does not start."""
        loop = asyncio.get_running_loop()
        admin = None if self._admin is None else loop.create_task(_serve(self._admin))
        tasks = [loop.create_task(_serve(server)) for server in self._servers]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        self.close()
        started = time.monotonic()
        await asyncio.gather(*tasks)
        if self._admin is not None and admin is not None:
            self._admin.should_exit = True
            await admin
        if self.is_started and self._logs:
            cut = sum(server.requests_cut for server in self._servers)
            log.info("stopped", requests_cut=cut, drain_s=round(time.monotonic() - started, 1))

    def shut_down(self, delay_s: float) -> None:
        """Begin to end: not ready at once, closed after the delay; the second time at once."""
        if self._is_ending:
            self.end_now()
            return
        self.drain()
        asyncio.get_running_loop().call_later(delay_s, self.close)

    def drain(self) -> None:
        """Go on accepting connections, for one request each, and be not ready."""
        if self._logs and not self._is_ending:
            log.info("stopping")
        self._is_ending = True
        for server in self._servers:
            server.drain()

    def close(self) -> None:
        """Accept no more connections, and end after the requests in flight."""
        self._is_ending = True
        for server in self._servers:
            server.should_exit = True

    def end_now(self) -> None:
        """Cut the requests in flight and end."""
        self.close()
        for server in self._servers:
            server.force_exit = True
            server.cut()
            asyncio.get_running_loop().call_later(_ABORT_AFTER_S, server.abort)

    def reload(self) -> None:
        """Read keys and trusted documents again, in the background."""
        for server in self._servers:
            if server.served.lifecycle is not None:
                task = asyncio.create_task(server.served.lifecycle.reload(), name="reload")
                self._reloads.add(task)
                task.add_done_callback(self._reloads.discard)


async def _serve(server: _Server) -> None:
    try:
        await server.serve(sockets=[server.served.listener])
    except SystemExit:
        return  # `started` is false
