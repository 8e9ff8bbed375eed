"""The parts of a response that follow the first one: which there are, and in which order.

A *fragment* is a ``@defer`` at one object of the response, a *part* what is executed at once: the
fields at one object that the same fragments select (`compiler/selection.py`). A fragment is
complete when all its parts are; a fragment within another one follows that.
"""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from gateway.answer_budget import PartsBudget
from gateway.execution.execution_state import ExecutionState, Path
from gateway.execution.part import Error, Part, Projections

_LEAVES_PER_SLICE = 20_000  # a few milliseconds of work
_LEAVES_PER_START = 100  # to start a part takes as long as this many leaves


class Fragment:
    """A deferred fragment at one object; `outer` is the fragment that it is within.

    `open_parts` is the number of its parts that are not complete, `is_failed` whether one has no
    data: then no other is sent for it. `id` is unique among those of a response that are sent.
    """

    __slots__ = ("errors", "id", "inner", "is_complete", "is_failed", "is_open", "label",
                 "open_parts", "parts", "path")  # fmt: skip

    def __init__(self, path: Path, label: str | None) -> None:
        self.path, self.label, self.id = path, label, ""
        self.parts: list[Part] = []
        self.inner: list[Fragment] = []
        self.open_parts = 0
        self.is_open = self.is_complete = self.is_failed = False
        self.errors: list[Error] = []


class Payload(NamedTuple):
    """What is sent at once: fragments that will follow, parts, and fragments that are complete.

    Each part comes with the fragment that it is sent for. A fragment that is complete and failed
    has errors.
    """

    opened: list[Fragment]
    parts: list[tuple[Part, Fragment]]
    completed: list[Fragment]


class Delivery:
    """Executes the parts of one response after the first one, whose execution is `run`."""

    def __init__(self, run: ExecutionState, projections: Projections) -> None:
        self._run, self._projections = run, projections
        self._fragments: dict[tuple[int, Path], Fragment] = {}
        self._payload = Payload([], [], [])
        self._waiting: list[Part] = []
        self._tasks: dict[Part, asyncio.Task[None]] = {}
        self._settled: list[Part] = []
        self._wake = asyncio.Event()
        self.number = 0  # of the fragments that have been opened
        for fragment in self._add(run):
            self._open(fragment)
        self.opened = self._take().opened

    async def run(self, first: bytes, send: Callable[[Payload], None]) -> None:
        """Execute all parts, and send each payload as soon as it is complete.

        `first` is the data of the first part, encoded.
        """
        budget = PartsBudget(self._run.share, first)
        try:
            while self._waiting or self._tasks:
                await self._start(budget)
                self._send(send)
                if self._tasks and not self._waiting:
                    await self._wake.wait()
                    self._wake.clear()
                    settled, self._settled = self._settled, []
                    for part in settled:
                        self._finish(part)
                    self._send(send)
        finally:
            if self._tasks:
                tasks = [*self._tasks.values()]
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _start(self, budget: PartsBudget) -> None:
        """Start the parts that wait, all at once, so that the loaders see the keys of all."""
        started, leaves = [], 0
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            for part in waiting:
                await part.start(self._projections, self._run, budget)
                if part.is_pending:
                    started.append(part)
                else:
                    self._finish(part)
                leaves += part.run.leaves + _LEAVES_PER_START
                if leaves > _LEAVES_PER_SLICE:
                    leaves = 0
                    await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        for part in started:
            self._tasks[part] = loop.create_task(self._settle(part))

    async def _settle(self, part: Part) -> None:
        try:
            await part.settle()
        finally:
            del self._tasks[part]
            self._settled.append(part)
            self._wake.set()

    def _add(self, run: ExecutionState) -> list[Fragment]:
        """Add what has been deferred in a part; return the fragments that are within no other."""
        deferred = [
            (path, deferral, view)
            for (path, _), (deferral, view) in (run.deferred or {}).items()
            if not run.is_removed(path)
        ]
        run.deferred = None
        deferred.sort(key=lambda each: len(each[0]))  # a fragment before those within it
        outermost: list[Fragment] = []
        for path, deferral, _ in deferred:
            for usage in deferral.fragments:
                fragment = self._fragments[id(usage), path] = Fragment(path, usage.label)
                outer = usage.parent_defer_usage
                within = outermost if outer is None else self._find(outer, path).inner
                within.append(fragment)
        for path, deferral, view in deferred:
            for fields in deferral.fields:
                fragments = [self._find(usage, path) for usage in fields.usages]
                part = Part(fields, view, path, fragments)
                for fragment in fragments:
                    fragment.parts.append(part)
                    fragment.open_parts += 1
        return outermost

    def _find(self, usage: Any, path: Path) -> Fragment:
        """Return the fragment at this object or the nearest one above it."""
        length = len(path)
        while (id(usage), path[:length]) not in self._fragments:
            length -= 1
        return self._fragments[id(usage), path[:length]]

    def _open(self, fragment: Fragment) -> None:
        """Start a fragment's parts; one without any is not sent, but those within it are."""
        if fragment.parts:
            self.number += 1
            fragment.id, fragment.is_open = str(self.number), True
            self._payload.opened.append(fragment)
            self._waiting += [part for part in fragment.parts if not part.is_started]
            for part in self._waiting:
                part.is_started = True
            if not fragment.open_parts:
                self._complete(fragment)
        else:
            for inner in fragment.inner:
                self._open(inner)

    def _finish(self, part: Part) -> None:
        """Add what a part has deferred, and complete the fragments of which it is the last part."""
        if part.data is not None:
            self._add(part.run)
        for fragment in part.fragments:
            fragment.open_parts -= 1
            if part.data is None:
                fragment.is_failed = True
                fragment.errors += part.errors
            if fragment.is_open and not fragment.open_parts:
                self._complete(fragment)

    def _complete(self, fragment: Fragment) -> None:
        self._payload.completed.append(fragment)
        if fragment.is_failed:
            return
        for part in fragment.parts:
            if not part.is_sent:
                part.is_sent = True
                self._payload.parts.append((part, fragment))
        for inner in fragment.inner:
            self._open(inner)

    def _take(self) -> Payload:
        payload, self._payload = self._payload, Payload([], [], [])
        return payload

    def _send(self, send: Callable[[Payload], None]) -> None:
        """Send what is complete, and keep no data of it."""
        if any(self._payload):
            payload = self._take()
            send(payload)
            for part, _ in payload.parts:
                part.data = None
            for fragment in payload.completed:
                fragment.parts = []
