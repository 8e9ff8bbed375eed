"""How much one caller may use in a minute: a sliding window counter, here or in Redis.

The previous minute counts by the part of it that the last 60 s still contain: two numbers a caller,
and no instant at which the whole limit is available again. A caller who used the limit at the end
of a minute may use nearly as much again within the next 60 s; over longer times nobody exceeds it.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from gateway.cache.bounded_dict import BoundedDict

WINDOW_S = 60.0
_MIN_WAIT = 0.001  # of a window
_MAX_CALLERS = 20_000


class RateLimit(ABC):
    """Counts what callers use; `caller` is a key that reveals no identity."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    async def take(self, caller: str, number: int) -> float:
        """Count `number` and return 0.0, or count nothing and return the seconds to wait."""
        number = min(number, self.limit)
        return await self.count(caller, number, added=number)

    async def wait_s(self, caller: str, number: int, pending: int = 0) -> float:
        """Return the seconds until `number` may be taken, and count nothing.

        `pending` is in use already, and has not been counted yet.
        """
        return await self.count(caller, min(number, self.limit), pending=pending)

    async def add(self, caller: str, number: int) -> None:
        """Count `number`, even above the limit; a negative number returns what was taken."""
        await self.count(caller, 0, added=number)

    @abstractmethod
    async def count(self, caller: str, number: int, *, added: int = 0, pending: int = 0) -> float:
        """Return the seconds until `number` may be taken; if it may be now, count `added`."""


class LocalRateLimit(RateLimit):
    """Counts in this process, for the callers seen last; `clock` returns seconds."""

    def __init__(
        self,
        limit: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        max_callers: int = _MAX_CALLERS,
    ) -> None:
        super().__init__(limit)
        self._clock = clock
        # The number of a caller's last window, and what was counted in it and in the one before.
        self._callers: BoundedDict[str, tuple[int, int, int]] = BoundedDict(max_callers)

    async def count(self, caller: str, number: int, *, added: int = 0, pending: int = 0) -> float:
        """Count in memory."""
        windows = self._clock() / WINDOW_S
        window = int(windows)
        last_window, current, previous = self._callers.get(caller, (window, 0, 0))
        if last_window != window:
            current, previous = 0, current if last_window == window - 1 else 0
        wait_s = wait_time_s(self.limit, number, current + pending, previous, windows - window)
        if added and not wait_s:
            self._callers[caller] = window, max(current + added, 0), previous
        return wait_s


def wait_time_s(limit: int, number: int, current: int, previous: int, passed: float) -> float:
    """Return the seconds until `number` may be taken of `limit`, 0.0 for now.

    `current` and `previous` have been counted in this window and the one before; of this one
    `passed` is over, 0 to 1.
    """
    if number == 0 or previous * (1 - passed) + current + number <= limit:
        return 0.0
    if current + number <= limit:
        at = 1 - (limit - current - number) / previous
    else:
        at = 2 - (limit - number) / current
    return max(at - passed, _MIN_WAIT) * WINDOW_S
