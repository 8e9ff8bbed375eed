"""Leaving a level alone that does not work, and noticing when it does again."""

from collections.abc import Callable

from gateway.telemetry import log


class Circuit:
    """Open after one failure; then one probe every `probe_every_s`, and closed by any success.

    `operation` is what the log lines call what it guards, `clock` a monotonic clock in seconds. It
    says once that it opened and once that it closed. A probe is a lease, not a flag: one that is
    cancelled half-way, and reports nothing, keeps no later one from being tried.
    """

    def __init__(self, operation: str, probe_every_s: float, clock: Callable[[], float]) -> None:
        self._operation = operation
        self._probe_every_s = probe_every_s
        self._clock = clock
        self._opened_at: float | None = None
        self._probe_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the last that was heard is a failure."""
        return self._opened_at is not None

    def allows(self) -> bool:
        """Say whether to try; True while open makes the caller the probe."""
        if self._opened_at is None:
            return True
        now = self._clock()
        if now < self._probe_at:
            return False
        self._probe_at = now + self._probe_every_s
        return True

    def failed(self, reason: str) -> None:
        """Take note of a failure; `reason` is a word for the log, without anybody's data."""
        now = self._clock()
        self._probe_at = now + self._probe_every_s
        if self._opened_at is None:
            self._opened_at = now
            log.warning("cache_unavailable", operation=self._operation, reason=reason)

    def succeeded(self) -> None:
        """Take note of a success."""
        if self._opened_at is not None:
            lasted_s = round(self._clock() - self._opened_at, 3)
            self._opened_at = None
            log.info("cache_available", operation=self._operation, unavailable_s=lasted_s)
