"""A circuit breaker for Redis, which opens at the first failure and probes until it works again."""

from collections.abc import Callable

from gateway.cache.redis_use import RedisUse


class Circuit:
    """Opens at a failure, then allows one probe every `probe_every_s`; any success closes it.

    It is that of an `operation` of a use of Redis, which logs when it opens and closes. `clock` is
    monotonic, in seconds. A probe is a lease: one that is cancelled and reports nothing does not
    prevent the next.
    """

    def __init__(
        self, use: RedisUse, operation: str, probe_every_s: float, clock: Callable[[], float]
    ) -> None:
        self._use, self._operation = use, operation
        self._probe_every_s = probe_every_s
        self._clock = clock
        self._probe_at = 0.0
        self.is_open = False

    def allows(self) -> bool:
        """Whether to try; True while the circuit is open makes the caller the probe."""
        if not self.is_open:
            return True
        now = self._clock()
        if now < self._probe_at:
            return False
        self._probe_at = now + self._probe_every_s
        return True

    def failed(self, error: BaseException) -> None:
        """Record a failure."""
        self._probe_at = self._clock() + self._probe_every_s
        self.is_open = True
        self._use.count(error)
        self._use.lost(self._operation, error)

    def succeeded(self) -> None:
        """Record a success."""
        if self.is_open:
            self.is_open = False
            self._use.restored(self._operation)
