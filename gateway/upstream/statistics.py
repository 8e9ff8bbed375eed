"""What calls to the platform came to, as plain counts for the metrics."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from gateway.errors import UpstreamBadPayloadError
from gateway.telemetry.counters import CounterVec, Histogram
from gateway.telemetry.metrics import CALL_OUTCOMES, ENDPOINTS, OTHER

_EARLY_S = 0.01  # a loop's timers may be a moment early


@dataclass(slots=True)
class EndpointStatistics:
    """Counts of one endpoint since the start; each only grows."""

    outcomes: CounterVec = field(default_factory=lambda: CounterVec(CALL_OUTCOMES))
    durations: Histogram = field(default_factory=Histogram)
    bad_payloads: int = 0
    items_left_out: int = 0
    undocumented_values: int = 0


class CountedCall:
    """One call as a context manager: whatever it raises is its outcome, otherwise its status."""

    __slots__ = ("_clock", "_deadline", "_started", "_statistics", "_status")

    def __init__(
        self, statistics: EndpointStatistics, clock: Callable[[], float], deadline: float
    ) -> None:
        self._statistics, self._clock, self._deadline = statistics, clock, deadline
        self._status: int | None = None
        self._started = clock()

    @property
    def is_late(self) -> bool:
        """Whether the deadline has passed; then a cancellation is a timeout.

        An operation's deadline stands around its call and around its attempts. Where both are told
        of at once, the call hears of its cancellation alone.
        """
        return self._clock() >= self._deadline - _EARLY_S

    @property
    def lasted_s(self) -> float:
        """How long it has lasted so far."""
        return self._clock() - self._started

    def answered(self, status: int | None) -> None:
        """Take note of the answer's status."""
        self._status = status

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._statistics.durations.observe(self._clock() - self._started)
        self._statistics.outcomes.add(self._of_error(kind) if kind else _of_status(self._status))

    def _of_error(self, kind: type[BaseException]) -> str:
        if issubclass(kind, TimeoutError):
            return "timeout"
        if issubclass(kind, asyncio.CancelledError):
            return "timeout" if self.is_late else "cancelled"
        return "bad_payload" if issubclass(kind, UpstreamBadPayloadError) else "unreachable"


def _of_status(status: int | None) -> str:
    if status == 200:  # as nearly always
        return "2xx"
    if status == 429:
        return "429"
    # Below 200 is interim and never the answer; from 600 on there is nothing documented.
    return f"{status // 100}xx" if status and 200 <= status < 600 else "unreachable"


class UpstreamStatistics:
    """Counts of all endpoints; `clock` gives the event loop's seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.endpoints = {endpoint: EndpointStatistics() for endpoint in ENDPOINTS}

    def call(self, endpoint: str, deadline: float) -> CountedCall:
        """Count one call, used as ``with …call(endpoint, deadline) as counted:``."""
        statistics = self.endpoints.get(endpoint) or self.endpoints[OTHER]
        return CountedCall(statistics, self._clock, deadline)

    def bad_payload(self, endpoint: str) -> None:
        """Count an answer with status 200 that could not be believed."""
        self._of(endpoint).bad_payloads += 1

    def items_left_out(self, endpoint: str, count: int) -> None:
        """Count items of an answer that are not shown."""
        self._of(endpoint).items_left_out += count

    def undocumented_values(self, endpoint: str, count: int) -> None:
        """Count values of an answer that are of another shape than documented."""
        self._of(endpoint).undocumented_values += count

    def _of(self, endpoint: str) -> EndpointStatistics:
        return self.endpoints.get(endpoint) or self.endpoints[OTHER]
