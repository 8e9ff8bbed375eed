"""Pages that have been read: an answer that has not changed is not decoded again.

A program's definitions are the same for all customers, and mostly what they were a minute ago: a
window of them is some 500 kB, takes half a millisecond to decode, and a twentieth of that to
compare. Each is asked for all the same, or remembered as the cache's policy says.
"""

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from cachetools import LRUCache

from gateway.upstream.decoding.decode import UpstreamPage

_I = TypeVar("_I")
_OVERHEAD_BYTES = 1024  # of a page and its places in the map, rounded up


class _Known(NamedTuple):
    target: str
    body: bytes
    page: UpstreamPage[Any]


def _size(known: _Known) -> int:
    """Estimate the bytes of all of it: a page takes as many as its answer."""
    return _OVERHEAD_BYTES + len(known.target) + 2 * len(known.body)


class DecodedPageCache(Generic[_I]):
    """The last page of each target, as long as they and their answers take `most_bytes` together.

    What was asked for least lately goes first, and an empty page is not worth a place. Whoever gets
    a page does not write to it.
    """

    def __init__(self, most_bytes: int) -> None:
        self._known: LRUCache[str, _Known] = LRUCache(most_bytes, _size)

    def read(
        self, target: str, body: bytes, read: Callable[[bytes], UpstreamPage[_I]]
    ) -> UpstreamPage[_I]:
        """Return the page of an answer, which `read` decodes unless it is the target's last one.

        A page with an item left out is read each time: that is to be logged. Raises what `read`
        raises.
        """
        known = self._known.get(target)
        if known is not None and known.body == body:
            return known.page
        page = read(body)
        read_now = _Known(target, body, page)
        if page.items and not page.left_out and _size(read_now) <= self._known.maxsize:
            self._known[target] = read_now
        return page
