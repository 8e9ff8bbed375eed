"""How many calls to the platform one caller may cause in a minute, by operations of any kind.

Calls are counted as they are made, and the caller is told before the next operation begins: one
that runs is never cut, since half an answer costs as many calls as a whole one. So what runs at the
same time may go beyond the limit together, and is counted all the same.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.context import CallBudget
from gateway.edge.rate_limit import RateLimit
from gateway.errors import RateLimitedError


class CallLimit:
    """Counts callers' calls by their operations' budgets; `caller` tells nothing of anybody."""

    def __init__(self, rate: RateLimit) -> None:
        self._rate = rate
        self._running: dict[str, dict[int, CallBudget]] = {}  # by caller, none of nothing
        self._counting: set[asyncio.Task[None]] = set()

    async def check(self, caller: str) -> None:
        """Raise RateLimitedError for a caller who may make no more calls at present."""
        making = sum(budget.spent for budget in self._running.get(caller, {}).values())
        wait_s = await self._rate.wait_s(caller, 1, making)
        if wait_s:
            raise RateLimitedError(wait_s)

    @contextmanager
    def counting(self, caller: str, budget: CallBudget) -> Iterator[None]:
        """Count the calls of an operation, or a batch, for the length of a ``with`` block."""
        running = self._running.setdefault(caller, {})
        running[id(budget)] = budget  # equal ones are two
        try:
            yield
        finally:
            del running[id(budget)]
            if not running:
                del self._running[caller]
            if budget.spent:
                # The answer does not wait for Redis to know.
                task = asyncio.get_running_loop().create_task(
                    self._rate.add(caller, budget.spent), name="count calls"
                )
                self._counting.add(task)
                task.add_done_callback(self._counting.discard)

    async def aclose(self) -> None:
        """Wait until all is counted."""
        if self._counting:
            await asyncio.wait(self._counting)
