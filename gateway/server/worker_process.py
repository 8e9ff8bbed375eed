"""A worker process: it serves as its parent tells it to, over a socket between the two."""

import asyncio
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

from starlette.applications import Starlette

from gateway.server.lifecycle import event_loop_factory
from gateway.server.server_process import Served, ServerProcess
from gateway.server.siblings import Channel
from gateway.server.times import ServerTimes
from gateway.server.worker import STARTUP_FAILURE
from gateway.server.worker_messages import BEAT_INTERVAL_S, Command, Report


def serve_worker(  # noqa: PLR0913 - what the parent passes
    factory: Callable[[], Starlette],
    times: ServerTimes,
    listener: socket.socket,
    admin_listener: socket.socket | None,
    *,
    control: socket.socket,
    siblings: socket.socket,
) -> None:
    """Serve until the parent tells this process to end, or has ended itself.

    By `siblings` it learns what the other workers have evicted.
    """
    app = factory()
    served = Served(app, listener, app.state.lifecycle)
    admin = None
    if admin_listener is not None:
        admin = Served(app.state.admin, admin_listener)

    async def serve() -> bool:
        process = ServerProcess([served], times, admin)
        reports = asyncio.create_task(_report(process, control), name="reports to the parent")
        loop = asyncio.get_running_loop()
        loop.add_reader(control, _obey, process, control)
        evictor = app.state.evictor
        channel = Channel(siblings, _ignore if evictor is None else evictor.receive)
        channel.open()
        if evictor is not None:
            evictor.send = channel.send
        # Sent to this process alone; a service manager may send it to all at once, and repeatedly.
        loop.add_signal_handler(signal.SIGTERM, _end, process)
        await process.run()
        loop.remove_reader(control)
        channel.close()
        reports.cancel()
        return process.is_started

    control.settimeout(0)
    with asyncio.Runner(loop_factory=event_loop_factory()) as runner:
        is_started = runner.run(serve())
    if not is_started:
        sys.exit(STARTUP_FAILURE)


def _obey(process: ServerProcess, control: socket.socket) -> None:
    """Do what the parent has written; at the end of its stream it has been killed."""
    try:
        received = control.recv(64)
    except OSError:  # it had not read all reports
        received = b""
    if not received:
        asyncio.get_running_loop().remove_reader(control)
        _end(process)
    for byte in received:
        match Command(bytes([byte])):
            case Command.DRAIN:
                process.drain()
            case Command.CLOSE:
                process.close()
            case Command.END_NOW:
                process.end_now()
            case Command.RELOAD:
                process.reload()


def _ignore(_message: bytes) -> None:
    """Have nothing that could be evicted."""


def _end(process: ServerProcess) -> None:
    process.drain()
    process.close()


async def _report(process: ServerProcess, control: socket.socket) -> None:
    """Report each stage once, and all the time that the event loop runs."""

    def send(report: Report) -> None:
        with suppress(OSError):  # the parent has been stopped or killed
            control.send(report.value)

    async def report_stages() -> None:
        await process.wait_until(lambda: process.is_started)
        send(Report.STARTED)
        await process.wait_until(lambda: process.is_closed)
        send(Report.CLOSED)

    async with asyncio.TaskGroup() as group:
        group.create_task(report_stages())
        while True:
            send(Report.ALIVE)
            await asyncio.sleep(BEAT_INTERVAL_S)
