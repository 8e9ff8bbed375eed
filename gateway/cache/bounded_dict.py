"""A map of bounded length; for bounds in size or lifetime there is cachetools."""

from collections import OrderedDict
from typing import TypeVar

_K = TypeVar("_K")
_V = TypeVar("_V")
_set = OrderedDict.__setitem__


class BoundedDict(OrderedDict[_K, _V]):
    """Holds at most `max_items`: setting an item makes it the newest, and may evict the oldest.

    Reading an item does not make it newer, unlike in cachetools' LRUCache, whose reads take three
    times as long; `use` does.
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
