"""Whether an endpoint is worth a call: closed, open, half-open.

::

    closed ──5 failures in a row──► open ──its period is over──► half-open ──success──► closed
                                     ▲                              │
                                     └───────────failure────────────┘

What is a failure is for the caller to say: connect errors, timeouts and 5xx are; an answer below
500 (a documented error body, too) is a success, for the endpoint is there; a 429, a bad payload and
a call that was given up say nothing, and are neutral.
"""

import time
from collections.abc import Callable
from enum import Enum
from types import TracebackType
from typing import Self

from gateway.errors import UpstreamUnavailableError
from gateway.telemetry import log

FAILURES_TO_OPEN = 5
# Clean service within 5 s after an outage: the longest period leaves two seconds for the probe.
_OPEN_FOR_S = (1.0, 2.0, 3.0)
# A probe that hangs must not keep the endpoint shut until its deadline: the next one may go.
_PROBE_LEASE_S = 2.0


class CircuitState(Enum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Permit:
    """Leave to make one call; a context manager, neutral unless it is told how the call went.

    Its first outcome counts, later ones are ignored.
    """

    __slots__ = ("_breaker", "generation", "is_probe", "started")

    def __init__(
        self, breaker: "CircuitBreaker", generation: int, started: float, *, is_probe: bool
    ) -> None:
        self._breaker: CircuitBreaker | None = breaker
        self.generation, self.started, self.is_probe = generation, started, is_probe

    def success(self) -> None:
        """Say that the endpoint answered."""
        if (breaker := self._take()) is not None:
            breaker.succeeded(self)

    def failure(self) -> None:
        """Say that the endpoint could not be reached, did not answer in time, or failed (5xx)."""
        if (breaker := self._take()) is not None:
            breaker.failed(self)

    def neutral(self) -> None:
        """Say that the call tells nothing about the endpoint; a probe's place is free again."""
        if (breaker := self._take()) is not None:
            breaker.gave_up(self)

    def _take(self) -> "CircuitBreaker | None":
        breaker, self._breaker = self._breaker, None
        return breaker

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.neutral()


class CircuitBreaker:
    """The breaker of one endpoint, whose documented name `endpoint` is.

    `clock` gives monotonic seconds. Not for several threads.
    """

    def __init__(self, endpoint: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._endpoint, self._clock = endpoint, clock
        self._failures = 0  # in a row, while closed
        self._openings = 0  # in a row, without a success between them
        self._retry_at = 0.0
        self._probe: Permit | None = None
        # Calls admitted before the breaker last opened or closed say nothing about now.
        self._generation = 0
        self.opened = 0
        """How often it has opened since the start, for the metrics."""

    @property
    def state(self) -> CircuitState:
        """Where it stands now."""
        if not self._openings:
            return CircuitState.CLOSED
        if self._probe is None and self._clock() < self._retry_at:
            return CircuitState.OPEN
        return CircuitState.HALF_OPEN

    def admit(self) -> Permit:
        """Give leave to make one call, to be used as ``with breaker.admit() as permit:``.

        Raises UpstreamUnavailableError while open, and while half-open with a probe on its way.
        """
        now = self._clock()
        if not self._openings:
            return Permit(self, self._generation, now, is_probe=False)
        held_since = self._probe.started if self._probe else float("-inf")
        if now < self._retry_at or now < held_since + _PROBE_LEASE_S:
            raise UpstreamUnavailableError(self._endpoint)
        self._probe = Permit(self, self._generation, now, is_probe=True)
        return self._probe

    def succeeded(self, permit: Permit) -> None:
        """Count a permit's success; permits call it themselves."""
        if permit.generation != self._generation:
            return
        self._failures = 0
        if self._openings:  # any probe's will do, also one that took longer than its lease
            self._openings, self._probe = 0, None
            self._generation += 1
            log.info("circuit_closed", endpoint=self._endpoint)

    def failed(self, permit: Permit) -> None:
        """Count a permit's failure; permits call it themselves."""
        if permit.generation != self._generation:
            return
        if not self._openings:
            self._failures += 1
            if self._failures >= FAILURES_TO_OPEN:
                log.warning("circuit_opened", endpoint=self._endpoint, failures=self._failures)
                self._open(since=self._clock())
        elif permit is self._probe:
            # A probe tells of the time when it was sent: one that hung for seconds has used up its
            # period by then, and what was mended meanwhile is found at once.
            self._open(since=permit.started)

    def gave_up(self, permit: Permit) -> None:
        """Forget a permit; permits call it themselves."""
        if permit is self._probe:
            self._probe = None

    def _open(self, since: float) -> None:
        period_s = _OPEN_FOR_S[min(self._openings, len(_OPEN_FOR_S) - 1)]
        self._retry_at = since + period_s
        self._openings += 1
        self.opened += 1
        self._failures, self._probe = 0, None
        self._generation += 1
