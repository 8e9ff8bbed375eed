"""Reading a whole list, for what the platform cannot search or sort, in a limited number of calls.

The list is read in windows of 100 items that overlap by one. The first one has the total, by which
all others are requested at once. Where the calls suffice for the items but not for the overlaps
(299 or 300 items in three calls), the windows are adjacent. Without a total, or where a window is
short although the total counts more, one window follows the other.

The list may move between two windows. If a window begins with the last item of the one before, or
has any other item that is known, every item that was in the list all the time has been read: it is
before that item in the windows before, or after it in this one (NONE, or REPAIRED). Otherwise drift
is SUSPECTED; of adjacent windows only where their totals differ.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic

from gateway.pagination.arguments import MAX_SIZE
from gateway.pagination.page import Drift, ItemT
from gateway.pagination.window_buffer import plausible_total
from gateway.upstream.decoding.decode import UpstreamPage as Window
from gateway.upstream.normalise.warnings import UpstreamWarning

Load = Callable[[int, int], Awaitable[Window[ItemT]]]
"""Loads a window by offset and limit."""

_MAX_STALLS = 2


class TooManyItemsError(Exception):
    """The list has more items than the calls suffice for, or does not end within them."""


class WholeList(Generic[ItemT]):
    """A list as far as it has been read.

    `items` are the readable ones, each once, in the upstream's order; `dropped` counts the others.
    `is_complete`: the upstream has returned as many items as it counts.
    """

    def __init__(self, max_calls: int) -> None:
        self._remaining_calls = max_calls
        self._ids: dict[tuple[int, int], ItemT] = {}
        self._last_ids: tuple[int, int] | None = None
        self._end = 0  # the offset after the last item
        self._total: int | None = None
        self._is_ended = False
        self._is_short = False  # whether the last window had fewer items than the total counts
        self._has_gap = False
        self._stalls = 0  # windows in succession that have returned nothing new
        self.dropped = 0
        self.drift = Drift.NONE
        self.warnings: list[UpstreamWarning] = []
        self.customer_id: int | None = None

    @property
    def items(self) -> Iterable[ItemT]:
        """Return the readable items."""
        return self._ids.values()

    @property
    def is_complete(self) -> bool:
        """Whether the upstream has returned all that it counts."""
        return not self._has_gap and not self._has_more

    @property
    def _has_more(self) -> bool:
        """Whether more items may follow."""
        return not self._is_ended and (self._total is None or self._total > self._end)

    async def read(self, load: Load[ItemT]) -> None:
        """Read the list; raise TooManyItemsError, or whatever `load` raises."""
        max_items = self._remaining_calls * MAX_SIZE
        offsets, limit = [0], MAX_SIZE
        while True:
            self._remaining_calls -= len(offsets)
            for offset, window in zip(offsets, await _load_all(load, offsets, limit), strict=True):
                self._add(window, offset, limit)
            if self._total is not None and self._total > max_items:
                raise TooManyItemsError
            if not self._has_more or self._stalls == _MAX_STALLS or not self._remaining_calls:
                break
            offsets, limit = self._following()
        if self._has_more and not self._is_short and not self._has_gap:
            raise TooManyItemsError
        if not self.is_complete:
            self.drift = Drift.SUSPECTED

    def _following(self) -> tuple[list[int], int]:
        """Return the offsets of the windows to request next, and their limit."""
        if self._total is None or self._is_short:
            # An equal window, which has just returned too little, would come from the cache.
            return [self._end - (not self._stalls)], MAX_SIZE - self._stalls
        remaining = self._total - self._end
        overlap = 1 if remaining <= self._remaining_calls * (MAX_SIZE - 1) else 0
        step = MAX_SIZE - overlap
        count = min(-(-remaining // step), self._remaining_calls)
        return [self._end - overlap + step * number for number in range(count)], MAX_SIZE

    def _add(self, window: Window[ItemT], offset: int, limit: int) -> None:
        """Add a window, which overlaps by an item with the one before, or is adjacent to it."""
        items = window.items[:limit]  # some upstreams ignore the limit
        total, known_end = plausible_total(window, offset), self._end
        is_first = not known_end and not self._stalls
        has_overlap = offset < known_end
        ids = [None if item is None else (item.program_id, item.promotion_id) for item in items]
        if has_overlap and ids[:1] == [self._last_ids]:
            del items[:1]
        elif not is_first:
            self._judge(ids, has_overlap=has_overlap, has_moved=total != self._total)
        for item in items:
            if item is None:
                self.dropped += 1
            else:
                self._ids.setdefault((item.program_id, item.promotion_id), item)
        if ids:
            self._last_ids = ids[-1]
        self._total = total
        self._end = max(known_end, offset + len(ids))
        self._has_gap |= offset > known_end  # the window before was short
        self._stalls = 0 if self._end > known_end else self._stalls + 1
        counts_more = total is not None and total > self._end
        self._is_short = len(ids) < limit and counts_more
        self._is_ended = len(ids) < limit and not counts_more
        self.warnings += [each for each in window.warnings if each not in self.warnings]
        self.customer_id = window.customer_id

    def _judge(
        self, ids: list[tuple[int, int] | None], *, has_overlap: bool, has_moved: bool
    ) -> None:
        """Set the drift by the ids of a window that does not begin with the last item before it."""
        if self.drift is Drift.SUSPECTED:
            return
        if not self._ids.keys().isdisjoint(ids):
            self.drift = Drift.REPAIRED
        elif has_overlap or has_moved:
            self.drift = Drift.SUSPECTED


async def _load_all(load: Load[ItemT], offsets: list[int], limit: int) -> list[Window[ItemT]]:
    """Load windows concurrently; the first error cancels the rest and is raised."""
    if len(offsets) == 1:
        return [await load(offsets[0], limit)]
    tasks = [asyncio.ensure_future(load(offset, limit)) for offset in offsets]
    try:
        return [await task for task in tasks]
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
