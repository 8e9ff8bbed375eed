"""Shared memory to which all workers write their metrics, so that any of them can serve a scrape.

The memory is anonymous: the parent creates it and its children inherit it, so that nothing is
written to a disk and nothing remains behind. Each worker holds one slot for its life, by a file
lock that the system releases however the worker ends. The next worker that claims the slot adds to
its counters, so that no counter decreases.
"""

import fcntl
import mmap
import os
import tempfile
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.reduction import DupFd
from operator import add
from typing import Any, NamedTuple

from gateway.telemetry.exposition import MetricTable
from gateway.telemetry.metrics import RESTART_REASONS, RESTARTS
from gateway.telemetry.name_slots import NAME_BYTES, NameSlots

_BYTES = 8  # of a double
_SPARE_SLOTS = 16  # a new worker may start before the old one has ended


class Snapshot(NamedTuple):
    """The cells of all workers: of those that have ended, and of those that run."""

    ended: list[Sequence[float]]
    running: list[Sequence[float]]


class SharedMetrics:
    """Slots for `workers` and some spare ones; can be passed to a spawned process.

    `table` says what the cells of a slot are; a slot begins with the time of its last write.
    `operation_names` are names that were added since the start.
    """

    def __init__(self, workers: int, table: MetricTable) -> None:
        self.table, self._slots = table, workers + _SPARE_SLOTS
        fd = _anonymous_file()
        names = table.values.spare_operations * NAME_BYTES
        cells = self._slots * (table.cells + 1) + RESTARTS.cells
        os.ftruncate(fd, cells * _BYTES + names)
        self._open(fd)

    def _open(self, fd: int) -> None:
        self._fd, cells = fd, self.table.cells
        self._stride = cells + 1
        self._restarts_at = self._slots * self._stride
        end = (self._restarts_at + RESTARTS.cells) * _BYTES
        spare = self.table.values.spare_operations
        self._map = mmap.mmap(fd, end + spare * NAME_BYTES)
        self._cells = memoryview(self._map)[:end].cast("d")
        self._names = memoryview(self._map)[end:]
        self.operation_names = NameSlots(spare, self._names, self._lock_names)
        self._own: int | None = None
        self._base = array("d", bytes(cells * _BYTES))

    def __getstate__(self) -> dict[str, Any]:
        return {"table": self.table, "slots": self._slots, "fd": DupFd(self._fd)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.table, self._slots = state["table"], state["slots"]
        self._open(state["fd"].detach())

    def claim_slot(self) -> bool:
        """Claim a free slot for this process's life; return whether there was one."""
        for slot in range(self._slots):
            if self._lock(slot):
                self._own = slot
                previous = self._read(slot)
                for cell, is_gauge in enumerate(self.table.is_gauge):
                    self._base[cell] = 0.0 if is_gauge else previous[cell]
                return True
        return False

    def write(self, cells: "array[float]", now: float) -> None:
        """Write this process's cells; `now` is the system's monotonic clock, in seconds."""
        if self._own is None:
            return
        start = self._own * self._stride
        self._cells[start + 1 : start + self._stride] = memoryview(
            array("d", map(add, cells, self._base))
        )
        self._cells[start] = now  # last: a reader that sees it sees the cells, too

    def is_behind(self, moment: float) -> bool:
        """Whether any running worker has not written since `moment`."""
        return any(
            self._written_at(slot) < moment and self._is_running(slot) for slot in self._used()
        )

    def read(self, own: Callable[[], Sequence[float]]) -> Snapshot:
        """Return the cells of all workers; `own` returns this process's if it has no slot."""
        snapshot = Snapshot([], [])
        for slot in self._used():
            cells = snapshot.running if self._is_running(slot) else snapshot.ended
            cells.append(self._read(slot))
        if self._own is None:
            snapshot.running.append(own())
        return snapshot

    def count_restart(self, reason: str) -> None:
        """Count a worker that is replaced; the parent calls this, and nobody else."""
        self._cells[self._restarts_at + RESTART_REASONS.index(reason)] += 1

    def restarts(self) -> Sequence[float]:
        """Return the number of workers that were replaced, by reason."""
        return self._cells[self._restarts_at :].tolist()

    def close(self) -> None:
        """Release the memory and the slot."""
        self._cells.release()
        self._names.release()
        self._map.close()
        os.close(self._fd)

    def _used(self) -> list[int]:
        return [slot for slot in range(self._slots) if self._written_at(slot)]

    def _written_at(self, slot: int) -> float:
        return self._cells[slot * self._stride]

    def _read(self, slot: int) -> Sequence[float]:
        return self._cells[slot * self._stride + 1 : (slot + 1) * self._stride].tolist()

    def _is_running(self, slot: int) -> bool:
        if slot == self._own:
            return True
        if not self._lock(slot, fcntl.LOCK_SH):  # shared: two processes may check at once
            return True
        fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, slot)
        return False

    @contextmanager
    def _lock_names(self) -> Iterator[None]:
        fcntl.lockf(self._fd, fcntl.LOCK_EX, 1, self._slots)
        try:
            yield
        finally:
            fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, self._slots)

    def _lock(self, slot: int, mode: int = fcntl.LOCK_EX) -> bool:
        with suppress(OSError):
            fcntl.lockf(self._fd, mode | fcntl.LOCK_NB, 1, slot)
            return True
        return False


def _anonymous_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("promotion-gateway-metrics")
    with tempfile.TemporaryFile() as file:  # on systems other than Linux, for development
        return os.dup(file.fileno())
