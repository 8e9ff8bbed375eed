"""The first level: a map that is bounded in entries and in bytes.

aiocache's own memory cache has no bound and one timer a key, which outlives `clear()`; and whoever
imports any of aiocache loads Redis' client (`docs/decisions/022-…`).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

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


class MemoryCache:
    """Keeps values until their time has passed or room is needed.

    What was used least lately goes first. `size_of` gives a value's bytes; a value above an eighth
    of `max_bytes` is not kept, because it would push out too much else. `clock` gives seconds.
    """

    def __init__(
        self,
        *,
        max_entries: int,
        max_bytes: int,
        size_of: Callable[[Any], int],
        clock: Callable[[], float],
    ) -> None:
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
        """Return what is kept under a key; None where nothing is, or not any more."""
        held = self._held.get(key)
        return None if held is None else held.value

    def keep(self, key: str, value: Any, lifetime_s: float) -> None:
        """Keep a value for so long, in the place of the one before, which goes in any case."""
        self._held.pop(key, None)
        size = self._size_of(value) + _OVERHEAD_BYTES
        if size > self._largest:
            return
        with self._held.timer:  # one time for all of it: what expires half-way raises KeyError
            while len(self._held) >= self._max_entries:
                self._held.popitem()
            self._held[key] = _Held(value, lifetime_s, size)
