"""Automatic persisted queries: a text that came once with its hash is found by the hash alone.

They are stored in this process and, if replicas share a cache, there too. A hash that is no longer
found costs the client a second request, with the text.
"""

import time
from collections.abc import Callable

from gateway.cache.entry import Entry, Freshness
from gateway.cache.keys import KeyMaker
from gateway.cache.memory import MemoryCache
from gateway.cache.options import MemoryLimits
from gateway.cache.store import TwoLevelCache

_TTL_S = 24 * 3600.0
# Separate from the cache of upstream responses, which a client with many texts must not evict.
_LIMITS = MemoryLimits(max_entries=2_000, max_bytes=16 * 1024 * 1024)
_MAX_TEXT_BYTES = 64 * 1024
_BURST = 500
_SHARED_PER_S = 1 / 6


class TokenBucket:
    """Limits the texts that this process writes to the shared level: `burst`, then `per_s`.

    Clients may send new texts without end, which would fill the shared level for everything else
    in it. `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        burst: float = _BURST,
        per_s: float = _SHARED_PER_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._burst, self._per_s, self._clock = burst, per_s, clock
        self._tokens, self._updated_at = burst, clock()

    def try_acquire(self) -> bool:
        """Acquire one token; False if there is none."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._updated_at) * self._per_s)
        self._updated_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class AutomaticQueries:
    """Texts by their SHA-256; `shared` is the cache whose second level is used."""

    def __init__(
        self,
        shared: TwoLevelCache,
        keys: KeyMaker,
        *,
        limits: MemoryLimits = _LIMITS,
        shared_writes: TokenBucket | None = None,
    ) -> None:
        memory: MemoryCache[Entry] = MemoryCache(
            limits, lambda entry: len(entry.payload), time.monotonic
        )
        self._both_levels = TwoLevelCache(memory, shared.shared, shared.clock)
        self._memory_only = TwoLevelCache(memory, None, shared.clock)
        self._keys = keys
        self._shared_writes = shared_writes or TokenBucket()

    async def find(self, sha256: str) -> str | None:
        """Return the text with this hash; None if it is unknown or expired."""
        return self._fresh(await self._both_levels.get(self._key(sha256)))

    async def store(self, sha256: str, text: str) -> bool:
        """Store a text with this hash; return whether it was stored and new."""
        key, payload = self._key(sha256), text.encode()
        if len(payload) > _MAX_TEXT_BYTES:
            return False
        if self._fresh(await self._memory_only.get(key)) is not None:
            return False
        level = self._both_levels if self._shared_writes.try_acquire() else self._memory_only
        await level.set(key, Entry(payload, level.clock(), _TTL_S))
        return True

    def _key(self, sha256: str) -> str:
        return self._keys.key("automatic persisted query", sha256)

    def _fresh(self, entry: Entry | None) -> str | None:
        clock = self._memory_only.clock
        if entry is None or entry.freshness(clock()) is not Freshness.FRESH:
            return None
        return entry.payload.decode()
