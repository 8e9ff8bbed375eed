"""Rate limits of one caller per minute, by a sliding window counter in this process or in Redis.

The count of the previous minute is weighted by the part of it that is within the last 60 s. So two
numbers per caller suffice, and there is no instant at which the whole limit is available again. A
caller who used the limit at the end of a minute may use nearly as much again within the next 60 s;
over longer times no caller exceeds it.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gateway.cache.bounded_dict import BoundedDict
from gateway.context import CallBudget
from gateway.errors import RateLimitedError

WINDOW_S = 60.0
_MIN_WAIT = 0.001  # of a window
_MAX_CALLERS = 20_000


class RateLimit(ABC):
    """Counts the requests or calls of each caller; `caller` is a key that reveals no identity."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    async def take(self, caller: str, number: int) -> float:
        """Count `number` and return 0.0, or count nothing and return the seconds to wait."""
        number = min(number, self.limit)
        return await self.count(caller, number, added=number)

    async def wait_s(self, caller: str, number: int, pending: int = 0) -> float:
        """Return the seconds until `number` may be taken, and count nothing.

        `pending` are used already, but not counted yet.
        """
        return await self.count(caller, min(number, self.limit), pending=pending)

    async def add(self, caller: str, number: int) -> None:
        """Count `number`, even above the limit; a negative number undoes a `take`."""
        await self.count(caller, 0, added=number)

    async def check(self) -> None:  # noqa: B027 - nothing is to be checked without Redis
        """Use the limit for nobody, so that an outage shows without traffic."""

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

    `current` and `previous` are the counts of this window and the one before; `passed` is the part
    of this window that is over, 0 to 1.
    """
    if number == 0 or previous * (1 - passed) + current + number <= limit:
        return 0.0
    if current + number <= limit:
        at = 1 - (limit - current - number) / previous
    else:
        at = 2 - (limit - number) / current
    return max(at - passed, _MIN_WAIT) * WINDOW_S


class CallLimit:
    """Limits the upstream calls that one caller's operations cause in a minute.

    Calls are counted as they are made, and checked before an operation begins: a running operation
    is never stopped, since half a response costs as many calls as a complete one. So operations
    that run concurrently may exceed the limit together, and are counted all the same.
    """

    def __init__(self, rate: RateLimit) -> None:
        self._rate = rate
        self.check_rate = rate.check
        self._running: dict[str, dict[int, CallBudget]] = {}  # by caller, and by identity
        self._tasks: set[asyncio.Task[None]] = set()

    async def check(self, caller: str) -> None:
        """Raise RateLimitedError for a caller who may make no more calls at present."""
        pending = sum(budget.spent for budget in self._running.get(caller, {}).values())
        wait_s = await self._rate.wait_s(caller, 1, pending)
        if wait_s:
            raise RateLimitedError(wait_s)

    @contextmanager
    def counting(self, caller: str, budget: CallBudget) -> Iterator[None]:
        """Count the calls of an operation, or a batch, made within a ``with`` block."""
        running = self._running.setdefault(caller, {})
        running[id(budget)] = budget
        try:
            yield
        finally:
            del running[id(budget)]
            if not running:
                del self._running[caller]
            if budget.spent:
                # The response does not wait for Redis.
                task = asyncio.get_running_loop().create_task(
                    self._rate.add(caller, budget.spent), name="count calls"
                )
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Wait until all calls are counted."""
        if self._tasks:
            await asyncio.wait(self._tasks)
