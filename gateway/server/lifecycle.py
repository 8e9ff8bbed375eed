"""Serving over HTTP: listening sockets, and a process that serves until a signal."""

import asyncio
import signal
import socket
from collections.abc import Callable

import uvicorn

from gateway.server.server_process import Served, ServerProcess, ServerTimes

BACKLOG = 2048
FAILED = "the server did not start; the log lines above have the reason"


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
        listener.listen(BACKLOG)  # at once, so that a second process fails now
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


def event_loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what creates the event loop: uvloop's if it is installed."""
    # No application is needed for that, and its logging would replace ours.
    return uvicorn.Config("", log_config=None).get_loop_factory()


def run(
    *served: Served,
    times: ServerTimes | None = None,
    admin: Served | None = None,
    is_service: bool = False,
) -> None:
    """Serve applications on their sockets in this process until a signal.

    SIGTERM waits for `shutdown_delay_s` before no more connections are accepted, SIGINT does not,
    and a second signal ends the process at once. With `is_service` SIGHUP reads files again, and
    the end is logged. Raise ServerError if one of the applications does not start.
    """

    async def serve(times: ServerTimes) -> bool:
        process = ServerProcess(served, times, admin, logs=is_service)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, process.shut_down, times.shutdown_delay_s)
        loop.add_signal_handler(signal.SIGINT, process.shut_down, 0.0)
        if is_service:
            loop.add_signal_handler(signal.SIGHUP, process.reload)
        await process.run()
        return process.is_started

    with asyncio.Runner(loop_factory=event_loop_factory()) as runner:
        is_started = runner.run(serve(times or ServerTimes()))
    if not is_started:
        raise ServerError(FAILED)
