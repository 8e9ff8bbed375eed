"""A periodic check of each use of Redis, so that an outage shows without traffic; its metrics."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from gateway.telemetry.metric import Samples
from gateway.telemetry.metrics import REDIS_REASONS, REDIS_USES

if TYPE_CHECKING:
    from gateway.cache.redis_use import RedisUse

CHECK_EVERY_S = 5.0

Check = Callable[[], Awaitable[None]]


class RedisMonitor:
    """Checks the uses of Redis as long as its ``async with`` block runs, the first time at once.

    A check does what its use does, with its rights, on a key of its own, and records the outcome
    in the use. `diagnose` finds the error behind operations that only time out: it has more time.
    """

    def __init__(
        self,
        uses: Sequence["RedisUse"] = (),
        checks: Sequence[Check] = (),
        diagnose: Callable[[], Awaitable[Exception | None]] | None = None,
        *,
        every_s: float = CHECK_EVERY_S,
    ) -> None:
        self._uses, self._checks, self._diagnose = uses, checks, diagnose
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start to check, without waiting for Redis."""
        if self._uses:
            self._task = asyncio.create_task(self._run(), name="redis monitor")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def check(self) -> None:
        """Check each use once."""
        for check in self._checks:
            await check()
        if self._diagnose is None or not any(use.unexplained for use in self._uses):
            return
        error = await self._diagnose()
        if error is None:
            return
        for use in self._uses:
            for operation in use.unexplained:  # some may have recovered meanwhile
                use.count(error)
                use.lost(operation, error)

    def samples(self) -> Samples:
        """Return the values of the `gateway_redis_…` metrics."""
        uses = {use.name: use for use in self._uses}
        none = [0] * len(REDIS_REASONS)
        return {
            "gateway_redis_available": [
                uses[name].is_available if name in uses else math.nan for name in REDIS_USES
            ],
            "gateway_redis_failures_total": [
                number
                for name in REDIS_USES
                for number in (uses[name].failures.counts if name in uses else none)
            ],
        }

    async def _run(self) -> None:
        while True:
            await self.check()
            await asyncio.sleep(self._every_s)
