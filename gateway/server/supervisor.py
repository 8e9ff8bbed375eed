"""The parent of worker processes: it starts, watches, replaces and ends them.

It serves nothing itself, and imports nothing of what does: it starts sooner, and stays small.
"""

import asyncio
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing import get_context, resource_tracker

from gateway.server.listener import ServerError
from gateway.server.siblings import Channel, channel_pair
from gateway.server.times import ServerTimes
from gateway.server.worker import INTERRUPTS, WorkerFactory, run_worker
from gateway.server.worker_messages import BEAT_INTERVAL_S, Command, Report
from gateway.telemetry import log

_SPAWN = get_context("spawn")
_SILENCE_S = 30.0  # a worker that does not report for so long is replaced
_SILENCE_AT_SHUTDOWN_S = 3.0  # or is not waited for
_RESTART_DELAY_S = 1.0  # between the end of a worker and its successor, if that does not start
_CLOSE_TIMEOUT_S = 1.0
_FORCED_END_S = 1.0
_MARGIN_S = 5.0  # in which workers end after the grace period


class _Worker:
    """A worker process, and this end of the sockets between the two.

    `pass_on` is called with each message to the worker's siblings.
    """

    def __init__(
        self,
        factory: WorkerFactory,
        times: ServerTimes,
        listeners: Sequence[socket.socket | None],
        now: float,
        pass_on: Callable[["_Worker", bytes], None],
    ) -> None:
        self.control, control = socket.socketpair()
        self.control.settimeout(0)
        own, siblings = channel_pair()
        self.siblings = Channel(own, partial(pass_on, self))
        self.process = _SPAWN.Process(
            target=run_worker,
            args=(factory, times, *listeners),
            kwargs={"control": control, "siblings": siblings},
        )
        # The tracker's start would unblock signals in between.
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)  # the child begins with these blocked
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)
        control.close()
        siblings.close()
        self.is_started = self.is_closed = self.is_unresponsive = False
        self.heard_at = now

    def tell(self, command: Command) -> None:
        """Send a command to the worker."""
        with suppress(OSError):  # it has ended
            self.control.send(command.value)


class Supervisor:
    """Runs `workers` processes until a signal, each with the application that `factory` creates.

    `count_restart` is called with the reason why a worker is replaced.
    """

    def __init__(  # noqa: PLR0913 - what all workers share, and how many they are
        self,
        factory: WorkerFactory,
        workers: int,
        times: ServerTimes,
        listener: socket.socket,
        admin_listener: socket.socket | None = None,
        *,
        count_restart: Callable[[str], None] = lambda _reason: None,
    ) -> None:
        self._factory, self._number, self._times = factory, workers, times
        self._count_restart = count_restart
        self._listener, self._admin_listener = listener, admin_listener
        self._workers: list[_Worker] = []
        self._has_started = self._is_ending = self._is_closed = False
        self._failure: str | None = None
        self._ended = asyncio.Event()

    def run(self) -> None:
        """Serve until a signal; raise ServerError if the workers do not start."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._shut_down, self._times.shutdown_delay_s)
        loop.add_signal_handler(signal.SIGINT, self._shut_down, 0.0)
        loop.add_signal_handler(signal.SIGHUP, self._tell_all, Command.RELOAD)
        for _ in range(self._number):
            self._start()
        watch = asyncio.create_task(self._watch(), name="watch")
        await self._ended.wait()
        watch.cancel()
        if self._failure is not None:
            raise ServerError(self._failure)

    def _start(self) -> None:
        if self._is_ending:
            return
        loop = asyncio.get_running_loop()
        listeners = (self._listener, self._admin_listener)
        worker = _Worker(self._factory, self._times, listeners, loop.time(), self._pass_on)
        self._workers.append(worker)
        loop.add_reader(worker.control, self._receive, worker)
        worker.siblings.open()
        loop.add_reader(worker.process.sentinel, self._reap, worker)

    def _receive(self, worker: _Worker) -> None:
        """Note what a worker reports."""
        loop = asyncio.get_running_loop()
        try:
            received = worker.control.recv(1024)
        except OSError:  # it had not read all commands
            received = b""
        if not received:  # it has ended, or is about to
            loop.remove_reader(worker.control)
            return
        worker.heard_at = loop.time()
        worker.is_started |= Report.STARTED.value in received
        worker.is_closed |= Report.CLOSED.value in received
        running = [one for one in self._workers if one.is_started]
        self._has_started |= len(running) == self._number
        if self._is_closed and all(one.is_closed for one in self._workers):
            self._close_listener()

    def _pass_on(self, sender: _Worker, message: bytes) -> None:
        """Send a worker's message to all others."""
        for worker in self._workers:
            if worker is not sender:
                worker.siblings.send(message)

    def _reap(self, worker: _Worker) -> None:
        """Replace a worker that has ended; one that ends before all have started ends the rest."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(worker.process.sentinel)
        loop.remove_reader(worker.control)
        worker.process.join()
        worker.control.close()
        worker.siblings.close()
        self._workers.remove(worker)
        status = worker.process.exitcode
        if not self._is_ending:
            is_serving = any(one.is_started for one in self._workers)
            if not worker.is_started and not (self._has_started and is_serving):
                self._failure = (
                    f"a worker ended with status {status} before it had started; the lines above"
                    " may have the reason"
                )
                self._end_now()
            else:
                reason = _reason(worker)
                self._count_restart(reason)
                log.warning("worker_ended", pid=worker.process.pid, status=status, reason=reason)
                loop.call_later(0.0 if worker.is_started else _RESTART_DELAY_S, self._start)
        if self._is_ending and not self._workers:
            self._ended.set()

    async def _watch(self) -> None:
        """Kill workers that do not report: stopped ones, or those whose event loop is blocked."""
        while True:
            await asyncio.sleep(BEAT_INTERVAL_S)
            silence_s = _SILENCE_AT_SHUTDOWN_S if self._is_ending else _SILENCE_S
            heard_after = asyncio.get_running_loop().time() - silence_s
            for worker in self._workers:
                if worker.is_started and worker.heard_at < heard_after:
                    worker.is_unresponsive = True
                    worker.process.kill()

    def _shut_down(self, delay_s: float) -> None:
        if self._is_ending:
            self._end_now()
            return
        self._is_ending = True
        for worker in self._workers:
            if not worker.is_started:
                worker.process.kill()  # it still imports, and reads no command
        self._tell_all(Command.DRAIN)
        loop = asyncio.get_running_loop()
        loop.call_later(delay_s, self._close)
        if not self._workers:
            self._ended.set()

    def _close(self) -> None:
        self._is_closed = True
        self._tell_all(Command.CLOSE)
        loop = asyncio.get_running_loop()
        loop.call_later(_CLOSE_TIMEOUT_S, self._close_listener)
        loop.call_later(self._times.shutdown_grace_s + _MARGIN_S, self._kill_all)

    def _close_listener(self) -> None:
        """Refuse connections from now on, even while a worker that is stopped has the socket open.

        Otherwise the kernel would accept connections that no worker ever handles.
        """
        with suppress(OSError):  # it has been closed before
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _end_now(self) -> None:
        self._is_ending = True
        self._tell_all(Command.END_NOW)
        self._close_listener()
        asyncio.get_running_loop().call_later(_FORCED_END_S, self._kill_all)
        for worker in self._workers:
            if not worker.is_started:
                worker.process.kill()

    def _kill_all(self) -> None:
        for worker in self._workers:
            worker.process.kill()

    def _tell_all(self, command: Command) -> None:
        for worker in self._workers:
            worker.tell(command)


def _reason(worker: _Worker) -> str:
    """Return why a worker has ended: a label of the metric."""
    if worker.is_unresponsive:
        return "unresponsive"
    return "signal" if (worker.process.exitcode or 0) < 0 else "exit"
