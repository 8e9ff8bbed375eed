"""Automatic persisted queries: a text that once came with its hash is found by the hash alone.

They are remembered in this process, and where replicas share a cache also there. Nothing depends on
it: a hash that is not found any more costs the client a second request, with the text.
"""

import time
from collections.abc import Callable

from gateway.cache.entry import Entry, Freshness
from gateway.cache.keys import KeyMaker
from gateway.cache.memory import MemoryCache
from gateway.cache.options import MemoryLimits
from gateway.cache.store import TwoLevelCache

_KEPT_S = 24 * 3600.0
# Apart from the answers': whoever sends a thousand texts of his own pushes out texts, not answers.
_LIMITS = MemoryLimits(max_entries=2_000, max_bytes=16 * 1024 * 1024)
_LARGEST_BYTES = 64 * 1024
_BURST = 500
_SHARED_PER_S = 1 / 6


class Allowance:
    """How many texts a process may write where all replicas read: `burst`, then so many a second.

    Anybody may send new texts all day. Without this they would fill the shared level, which the
    platform's answers and quota are in as well. `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        burst: float = _BURST,
        per_s: float = _SHARED_PER_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._burst, self._per_s, self._clock = burst, per_s, clock
        self._left, self._at = burst, clock()

    def take(self) -> bool:
        """Take one, where one is left."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class AutomaticQueries:
    """Texts by their SHA-256; `shared` is the cache whose second level they share."""

    def __init__(
        self,
        shared: TwoLevelCache,
        keys: KeyMaker,
        *,
        limits: MemoryLimits = _LIMITS,
        allowance: Allowance | None = None,
    ) -> None:
        memory: MemoryCache[Entry] = MemoryCache(
            limits, lambda entry: len(entry.payload), time.monotonic
        )
        self._everywhere = TwoLevelCache(memory, shared.shared, shared.clock)
        self._here = TwoLevelCache(memory, None, shared.clock)
        self._keys = keys
        self._allowance = allowance or Allowance()

    async def find(self, sha256: str) -> str | None:
        """Return the text that has this hash; None where it is not known, or not any more."""
        return self._fresh(await self._everywhere.get(self._key(sha256)))

    async def keep(self, sha256: str, text: str) -> bool:
        """Remember a text that has this hash; tell whether it is a new one."""
        key, payload = self._key(sha256), text.encode()
        if len(payload) > _LARGEST_BYTES or self._fresh(await self._here.get(key)) is not None:
            return False
        level = self._everywhere if self._allowance.take() else self._here
        await level.set(key, Entry(payload, level.clock(), _KEPT_S))
        return True

    def _key(self, sha256: str) -> str:
        return self._keys.key("automatic persisted query", sha256)

    def _fresh(self, entry: Entry | None) -> str | None:
        clock = self._here.clock
        if entry is None or entry.freshness(clock()) is not Freshness.FRESH:
            return None
        return entry.payload.decode()
