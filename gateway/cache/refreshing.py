"""Asking anew behind the back of those who were served a stale answer."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass

from cachetools import TTLCache

from gateway.cache.statistics import CacheStatistics
from gateway.telemetry import log


@dataclass(frozen=True, slots=True)
class RefreshLimits:
    """What background refreshes may cost; times in seconds.

    At most `at_once` run, one a key; each ends after `deadline_s`. A key whose refresh failed is
    left alone for `hold_off_s`: an answer that everybody wants would else be asked for without end.
    """

    at_once: int = 16
    deadline_s: float = 5.0
    hold_off_s: float = 5.0


class Refresher:
    """Starts background refreshes, keeps hold of them, and ends them; `clock` is monotonic."""

    def __init__(
        self, limits: RefreshLimits, statistics: CacheStatistics, clock: Callable[[], float]
    ) -> None:
        self._limits = limits
        self._statistics = statistics
        self._running: dict[str, asyncio.Task[None]] = {}
        self._failed: TTLCache[str, None] = TTLCache(4096, limits.hold_off_s, clock)
        self._is_closed = False

    @property
    def running(self) -> int:
        """How many refreshes are under way."""
        return len(self._running)

    def start(self, key: str, refresh: Callable[[], Awaitable[bool]]) -> bool:
        """Start `refresh`, which tells whether it brought a new answer; say whether it started.

        It does not where one of this key is under way or has just failed, or too many are. It runs
        in a context of its own: the request that set it off will have ended.
        """
        if key in self._running or key in self._failed or self._is_closed:
            return False
        if len(self._running) >= self._limits.at_once:
            self._statistics.refreshes_refused += 1
            return False
        task = asyncio.create_task(
            self._run(key, refresh), name="background refresh", context=Context()
        )
        self._running[key] = task
        task.add_done_callback(lambda _: self._running.pop(key))
        self._statistics.refreshes += 1
        return True

    async def close(self) -> None:
        """Cancel what is under way, wait until it has ended, and start no more."""
        self._is_closed = True
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _run(self, key: str, refresh: Callable[[], Awaitable[bool]]) -> None:
        try:
            async with asyncio.timeout(self._limits.deadline_s):
                if await refresh():
                    return
            reason = "stale"
        except Exception as error:  # noqa: BLE001 - nobody waits for it; the old answer still stands
            reason = type(error).__name__
        self._failed[key] = None
        self._statistics.refreshes_failed += 1
        log.warning("cache_refresh_failed", reason=reason)
