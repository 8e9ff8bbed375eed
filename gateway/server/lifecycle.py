"""A process that serves over HTTP until a signal."""

import asyncio
import signal
from collections.abc import Callable

import uvicorn

from gateway.server.listener import ServerError
from gateway.server.server_process import Served, ServerProcess
from gateway.server.times import ServerTimes

FAILED = "the server did not start; the log lines above have the reason"


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
