"""Where the workers of one gateway write what they have counted, so that any of them can tell all.

It is memory without a name that the parent makes and its children inherit: nothing is written to a
disk, which may be read-only, and nothing stays behind. Each worker holds one place on it for its
life, by a lock that the system takes back however the worker ends. What a place says stays there;
the next worker that takes it counts on from it, so that no counter goes back.
"""

import fcntl
import mmap
import os
import tempfile
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.reduction import DupFd
from operator import add
from typing import Any, NamedTuple

from gateway.telemetry.exposition import CELLS, IS_GAUGE

_BYTES = 8  # a double
_STRIDE = CELLS + 1  # a place begins with when it was last written
_SPARE_PLACES = 16  # a new worker may start before the old one has ended


class Snapshot(NamedTuple):
    """What the others have counted: those that have ended, and those that run."""

    ended: list[Sequence[float]]
    running: list[Sequence[float]]


class SharedMetrics:
    """Room for so many `workers`, and some more; it can be handed to a child that is started."""

    def __init__(self, workers: int) -> None:
        self._places = workers + _SPARE_PLACES
        fd = _nameless_file()
        os.ftruncate(fd, self._places * _STRIDE * _BYTES)
        self._open(fd)

    def _open(self, fd: int) -> None:
        self._fd = fd
        self._map = mmap.mmap(fd, self._places * _STRIDE * _BYTES)
        self._cells = memoryview(self._map).cast("d")
        self._own: int | None = None
        self._base = array("d", bytes(CELLS * _BYTES))

    def __getstate__(self) -> dict[str, Any]:
        return {"places": self._places, "fd": DupFd(self._fd)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._places = state["places"]
        self._open(state["fd"].detach())

    def claim_slot(self) -> bool:
        """Take a free place for this process's life; say whether there was one."""
        for place in range(self._places):
            if self._lock(place):
                self._own = place
                found = self._read(place)
                for cell, is_gauge in enumerate(IS_GAUGE):
                    self._base[cell] = 0.0 if is_gauge else found[cell]
                return True
        return False

    def write(self, cells: "array[float]", now: float) -> None:
        """Write what this process has counted; `now` is the system's monotonic clock, in s."""
        if self._own is None:
            return
        start = self._own * _STRIDE
        self._cells[start + 1 : start + _STRIDE] = memoryview(
            array("d", map(add, cells, self._base))
        )
        self._cells[start] = now  # the last: who sees it sees the rest

    def is_behind(self, moment: float) -> bool:
        """Return whether any worker that runs has not written since `moment`."""
        return any(
            self._written_at(place) < moment and self._is_running(place) for place in self._used()
        )

    def read(self, own: Callable[[], Sequence[float]]) -> Snapshot:
        """Return what all have counted; `own` is this process's, should it have no place."""
        told = Snapshot([], [])
        for place in self._used():
            running = self._is_running(place)
            (told.running if running else told.ended).append(self._read(place))
        if self._own is None:
            told.running.append(own())
        return told

    def close(self) -> None:
        """Release the memory and the slot."""
        self._cells.release()
        self._map.close()
        os.close(self._fd)

    def _used(self) -> list[int]:
        return [place for place in range(self._places) if self._written_at(place)]

    def _written_at(self, place: int) -> float:
        return self._cells[place * _STRIDE]

    def _read(self, place: int) -> Sequence[float]:
        return self._cells[place * _STRIDE + 1 : (place + 1) * _STRIDE].tolist()

    def _is_running(self, place: int) -> bool:
        if place == self._own:
            return True
        if not self._lock(place, fcntl.LOCK_SH):  # shared: two may look at once
            return True
        fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, place)
        return False

    def _lock(self, place: int, how: int = fcntl.LOCK_EX) -> bool:
        with suppress(OSError):
            fcntl.lockf(self._fd, how | fcntl.LOCK_NB, 1, place)
            return True
        return False


def _nameless_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("promotion-gateway-metrics")
    with tempfile.TemporaryFile() as file:  # elsewhere than on Linux, for development
        return os.dup(file.fileno())
