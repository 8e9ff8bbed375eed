"""A clock that a test advances, and a check of the starts in a window."""

import asyncio
import heapq
from bisect import bisect_right
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
_TURNS_TO_SETTLE = 60


class FakeTime:
    """A clock in seconds, and a sleep that ends when that clock is advanced."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def clock(self) -> float:
        """Return the time."""
        return self.now

    async def sleep(self, delay_s: float) -> None:
        """Wait until the test has advanced the clock this far."""
        self._count += 1
        awake = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + delay_s, self._count, awake))
        await awake

    async def settle(self) -> None:
        """Run all tasks until they wait."""
        for _ in range(_TURNS_TO_SETTLE):
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        """Advance the clock, waking the sleepers at their times."""
        end = self.now + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, awake = heapq.heappop(self._sleepers)
            self.now = max(self.now, at)
            if not awake.done():
                awake.set_result(None)
            await self.settle()
        self.now = end
        await self.settle()


def begin(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start a task; it runs when the test next waits."""
    return asyncio.get_running_loop().create_task(work)


def most_in_window(starts: Sequence[float], window_s: float = 60.0) -> int:
    """Return the number of starts in the fullest window, both its ends included."""
    starts = sorted(starts)
    return max(
        (bisect_right(starts, at + window_s) - index for index, at in enumerate(starts)), default=0
    )
