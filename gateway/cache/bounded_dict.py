"""The map that is bounded in items; cachetools bounds those of sizes and lifetimes."""

from collections import OrderedDict
from typing import TypeVar

_K = TypeVar("_K")
_V = TypeVar("_V")
_set = OrderedDict.__setitem__


class BoundedDict(OrderedDict[_K, _V]):
    """At most `max_items`: setting an item makes it the newest, and drops the oldest if need be.

    Reading an item does not change its place, as it does in cachetools' LRUCache, whose reads take
    three times as long; `use` reads as a least-recently-used cache.
    """

    def __init__(self, max_items: int) -> None:
        super().__init__()
        self._max_items = max_items

    def __setitem__(self, key: _K, value: _V) -> None:
        _set(self, key, value)
        self.move_to_end(key)
        if len(self) > self._max_items:
            self.popitem(last=False)

    def use(self, key: _K) -> _V | None:
        """Return an item, which becomes the newest; None if there is none."""
        value = self.get(key)
        if value is not None:
            self.move_to_end(key)
        return value
