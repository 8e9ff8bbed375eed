"""The first cache level: a map in this process, bounded in entries and in bytes.

aiocache's own memory cache has no bound, and one timer a key, which outlives `clear()`; importing
aiocache also loads Redis' client (`docs/decisions/022-optional-parts-are-imported-lazily.md`).
"""

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from cachetools import TLRUCache

from gateway.cache.options import MemoryLimits

_V = TypeVar("_V")
_OVERHEAD_BYTES = 512  # of an entry in the map, measured and rounded up


class _Slot(NamedTuple, Generic[_V]):
    value: _V
    lifetime_s: float
    size: int


class MemoryCache(Generic[_V]):
    """A TTL cache that evicts the least recently used value where it is full.

    `size_of` returns a value's bytes; a value above an eighth of `limits.max_bytes` is not stored,
    because it would evict too many others. `clock` is in seconds.
    """

    def __init__(
        self, limits: MemoryLimits, size_of: Callable[[_V], int], clock: Callable[[], float]
    ) -> None:
        self._max_entries = limits.max_entries
        self._max_value_bytes = limits.max_bytes // 8
        self._size_of = size_of
        self._slots: TLRUCache[str, _Slot[_V]] = TLRUCache(
            limits.max_bytes,
            lambda _key, slot, now: now + slot.lifetime_s,
            clock,
            lambda slot: slot.size,
        )

    @property
    def entries(self) -> int:
        """Return the number of values."""
        return len(self._slots)

    @property
    def bytes(self) -> int:
        """Return the estimated bytes of all values, their overhead included."""
        return int(self._slots.currsize)

    def get(self, key: str) -> _V | None:
        """Return the value of a key; None where there is none, or it has expired."""
        slot = self._slots.get(key)
        return None if slot is None else slot.value

    def set(self, key: str, value: _V, lifetime_s: float) -> None:
        """Store a value; the one before it is dropped even if the new one is too large to store."""
        self._slots.pop(key, None)
        size = self._size_of(value) + _OVERHEAD_BYTES
        if size > self._max_value_bytes:
            return
        with self._slots.timer:  # stops the clock: popitem raises KeyError if the last one expires
            while len(self._slots) >= self._max_entries:
                self._slots.popitem()
            self._slots[key] = _Slot(value, lifetime_s, size)
