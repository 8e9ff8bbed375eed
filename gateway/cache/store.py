"""Both cache levels as one: memory, and behind it Redis where replicas share a cache."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.cache.entry import Entry, Freshness
from gateway.cache.memory import MemoryCache
from gateway.cache.options import CacheClocks, MemoryLimits, SharedLimits
from gateway.cache.redis_server import RedisServer
from gateway.cache.statistics import CacheStatistics

if TYPE_CHECKING:
    from gateway.cache.shared import SharedCache


@dataclass(frozen=True, slots=True)
class TwoLevelCache:
    """Entries in memory and, unless `shared` is None, in Redis; `clock` is a wall clock in seconds.

    No method raises for a failure of the shared level.
    """

    memory: MemoryCache[Entry]
    shared: "SharedCache | None"
    clock: Callable[[], float]
    statistics: CacheStatistics = field(default_factory=CacheStatistics)

    async def get(self, key: str, evicted_at: int = 0) -> Entry | None:
        """Return the entry of `key`, fresh or stale; None where there is none.

        One in memory from before the position `evicted_at` is none, as another replica may have a
        later one.
        The shared level is read where memory has no fresh entry, since another replica may have
        refreshed it. The younger entry wins, and is stored in memory for the rest of its lifetime.
        """
        entry = self.memory.get(key)
        if entry is not None and entry.position < evicted_at:
            entry = None
        if self.shared is None:
            return entry
        if entry is not None and entry.freshness(self.clock()) is Freshness.FRESH:
            return entry
        found = await self.shared.get(key)
        if found is None or (entry is not None and entry.stored_at >= found.stored_at):
            return entry
        self.memory.set(key, found, self._lifetime_s(found))
        return found

    async def set(self, key: str, entry: Entry) -> None:
        """Write `entry` to both levels, unless one from after a later eviction is there."""
        known = self.memory.get(key)
        if known is not None and known.position > entry.position:
            return
        self.statistics.stored += 1
        lifetime_s = self._lifetime_s(entry)
        self.memory.set(key, entry, lifetime_s)
        if self.shared is not None:
            await self.shared.set(key, entry, lifetime_s)

    async def close(self) -> None:
        """Close the connections of the shared level."""
        if self.shared is not None:
            await self.shared.close()

    def _lifetime_s(self, entry: Entry) -> float:
        # Capped, because the clock of the replica that stored it may be ahead.
        return min(entry.expires_at - self.clock(), entry.fresh_for_s + entry.stale_for_s)


def create_cache(
    server: RedisServer | None,
    secret: bytes,
    *,
    memory: MemoryLimits | None = None,
    shared: SharedLimits | None = None,
    clocks: CacheClocks | None = None,
) -> TwoLevelCache:
    """Create the cache of this process alone, or of all that share the Redis of `server`.

    `secret`, at least 16 bytes and the same in all replicas, authenticates the shared entries.
    Nothing connects before the first use.
    """
    clocks = clocks or CacheClocks()
    statistics = CacheStatistics()
    level: MemoryCache[Entry] = MemoryCache(
        memory or MemoryLimits(), lambda entry: len(entry.payload), clocks.monotonic
    )
    if server is None:
        return TwoLevelCache(level, None, clocks.wall, statistics)
    from gateway.cache.shared import SharedCache  # noqa: PLC0415 - decision 22

    second = SharedCache(server, secret, statistics, shared or server.limits(), clocks.monotonic)
    return TwoLevelCache(level, second, clocks.wall, statistics)
