"""From a page request to the windows that answer it.

A list is one or more *segments*, one after the other (a program's source types); each is an
upstream list with limit and offset. A page counts places, not items: an item that had to be left
out keeps its place, so that cursors count what the upstream counts.

A page that goes on from a cursor asks for the cursor's own item again: where that is no longer in
its place, the list has moved, and the page says so (`drift`); so it does where a window is empty
though the upstream's total says that there is more, which ends the list. One item beyond the page
tells whether there is more; only where a window is full at 100 does the upstream's total tell.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import Generic

from gateway.paging.arguments import LARGEST_SIZE, PageRequest
from gateway.paging.cursor import Position
from gateway.paging.page import Drift, ItemT, Page, Place
from gateway.wire.decode import Page as Window
from gateway.wire.warnings import UpstreamWarning

Fetch = Callable[[int, int, int], Awaitable[Window[ItemT]]]
"""Fetches a window by segment, offset and limit; the limit is always 1..100."""


async def walk(fetch: Fetch[ItemT], request: PageRequest, segments: int = 1) -> Page[ItemT]:
    """Fetch the page. Whatever `fetch` raises passes through."""
    walker = _Walker(fetch, request, segments)
    page = await (walker.backward() if request.backward else walker.forward())
    if page.left_out:
        page.warnings.append(_left_out(page.left_out))
    return page


def _left_out(count: int) -> UpstreamWarning:
    if count == 1:
        return UpstreamWarning(None, "1 promotion was left out because it could not be read.")
    return UpstreamWarning(
        None, f"{count} promotions were left out because they could not be read."
    )


class _Walker(Generic[ItemT]):
    def __init__(self, fetch: Fetch[ItemT], request: PageRequest, segments: int) -> None:
        self._fetch = fetch
        self._size = request.size
        self._after, self._before = request.after, request.before
        self._segments = segments
        self._page: Page[ItemT] = Page()

    # --- forward ------------------------------------------------------------------------------

    async def forward(self) -> Page[ItemT]:
        """Fetch the first items after a position, and one more to see whether there is one."""
        page, size = self._page, self._size
        segment, offset = (self._after.segment, self._after.offset) if self._after else (0, 0)
        overlap = 1 if self._after else 0
        while len(page.places) <= size:
            end = self._end_in(segment)
            limit = min(LARGEST_SIZE, size + 1 - len(page.places) + overlap)
            if end is not None:
                limit = max(1, min(limit, end - offset))
            window = await self._window(segment, offset, limit)
            if overlap:
                self._check(self._after, window.items[:1])
            places = _places(segment, offset, window.items)[overlap:]
            page.places += [p for p in places if end is None or p.position.offset < end]
            offset, overlap = offset + len(window.items), 0
            if end is not None and offset >= end:
                break
            if _is_last(window, offset, limit):
                if end is not None or segment + 1 == self._segments:
                    # What the total still counts is there, unless no cursor could lead to it.
                    page.has_next = bool(page.places) and _counts_beyond(window, offset)
                    break
                segment, offset = segment + 1, 0
            elif len(page.places) == size and window.total is not None:
                page.has_next = True
                break
        page.has_next = page.has_next or len(page.places) > size
        del page.places[size:]
        page.has_previous = self._is_beyond(self._after)
        return page

    def _end_in(self, segment: int) -> int | None:
        """Give the offset at which `before` ends the walk, where it does in this segment."""
        before = self._before
        if before is None or segment < before.segment:
            return None
        return before.offset if segment == before.segment else 0

    # --- backward -----------------------------------------------------------------------------

    async def backward(self) -> Page[ItemT]:
        """Fetch the last items before a position, or of the whole list."""
        page = self._page
        if self._before is not None:
            segment, end = self._before.segment, self._before.offset
            end = await self._fetch_before(segment, end, overlap=1)
        else:
            segment = self._segments - 1
            end = await self._fetch_tail(segment)
        while True:
            start = self._start_in(segment)
            if end > start and len(page.places) < self._size:
                end = await self._fetch_before(segment, end, overlap=0)
            elif end <= start and segment > self._lowest and len(page.places) < self._size:
                segment -= 1
                end = await self._fetch_tail(segment)
            else:
                break
        page.has_previous = end > start or await self._is_any_before(segment)
        page.has_next = self._is_beyond(self._before)
        return page

    @property
    def _lowest(self) -> int:
        return self._after.segment if self._after else 0

    def _start_in(self, segment: int) -> int:
        """Give the first offset that `after` leaves in this segment."""
        after = self._after
        if after is None or segment > after.segment:
            return 0
        return after.offset + 1 if segment == after.segment else sys.maxsize

    async def _fetch_before(self, segment: int, end: int, overlap: int) -> int:
        """Put what stands before `end` in front of the page; give the offset at which it begins."""
        need = min(self._size - len(self._page.places), LARGEST_SIZE - overlap)
        start = max(self._start_in(segment), end - need, 0)
        start = min(start, end)
        items, total = await self._stretch(segment, start, max(1, end - start + overlap))
        if overlap:
            self._check(self._before, items[end - start :])
        if len(items) < end - start:
            self._page.drift = Drift.SUSPECTED
            if not items:
                return await self._find_end(segment, start, total)
        self._page.places[:0] = _places(segment, start, items[: end - start])
        return start

    async def _stretch(
        self, segment: int, start: int, count: int
    ) -> tuple[list[ItemT | None], int | None]:
        """Fetch so many items, in more windows where the upstream gives fewer than it is asked for.

        There are fewer only where the list ends; gives its total as well.
        """
        items: list[ItemT | None] = []
        while True:
            window = await self._window(segment, start + len(items), count - len(items))
            items += window.items
            is_at_end = window.total is not None and start + len(items) >= window.total
            if not window.items or is_at_end or len(items) >= count:
                return items, window.total

    async def _find_end(self, segment: int, offset: int, total: int | None) -> int:
        """Go on where the list really ends, when it turned out to end before an offset."""
        if total is not None and total <= offset:
            return total
        return await self._fetch_tail(segment, trusts_total=False)

    async def _fetch_tail(self, segment: int, *, trusts_total: bool = True) -> int:
        """Find a segment's end, and put its items in front where the page has them all at hand.

        Gives the offset before which the walk goes on.
        """
        offset, limit = (0, LARGEST_SIZE) if self._size else (self._start_in(segment), 1)
        while True:
            window = await self._window(segment, offset, limit)
            end = offset + len(window.items)
            total = window.total if trusts_total else None
            if total is not None and total > end and window.items:
                return total
            if total is not None or len(window.items) < limit or not self._size:
                need = self._size - len(self._page.places)
                first = max(self._start_in(segment), end - need, offset)
                places = _places(segment, offset, window.items)
                self._page.places[:0] = places[first - offset :] if first < end else []
                return min(first, end)
            offset = end

    async def _is_any_before(self, segment: int) -> bool:
        """Tell whether an earlier segment has items; asks for one of each until one has."""
        for earlier in range(segment - 1, self._lowest - 1, -1):
            window = await self._window(earlier, self._start_in(earlier), 1)
            if window.items:
                return True
        return False

    # --- both ---------------------------------------------------------------------------------

    async def _window(self, segment: int, offset: int, limit: int) -> Window[ItemT]:
        window = await self._fetch(segment, offset, limit)
        page = self._page
        if window.items and (window.total or 0) < offset + len(window.items):
            window = window._replace(total=None)  # it counts less than it gives: not to be believed
        page.totals[segment] = window.total
        page.warnings.extend(w for w in window.warnings if w not in page.warnings)
        page.customer_id = window.customer_id
        if not window.items and _counts_beyond(window, offset):
            page.drift = Drift.SUSPECTED  # the upstream counts more than it gives
        return window._replace(items=window.items[:limit])  # some upstreams ignore the limit

    def _check(self, cursor: Position | None, found: list[ItemT | None]) -> None:
        """Suspect that the list has moved where a cursor's item is no longer in its place."""
        if cursor is None:
            return
        item = found[0] if found else None
        promotion_id = item.promotion_id if item is not None else None
        if not found or promotion_id != cursor.promotion_id:
            self._page.drift = Drift.SUSPECTED

    def _is_beyond(self, cursor: Position | None) -> bool:
        """Tell whether the list goes on beyond a cursor: it does, unless it has been emptied."""
        return cursor is not None and self._page.totals.get(cursor.segment) != 0


def _places(segment: int, offset: int, items: list[ItemT | None]) -> list[Place[ItemT]]:
    return [
        Place(Position(segment, offset + index, None if item is None else item.promotion_id), item)
        for index, item in enumerate(items)
    ]


def _counts_beyond(window: Window[ItemT], end: int) -> bool:
    return window.total is not None and window.total > end


def _is_last(window: Window[ItemT], end: int, limit: int) -> bool:
    """Tell whether a segment ends with this window, whose last item stands before `end`."""
    if not window.items:
        return True
    return len(window.items) < limit if window.total is None else end >= window.total
