"""Decoded pages: a response equal to the last one of its target is not decoded again.

A program's definitions are the same for all customers and change seldom. A window of them has some
500 kB and takes half a millisecond to decode; to compare it takes a twentieth of that.
"""

from typing import Any, Generic, NamedTuple, TypeVar

from cachetools import LRUCache

from gateway.upstream.decoding.decode import UpstreamPage

_I = TypeVar("_I")
_OVERHEAD_BYTES = 1024  # of a page and its entry in the map, rounded up


class _Entry(NamedTuple):
    target: str
    body: bytes
    page: UpstreamPage[Any]


def _size(entry: _Entry) -> int:
    """Estimate the bytes of an entry: a page takes as many as its body."""
    return _OVERHEAD_BYTES + len(entry.target) + 2 * len(entry.body)


class DecodedPageCache(Generic[_I]):
    """The last page of each target, `max_bytes` in all; the least recently used go first.

    The pages are shared: nobody changes one.
    """

    def __init__(self, max_bytes: int) -> None:
        self._entries: LRUCache[str, _Entry] = LRUCache(max_bytes, _size)

    def find(self, target: str, body: bytes) -> UpstreamPage[_I] | None:
        """Return the page that this very body of `target` was decoded to, or None."""
        entry = self._entries.get(target)
        return entry.page if entry is not None and entry.body == body else None

    def store(self, target: str, body: bytes, page: UpstreamPage[_I]) -> None:
        """Keep a page unless it is empty, too large, or lacks items, which is logged each time."""
        entry = _Entry(target, body, page)
        if page.items and not page.dropped and _size(entry) <= self._entries.maxsize:
            self._entries[target] = entry
