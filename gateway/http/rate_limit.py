"""How much one caller may ask in a minute: a count that slides, here or in Redis.

Of the minute before, what is left of it counts in proportion: two numbers a caller, and no moment
at which all is forgotten. A caller who asked everything at the end of one minute may ask up to a
half more within 60 s than the limit says; over longer times nobody does.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple, Protocol

WINDOW_S = 60.0
_MOST_CALLERS = 20_000


class RateLimit(Protocol):
    """Counts what callers ask."""

    async def take(self, caller: str, number: int) -> float:
        """Count `number` operations of a caller and give 0, or count none and give the wait in s.

        `caller` is a key that tells nothing of anybody.
        """
        ...


class _Counted(NamedTuple):
    window: int
    current: int
    previous: int


class LocalRateLimit:
    """Counts in this process, for the callers who asked last; `clock` gives seconds."""

    def __init__(self, limit: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._clock = limit, clock
        self._callers: OrderedDict[str, _Counted] = OrderedDict()

    async def take(self, caller: str, number: int) -> float:
        """Count as the protocol says."""
        number = min(number, self._limit)
        windows = self._clock() / WINDOW_S
        window = int(windows)
        passed = windows - window
        kept = self._callers.get(caller, _Counted(window, 0, 0))
        age = window - kept.window
        current = kept.current if age == 0 else 0
        previous = {0: kept.previous, 1: kept.current}.get(age, 0)
        if previous * (1 - passed) + current + number <= self._limit:
            self._callers[caller] = _Counted(window, current + number, previous)
            self._callers.move_to_end(caller)
            if len(self._callers) > _MOST_CALLERS:
                self._callers.popitem(last=False)
            return 0.0
        if current + number <= self._limit:
            at = 1 - (self._limit - current - number) / previous
        else:
            at = 2 - (self._limit - number) / current
        return max(at - passed, 0.001) * WINDOW_S
