"""A stretch of one segment, which grows by windows at either end.

Windows that are put together overlap by one item: where that is not the same in both, or where
there is none, the list may have moved between two calls, and the page says so.

A window that is shorter than asked for ends the list, unless the upstream's total counts more. Then
one more window is asked for. Where that brings more, the upstream gives fewer than it is asked for;
where it brings nothing, it counts more than it gives, and nobody knows which of the two is wrong.
"""

from collections.abc import Awaitable, Callable
from typing import Generic

from gateway.paging.arguments import LARGEST_SIZE
from gateway.paging.page import ItemT, Page, id_of
from gateway.wire.decode import Page as Window

Fetch = Callable[[int, int, int], Awaitable[Window[ItemT]]]
"""Fetches a window by segment, offset and limit; the limit is always 1..100."""


def believable(window: Window[ItemT], offset: int) -> int | None:
    """Give a window's total; None where it counts fewer than there are up to the window's end."""
    total, end = window.total, offset + len(window.items)
    return None if total is not None and window.items and total < end else total


class Stretch(Generic[ItemT]):
    """What is known of one segment: `items` from the offset `start` on, without a gap.

    `calls` is how many more it may make. `is_ended`: nothing follows the last item. `is_short`: the
    upstream gives fewer items than it is asked for, so that what is missing may be there.
    """

    def __init__(
        self, fetch: Fetch[ItemT], page: Page[ItemT], segment: int, start: int, calls: int
    ) -> None:
        self._fetch = fetch
        self._page = page
        self.segment = segment
        self.start = start
        self.calls = calls
        self.items: list[ItemT | None] = []
        self.is_ended = False
        self.is_short = False
        self._has_tried_again = False
        self._is_single = False

    @property
    def end(self) -> int:
        """Give the offset behind the last item."""
        return self.start + len(self.items)

    @property
    def total(self) -> int | None:
        """Give what the upstream counts, where that can be believed."""
        return self._page.totals.get(self.segment)

    def holds(self, offset: int) -> bool:
        """Tell whether the item at an offset is known."""
        return self.start <= offset < self.end

    def id_at(self, offset: int) -> int | None:
        """Give the id of the item at an offset that is held; None where it could not be read."""
        return id_of(self.items[offset - self.start])

    def find(self, promotion_id: int | None, expected: int) -> int | None:
        """Find the offset of an id, the nearest to where it is expected."""
        if promotion_id is None:
            return None
        offsets = [
            self.start + place
            for place, item in enumerate(self.items)
            if item is not None and item.promotion_id == promotion_id
        ]
        return min(offsets, key=lambda offset: abs(offset - expected), default=None)

    def suspect(self) -> None:
        """Say that the page may not be what was asked for."""
        self._page.suspect()

    def doubt(self) -> None:
        """Say that the upstream counts what it does not give."""
        self._page.doubt(self.segment)

    # --- growing ------------------------------------------------------------------------------

    async def grow_to(self, end: int) -> None:
        """Fetch what follows, up to an offset, the list's end, or the last call."""
        while self.end < end and not self.is_ended and not self.is_short and self.calls > 0:
            overlap = 1 if self.items and not self._is_single else 0
            offset, known = self.end - overlap, self.end
            limit = min(LARGEST_SIZE, end - offset)
            if self._has_tried_again and not self.items:
                limit += 1 if limit < LARGEST_SIZE else -1  # an equal window has an equal answer
            found = await self._ask(offset, limit)
            self._join_behind(found, overlap)
            if len(found) < limit:
                self._judge_short(len(found), has_grown=self.end > known)

    def _join_behind(self, found: list[ItemT | None], overlap: int) -> None:
        if self.items and found and not (overlap and id_of(found[0]) == id_of(self.items[-1])):
            self.suspect()
        if overlap and not found:
            self.suspect()  # the last item was there a moment ago
        self.items += found[overlap:]

    def _judge_short(self, given: int, *, has_grown: bool) -> None:
        if self.total is None or self.total <= self.end:
            self.is_ended = True
        elif not self._has_tried_again:
            self._has_tried_again, self._is_single = True, given <= 1
        elif has_grown:
            self.is_short = True
        else:
            self.doubt()
            self.is_ended = True

    async def grow_from(self, start: int, *, least: int = 2) -> None:
        """Fetch what precedes, down to an offset or the last call.

        Where the upstream gives too few, what is nearest is asked for: `least` items or more.
        """
        while self.start > start and not self.is_short and self.calls > 0:
            overlap = 1 if self.items else 0
            stop = self.start + overlap
            offset = max(start, stop - LARGEST_SIZE)
            found = await self._ask(offset, stop - offset)
            if len(found) < stop - offset and not self._ends_at(offset + len(found)):
                offset, found = await self._ask_again(offset, found, stop, least)
            if offset + len(found) < stop and self.items:
                self.suspect()  # the list has become shorter than what is known of it
                return
            self._join_before(offset, found, overlap)
            if not overlap and self.end < stop:
                self.is_ended = not self.is_short
                return

    def _ends_at(self, offset: int) -> bool:
        return self.total is not None and self.total <= offset

    def _join_before(self, offset: int, found: list[ItemT | None], overlap: int) -> None:
        if overlap and id_of(found[-1]) != id_of(self.items[0]):
            self.suspect()
        self.items[:0] = found[: len(found) - overlap]
        self.start = offset

    async def _ask_again(
        self, offset: int, found: list[ItemT | None], stop: int, least: int
    ) -> tuple[int, list[ItemT | None]]:
        """Ask for what a window has lacked; give what there is of it nearest to its end."""
        given = len(found)
        if self.calls > 0:
            overlap = 1 if given > 1 else 0
            limit = stop - offset - given + overlap
            if not given:
                limit += 1 if limit < LARGEST_SIZE else -1
            rest = await self._ask(offset + given - overlap, limit)
            if given and not (overlap and rest and id_of(rest[0]) == id_of(found[-1])):
                self.suspect()
            found = (found + rest[overlap:])[: stop - offset]
        if offset + len(found) == stop or self._ends_at(offset + len(found)):
            return offset, found
        if len(found) == given:  # that is where the list ends
            if self.total is not None:
                self.doubt()
            return offset, found
        self.suspect()
        self.is_short = True
        nearest = max(offset, stop - max(least, given))
        near = await self._ask(nearest, stop - nearest) if self.calls > 0 else []
        return (nearest, near) if near else (offset, found)

    async def _ask(self, offset: int, limit: int) -> list[ItemT | None]:
        self.calls -= 1
        window = await self._fetch(self.segment, offset, limit)
        page = self._page
        is_doubtful = self.segment in page.doubtful
        page.totals[self.segment] = None if is_doubtful else believable(window, offset)
        page.warnings.extend(w for w in window.warnings if w not in page.warnings)
        page.customer_id = window.customer_id
        return window.items[:limit]  # some upstreams ignore the limit
