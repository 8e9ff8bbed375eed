"""The first level: aiocache's interface over a map that is bounded in entries and in bytes.

aiocache's own memory cache has no bound and one timer a key, which outlives `clear()`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from aiocache.base import BaseCache  # type: ignore[import-untyped]
from aiocache.serializers import NullSerializer  # type: ignore[import-untyped]
from cachetools import TLRUCache

_OVERHEAD_BYTES = 512  # of an entry and its places in the map, measured and rounded up


class _Held(NamedTuple):
    value: Any
    lifetime_s: float
    size: int


def _until(_key: str, held: _Held, now: float) -> float:
    return now + held.lifetime_s


def _size(held: _Held) -> int:
    return held.size


class MemoryCache(BaseCache):  # type: ignore[misc]  # aiocache has no types
    """Keeps values until their `ttl` (seconds, None for ever) has passed or room is needed.

    What was used least lately goes first. `size_of` gives a value's bytes; a value above an eighth
    of `max_bytes` is not kept, because it would push out too much else. `clock` gives seconds.
    """

    NAME = "memory"

    def __init__(
        self,
        *,
        max_entries: int,
        max_bytes: int,
        size_of: Callable[[Any], int],
        clock: Callable[[], float],
    ) -> None:
        # No timeout: nothing here waits, and aiocache's costs as much as five gets.
        super().__init__(serializer=NullSerializer(), timeout=None)
        self._max_entries = max_entries
        self._largest = max_bytes // 8
        self._size_of = size_of
        self._held: TLRUCache[str, _Held] = TLRUCache(max_bytes, _until, clock, _size)

    @property
    def entries(self) -> int:
        """How many values are held."""
        return len(self._held)

    @property
    def bytes(self) -> int:
        """How many bytes they take, an estimate of their overhead included."""
        return int(self._held.currsize)

    def find(self, key: str) -> Any:
        """Give what `get` gives, without aiocache's plug-ins, which cost more than the look-up."""
        held = self._held.get(key)
        return None if held is None else held.value

    def keep(self, key: str, value: Any, ttl: float | None = None) -> bool:
        """Keep a value as `set` does; say whether it was not too large."""
        self._held.pop(key, None)
        size = self._size_of(value) + _OVERHEAD_BYTES
        if size > self._largest:
            return False
        lifetime_s = float("inf") if ttl is None else ttl
        with self._held.timer:  # one time for all of it: what expires half-way raises KeyError
            while len(self._held) >= self._max_entries:
                self._held.popitem()
            self._held[key] = _Held(value, lifetime_s, size)
        return True

    async def _get(self, key: str, encoding: str | None = None, _conn: Any = None) -> Any:
        return self.find(key)

    async def _set(
        self,
        key: str,
        value: Any,
        ttl: float | None = None,
        _cas_token: Any = None,
        _conn: Any = None,
    ) -> bool:
        return self.keep(key, value, ttl)

    async def _delete(self, key: str, _conn: Any = None) -> int:
        return 0 if self._held.pop(key, None) is None else 1

    async def _exists(self, key: str, _conn: Any = None) -> bool:
        return key in self._held

    async def _clear(self, namespace: str | None = None, _conn: Any = None) -> bool:
        self._held.clear()
        return True
