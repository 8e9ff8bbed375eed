"""A circuit breaker for Redis, which opens at the first failure and probes until it works again."""

from collections.abc import Callable

from gateway.telemetry import log


class Circuit:
    """Opens at a failure, then allows one probe every `probe_every_s`; any success closes it.

    `operation` names it in the log, once when it opens and once when it closes. `clock` is
    monotonic, in seconds. A probe is a lease: one that is cancelled and reports nothing does not
    prevent the next.
    """

    def __init__(self, operation: str, probe_every_s: float, clock: Callable[[], float]) -> None:
        self._operation = operation
        self._probe_every_s = probe_every_s
        self._clock = clock
        self._opened_at: float | None = None
        self._probe_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the last report was a failure."""
        return self._opened_at is not None

    def allows(self) -> bool:
        """Whether to try; True while the circuit is open makes the caller the probe."""
        if self._opened_at is None:
            return True
        now = self._clock()
        if now < self._probe_at:
            return False
        self._probe_at = now + self._probe_every_s
        return True

    def failed(self, reason: str) -> None:
        """Record a failure; `reason` is logged and so contains no personal data."""
        now = self._clock()
        self._probe_at = now + self._probe_every_s
        if self._opened_at is None:
            self._opened_at = now
            log.warning("cache_unavailable", operation=self._operation, reason=reason)

    def succeeded(self) -> None:
        """Record a success."""
        if self._opened_at is not None:
            lasted_s = round(self._clock() - self._opened_at, 3)
            self._opened_at = None
            log.info("cache_available", operation=self._operation, unavailable_s=lasted_s)
