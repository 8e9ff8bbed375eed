"""A stretch of one segment, which grows by windows at either end.

Windows that are put together overlap by one item: where that is not the same in both, or where
there is none, the list may have moved between two calls, and the page says so.

A window that is shorter than asked for ends the list, unless the upstream's total counts more. Then
what is missing is asked for, from where the window has ended, and as long as that brings something.
Where it brings nothing, the upstream may count more than it gives, or give nothing just now.
"""

from collections.abc import Awaitable, Callable
from typing import Generic

from gateway.errors import BudgetExceededError
from gateway.pagination.arguments import LARGEST_SIZE
from gateway.pagination.page import ConnectionPage, ItemT, id_of
from gateway.upstream.decoding.decode import UpstreamPage as Window

_MAX_STALLS = 2
_MAX_ENDS = 2
_FEW = 20  # places before an end: a window that happens to be short may well end there
_MAX_ATTEMPTS = 10
_MAX_NEAR = 5

Fetch = Callable[[int, int, int], Awaitable[Window[ItemT]]]
"""Fetches a window by segment, offset and limit; the limit is always 1..100."""


def plausible_total(window: Window[ItemT], offset: int) -> int | None:
    """Return a window's total; None where it counts fewer than there are up to the window's end."""
    total, end = window.total, offset + len(window.items)
    return None if total is not None and window.items and total < end else total


class WindowBuffer(Generic[ItemT]):
    """What is known of one segment: `items` from the offset `start` on, without a gap.

    `calls` is how many more it may make. `is_ended`: nothing follows the last item. `is_short`: the
    upstream gives fewer items than it is asked for, so that what is missing may be there.
    """

    def __init__(
        self, fetch: Fetch[ItemT], page: ConnectionPage[ItemT], segment: int, start: int, calls: int
    ) -> None:
        self._fetch = fetch
        self._page = page
        self.segment = segment
        self.start = start
        self.calls = calls
        self.items: list[ItemT | None] = []
        self.is_ended = False
        self.is_short = False
        self._stalls = 0  # windows in succession that have brought nothing new
        self._is_single = False

    @property
    def end(self) -> int:
        """Return the offset behind the last item."""
        return self.start + len(self.items)

    @property
    def total(self) -> int | None:
        """Return what the upstream counts, where that can be believed."""
        return self._page.totals.get(self.segment)

    @property
    def counts_more(self) -> bool:
        """Whether the upstream counts items behind the last one."""
        return self.counts_at(self.end)

    def counts_at(self, offset: int) -> bool:
        """Return whether the upstream counts an item at an offset."""
        return self.total is not None and self.total > offset

    @property
    def is_complete(self) -> bool:
        """Whether nothing follows, or the upstream says so."""
        return self.is_ended or (self.total is not None and not self.counts_more)

    def holds(self, offset: int) -> bool:
        """Return whether the item at an offset is known."""
        return self.start <= offset < self.end

    def id_at(self, offset: int) -> int | None:
        """Return the id of the item at an offset that is held; None where it could not be read."""
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

    def mark_drift_suspected(self) -> None:
        """Say that the page may not be what was asked for."""
        self._page.mark_drift_suspected()

    def mark_total_unreliable(self) -> None:
        """Say that the upstream counts what it does not give."""
        self._page.mark_total_unreliable(self.segment)

    # --- growing ------------------------------------------------------------------------------

    async def extend_forward(self, end: int, asked_end: int = 0) -> None:
        """Fetch what follows, up to an offset, the list's end, or the last call.

        Windows reach to `asked_end`, where that is farther, but none is made for it.
        """
        while self.end < end and not self.is_ended and self.calls > 0 and not self.is_stalled:
            try:
                await self._grow(max(end, asked_end))
            except BudgetExceededError:
                if not self._makes_do():
                    raise

    @property
    def is_stalled(self) -> bool:
        """Whether asking on has brought nothing new, so that only insisting might."""
        return self._stalls >= _MAX_STALLS

    @property
    def _overlap(self) -> int:
        return 1 if self.items and not self._is_single else 0

    async def _grow(self, end: int) -> None:
        overlap, known = self._overlap, self.end
        limit = min(LARGEST_SIZE, end - known + overlap)
        if self._stalls and not overlap:
            limit = LARGEST_SIZE - self._stalls  # an equal window has an equal answer
        found = await self._ask(known - overlap, limit)
        self._join_behind(found, overlap)
        if self.end > known:
            self._stalls = 0
        if len(found) < limit:
            self._judge_short(len(found), has_grown=self.end > known)

    def _join_behind(self, found: list[ItemT | None], overlap: int) -> None:
        if self.items and found and not (overlap and id_of(found[0]) == id_of(self.items[-1])):
            self.mark_drift_suspected()
        if overlap and not found:
            self.mark_drift_suspected()  # the last item was there a moment ago
        self.items += found[overlap:]

    def _judge_short(self, given: int, *, has_grown: bool) -> None:
        self._is_single = given <= 1
        if not self.counts_more:
            self.is_ended = True
        else:
            self.is_short = True
            self._stalls += not has_grown

    async def insist_on(self, place: int) -> None:
        """Ask on where nothing stands from `place` on although the total counts more.

        Nobody could go on from an empty page. So what comes next is asked for until it comes, or
        until windows that begin well before have ended twice where the list has: then it is the
        total that is wrong. Where such a window ends earlier, the upstream gives few items just
        now, and the end is not believed as long as there are calls.
        """
        if self.end > place or self.is_ended or not self.counts_more:
            return
        calls = self.calls
        ends, max_ends = 0, _MAX_ENDS if self.end >= _FEW else 2 * _MAX_ENDS
        for attempt in range(1, _MAX_ATTEMPTS + 1):
            self._is_single, self._stalls, self.calls = True, _MAX_STALLS + attempt, 1
            if ends == attempt - 1:
                ends += await self._ends_again(LARGEST_SIZE - _MAX_ATTEMPTS - attempt)
            else:
                await self._grow(self.end + 1)
            if self.end > place or ends == max_ends or not self.counts_more:
                break
        self.calls = calls
        if self.end <= place:
            self.mark_total_unreliable()
            self.is_ended = True

    async def confirm_end(self) -> None:
        """Take the end back, unless windows that begin before it end there, too."""
        calls = self.calls
        for attempt in range(1, _MAX_ENDS + 1):
            if not await self._ends_again(LARGEST_SIZE - _MAX_ATTEMPTS - attempt):
                self.is_ended = False
                break
        self.calls = calls

    async def _ends_again(self, limit: int) -> bool:
        """Return whether a window that begins before the end ends there; else take what it adds."""
        known = self.end
        offset = max(0, known - limit // 2)
        found = await self._ask(offset, limit)
        if offset + len(found) > known:
            overlap = 1 if self.items and offset < known else 0
            self._join_behind(found[known - offset - overlap :], overlap)
        return offset + len(found) == known

    async def extend_backward(
        self, start: int, asked_start: int | None = None, *, least: int = 2, has_end: bool = True
    ) -> None:
        """Fetch what precedes, down to an offset or the last call.

        Windows reach down to `asked_start`, but none is made for it. Where the upstream gives too
        few, what is nearest is asked for: `least` items or more. `has_end`: there has been an item
        at the end, and not only a total that counts so many.
        """
        lowest = start if asked_start is None else min(start, asked_start)
        while self.start > start and self.calls > 0:
            overlap = 1 if self.items else 0
            stop = self.start + overlap
            offset = max(lowest, stop - LARGEST_SIZE)
            try:
                found = await self._ask(offset, stop - offset)
            except BudgetExceededError:
                if self._makes_do():
                    return
                raise
            if len(found) < stop - offset and not self._ends_at(offset + len(found)):
                offset, found = await self._complete(offset, found, stop, least, has_end=has_end)
            if self.items and offset + len(found) < self.start:
                self.mark_drift_suspected()  # the list has become shorter than what is known of it
                return
            self._join_before(offset, found)
            if not overlap and self.end < stop:
                if not self.counts_more:
                    self.is_ended = not self.is_short
                return

    def _ends_at(self, offset: int) -> bool:
        return self.total is not None and self.total <= offset

    def _join_before(self, offset: int, found: list[ItemT | None]) -> None:
        new = found[: self.start - offset] if self.items else found
        if self.items and (len(found) == len(new) or id_of(found[-1]) != id_of(self.items[0])):
            self.mark_drift_suspected()
        self.items[:0] = new
        self.start = offset

    async def _complete(
        self, offset: int, found: list[ItemT | None], stop: int, least: int, *, has_end: bool
    ) -> tuple[int, list[ItemT | None]]:
        """Ask for what a window has lacked; return what there is of it nearest to its end."""
        given = len(found)
        part = WindowBuffer(self._fetch, self._page, self.segment, offset, self.calls)
        part.items, part._is_single, part._stalls = found, given <= 1, int(not given)
        while part.end < stop and part.calls > 0 and not part.is_stalled:
            await part._grow(stop)
            if self._ends_at(part.end) or (part.end < stop and part.calls == 1):
                break  # the last call is for what is nearest
        self.calls, found = part.calls, part.items[: stop - offset]
        self.is_short |= part.is_short
        if part.end >= stop or self._ends_at(part.end):
            return offset, found
        if len(found) == given and not has_end:
            return offset, found  # whoever looks for the end goes on
        if len(found) == given and not self.counts_at(stop - 1):
            return offset, found  # that is where the list ends
        self.mark_drift_suspected()
        self.is_short = True
        # Nobody could go on from an empty page: more attempts are worth their calls.
        is_empty = has_end and not self.items and not self._page.items
        nearest = max(offset, stop - max(least, given))
        for attempt in range(_MAX_NEAR if is_empty else min(1, self.calls)):
            near = await self._ask(nearest, LARGEST_SIZE - attempt if attempt else stop - nearest)
            near = near[: stop - nearest]
            if nearest + len(near) >= stop - 1:
                return nearest, near
            nearest = max(offset, stop - least)
        return offset, found

    def _makes_do(self) -> bool:
        """Make do with what is there, where the operation may make no more calls, if that is any.

        One item alone may be the cursor's own, on which no page can end.
        """
        if len(self.items) < 2:
            return False
        self.calls, self.is_short = 0, True
        return True

    async def _ask(self, offset: int, limit: int) -> list[ItemT | None]:
        self.calls -= 1
        window = await self._fetch(self.segment, offset, limit)
        page = self._page
        is_doubtful = self.segment in page.doubtful
        page.totals[self.segment] = None if is_doubtful else plausible_total(window, offset)
        page.warnings.extend(w for w in window.warnings if w not in page.warnings)
        page.customer_id = window.customer_id
        return window.items[:limit]  # some upstreams ignore the limit
