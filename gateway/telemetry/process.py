"""Metrics of the process itself: its resources, and the delay of its event loop."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Self

from prometheus_client import ProcessCollector

from gateway.telemetry.counters import Histogram
from gateway.telemetry.metric import Samples

_COUNTER = "process_cpu_seconds_total"
_GAUGES = (
    "process_resident_memory_bytes",
    "process_virtual_memory_bytes",
    "process_open_fds",
    "process_max_fds",
    "process_start_time_seconds",
)
_MAX_AGE_S = 1.0  # of the samples: to read them takes a tenth of a millisecond
_INTERVAL_S = 0.1


class ProcessMetrics:
    """Samples of `process_…`; on systems other than Linux gauges are unknown.

    `clock` returns monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._collector, self._clock = ProcessCollector(registry=None), clock
        self._samples: Samples = {}
        self._read_at = -_MAX_AGE_S

    def samples(self) -> Samples:
        """Return the samples, at most a second old."""
        now = self._clock()
        if now - self._read_at >= _MAX_AGE_S:
            self._read_at = now
            read = {
                sample.name: [float(sample.value)]
                for family in self._collector.collect()
                for sample in family.samples
            }
            unknown = {_COUNTER: [0.0]} | {name: [math.nan] for name in _GAUGES}
            self._samples = unknown | read
        return self._samples


class EventLoopLag:
    """Measures how late a timer of the running event loop is, while open as a context manager."""

    def __init__(self) -> None:
        self._lags = Histogram()
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        """Start to measure."""
        self._start(asyncio.get_running_loop())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        if self._timer is not None:
            self._timer.cancel()

    def samples(self) -> Samples:
        """Return the samples of `gateway_event_loop_lag_seconds`."""
        return {"gateway_event_loop_lag_seconds": self._lags.cells}

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        due_at = time.monotonic() + _INTERVAL_S
        self._timer = loop.call_later(_INTERVAL_S, self._measure, loop, due_at)

    def _measure(self, loop: asyncio.AbstractEventLoop, due_at: float) -> None:
        self._lags.observe(max(0.0, time.monotonic() - due_at))
        self._start(loop)
