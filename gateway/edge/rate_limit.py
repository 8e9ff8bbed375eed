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
    """Counts what callers ask; `caller` is a key that tells nothing of anybody."""

    limit: int

    async def take(self, caller: str, number: int) -> float:
        """Count `number` of a caller and give 0, or count none and give the wait in seconds."""
        ...

    async def wait_s(self, caller: str, number: int, pending: int = 0) -> float:
        """Return the wait in seconds until so many more may be taken, and count none.

        `pending` is what will have been added by then, and counts already.
        """
        ...

    async def add(self, caller: str, number: int) -> None:
        """Count so many whatever the limit; a number below 0 gives back what was taken."""
        ...


class _Counted(NamedTuple):
    window: int
    current: int
    previous: int


class LocalRateLimit:
    """Counts in this process, for the callers who asked last; `clock` gives seconds."""

    def __init__(self, limit: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit, self._clock = limit, clock
        self._callers: OrderedDict[str, _Counted] = OrderedDict()

    async def take(self, caller: str, number: int) -> float:
        """Count as the protocol says."""
        number = min(number, self.limit)
        wait_s = await self.wait_s(caller, number)
        if not wait_s:
            await self.add(caller, number)
        return wait_s

    async def wait_s(self, caller: str, number: int, pending: int = 0) -> float:
        """Tell as the protocol says."""
        number = min(number, self.limit)
        (_, current, previous), passed = self._counted(caller)
        current += pending
        if previous * (1 - passed) + current + number <= self.limit:
            return 0.0
        if current + number <= self.limit:
            at = 1 - (self.limit - current - number) / previous
        else:
            at = 2 - (self.limit - number) / current
        return max(at - passed, 0.001) * WINDOW_S

    async def add(self, caller: str, number: int) -> None:
        """Count as the protocol says."""
        (window, current, previous), _ = self._counted(caller)
        self._callers[caller] = _Counted(window, max(current + number, 0), previous)
        self._callers.move_to_end(caller)
        if len(self._callers) > _MOST_CALLERS:
            self._callers.popitem(last=False)

    def _counted(self, caller: str) -> tuple[_Counted, float]:
        """Return what counts of a caller now, and how much of this minute has passed, 0 to 1."""
        windows = self._clock() / WINDOW_S
        window = int(windows)
        kept = self._callers.get(caller, _Counted(window, 0, 0))
        age = window - kept.window
        current = kept.current if age == 0 else 0
        previous = {0: kept.previous, 1: kept.current}.get(age, 0)
        return _Counted(window, current, previous), windows - window
