"""The two levels as one cache."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.cache.entry import Entry, EntryCodec
from gateway.cache.freshness import Freshness, freshness
from gateway.cache.memory import MemoryCache
from gateway.cache.shared_limits import SharedLimits
from gateway.cache.statistics import CacheStatistics

if TYPE_CHECKING:
    from gateway.cache.shared import SharedCache

MEMORY_URL = "memory://"


@dataclass(frozen=True, slots=True)
class MemoryLimits:
    """What the first level may hold in each process."""

    max_entries: int = 10_000
    max_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CacheClocks:
    """The clocks, in seconds: `wall` since 1970, which replicas share, and a monotonic one."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class TwoLevelCache:
    """A bounded map in this process, and behind it, where there is one, what replicas share.

    No method raises for what a level does.
    """

    memory: MemoryCache
    shared: "SharedCache | None"
    clock: Callable[[], float]
    statistics: CacheStatistics = field(default_factory=CacheStatistics)

    def local(self, key: str) -> Entry | None:
        """Read the first level only, which never waits; the entry may be stale."""
        entry: Entry | None = self.memory.find(key)
        return entry

    async def get(self, key: str) -> Entry | None:
        """Read the entry of `key`, from the second level where the first has no fresh one.

        Another replica may have asked anew since: of two entries the younger counts, and is kept in
        the first level for what is left of its time. It may be stale.
        """
        held = self.local(key)
        if self.shared is None or self._is_fresh(held):
            return held
        found = await self.shared.get(key)
        if found is None or (held is not None and held.stored_at >= found.stored_at):
            return held
        self._keep(key, found)
        return found

    async def set(self, key: str, entry: Entry) -> None:
        """Write `entry` to both levels."""
        self.statistics.stored += 1
        self._keep(key, entry)
        if self.shared is not None:
            await self.shared.set(key, entry, self._lifetime_s(entry))

    async def close(self) -> None:
        """Close the second level's connections."""
        if self.shared is not None:
            await self.shared.close()

    def _is_fresh(self, entry: Entry | None) -> bool:
        return entry is not None and freshness(entry, self.clock()) is Freshness.FRESH

    def _lifetime_s(self, entry: Entry) -> float:
        # Not above what it was given: another replica's clock may be ahead.
        return min(entry.expires_at - self.clock(), entry.fresh_for_s + entry.stale_for_s)

    def _keep(self, key: str, entry: Entry) -> None:
        self.memory.keep(key, entry, self._lifetime_s(entry))


def create_cache(
    url: str,
    secret: bytes,
    *,
    memory: MemoryLimits | None = None,
    shared: SharedLimits | None = None,
    clocks: CacheClocks | None = None,
) -> TwoLevelCache:
    """Make the cache of ``memory://`` (this process alone) or ``redis://…`` (shared by replicas).

    `secret`, at least 16 bytes, has to be the same in all replicas: it proves that an entry is
    theirs. Nothing connects until the first use. Raises ValueError for any other URL, which it does
    not repeat.
    """
    clocks = clocks or CacheClocks()
    memory = memory or MemoryLimits()
    statistics = CacheStatistics()
    level = MemoryCache(
        max_entries=memory.max_entries,
        max_bytes=memory.max_bytes,
        size_of=_payload_bytes,
        clock=clocks.monotonic,
    )
    if url == MEMORY_URL:
        return TwoLevelCache(level, None, clocks.wall, statistics)
    from gateway.cache.shared import SharedCache, create_redis_cache  # noqa: PLC0415 - decision 22

    limits = shared or SharedLimits()
    redis = create_redis_cache(url, limits)
    second = SharedCache(redis, EntryCodec(secret), statistics, limits, clocks.monotonic)
    return TwoLevelCache(level, second, clocks.wall, statistics)


def _payload_bytes(entry: Entry) -> int:
    return len(entry.payload)
