"""A buffer of successive windows of one segment, which is extended at either end.

Windows overlap by one item. Where that item differs, or where windows do not overlap, the list may
have moved between two calls, and the page's drift is SUSPECTED.

A window that is shorter than its limit is the end of the list, unless the upstream's total counts
more items. Then the rest is requested from the window's end on, until nothing is returned. In that
case the total may be wrong, or the upstream may return too few items for the moment.
"""

from collections.abc import Awaitable, Callable
from typing import Generic

from gateway.errors import BudgetExceededError
from gateway.pagination.arguments import MAX_SIZE
from gateway.pagination.page import ConnectionPage, ItemT, id_of
from gateway.upstream.decoding.decode import UpstreamPage as Window

_MAX_STALLS = 2
_MIN_CONFIRMATIONS = 2
_FEW = 20  # items before an end: a window that is short by chance may well end there
_MAX_ATTEMPTS = 10
_MAX_ATTEMPTS_NEAR_END = 5

Fetch = Callable[[int, int, int], Awaitable[Window[ItemT]]]
"""Fetches a window by segment, offset and limit; the limit is 1..100."""


def plausible_total(window: Window[ItemT], offset: int) -> int | None:
    """Return a window's total; None where the window has items beyond that total."""
    total, end = window.total, offset + len(window.items)
    return None if total is not None and window.items and total < end else total


class WindowBuffer(Generic[ItemT]):
    """The items of one segment from the offset `start` on, without a gap.

    `remaining_calls` is the number of calls that it may still make. `is_ended`: nothing follows the
    last item. `is_short`: the upstream returns fewer items than requested, so that missing items
    may exist.
    """

    def __init__(
        self,
        fetch: Fetch[ItemT],
        page: ConnectionPage[ItemT],
        segment: int,
        start: int,
        remaining_calls: int,
    ) -> None:
        self._fetch = fetch
        self._page = page
        self.segment = segment
        self.start = start
        self.remaining_calls = remaining_calls
        self.items: list[ItemT | None] = []
        self.is_ended = False
        self.is_short = False
        self._stalls = 0  # windows in succession that have returned nothing new
        self._has_no_overlap = False

    @property
    def end(self) -> int:
        """Return the offset after the last item."""
        return self.start + len(self.items)

    @property
    def total(self) -> int | None:
        """Return the upstream's total, None where it is not plausible."""
        return self._page.totals.get(self.segment)

    @property
    def counts_more(self) -> bool:
        """Whether the total counts items after the last one."""
        return self.counts_at(self.end)

    def counts_at(self, offset: int) -> bool:
        """Whether the total counts an item at an offset."""
        return self.total is not None and self.total > offset

    @property
    def is_complete(self) -> bool:
        """Whether nothing follows the last item, as the upstream has shown, or by the total."""
        return self.is_ended or (self.total is not None and not self.counts_more)

    def holds(self, offset: int) -> bool:
        """Whether the item at an offset is in the buffer."""
        return self.start <= offset < self.end

    def id_at(self, offset: int) -> int | None:
        """Return the id of the item at an offset; None where it could not be read."""
        return id_of(self.items[offset - self.start])

    def find(self, promotion_id: int | None, expected: int) -> int | None:
        """Return the offset of an id, the nearest one to where it is expected; None if absent."""
        if promotion_id is None:
            return None
        offsets = [
            self.start + place
            for place, item in enumerate(self.items)
            if item is not None and item.promotion_id == promotion_id
        ]
        return min(offsets, key=lambda offset: abs(offset - expected), default=None)

    def mark_drift_suspected(self) -> None:
        """Mark that items of the page may be missing or repeated."""
        self._page.mark_drift_suspected()

    def mark_total_unreliable(self) -> None:
        """Mark that the total counts items that the upstream does not return."""
        self._page.mark_total_unreliable(self.segment)

    # --- extending ----------------------------------------------------------------------------

    async def extend_forward(self, end: int, preferred_end: int = 0) -> None:
        """Fetch the following items, up to the offset `end`, while calls remain.

        Windows reach to `preferred_end` where that is farther, but none is fetched for it alone.
        """
        while (
            self.end < end
            and not self.is_ended
            and self.remaining_calls > 0
            and not self.is_stalled
        ):
            try:
                await self._extend_once(max(end, preferred_end))
            except BudgetExceededError:
                if not self._accepts_partial():
                    raise

    @property
    def is_stalled(self) -> bool:
        """Whether the last windows have returned nothing new."""
        return self._stalls >= _MAX_STALLS

    @property
    def _overlap(self) -> int:
        return 1 if self.items and not self._has_no_overlap else 0

    async def _extend_once(self, end: int) -> None:
        overlap, known_end = self._overlap, self.end
        limit = min(MAX_SIZE, end - known_end + overlap)
        if self._stalls and not overlap:
            limit = MAX_SIZE - self._stalls  # an equal window would be served from the cache
        items = await self._load(known_end - overlap, limit)
        self._append(items, overlap)
        has_grown = self.end > known_end
        if has_grown:
            self._stalls = 0
        if len(items) < limit:
            self._has_no_overlap = len(items) <= 1
            if self.counts_more:
                self.is_short = True
                self._stalls += not has_grown
            else:
                self.is_ended = True

    def _append(self, items: list[ItemT | None], overlap: int) -> None:
        if self.items and items and not (overlap and id_of(items[0]) == id_of(self.items[-1])):
            self.mark_drift_suspected()
        if overlap and not items:
            self.mark_drift_suspected()  # the last item existed a moment ago
        self.items += items[overlap:]

    async def retry_at(self, offset: int) -> None:
        """Retry where no item was returned from `offset` on although the total counts more.

        An empty page has no cursor from which a client could continue. So the items are requested
        until they are returned, or until two windows that begin well before the end have the same
        end: then the total is wrong. Where such a window ends earlier, the upstream returns too few
        items for the moment, and the end is not accepted until the attempts are used up.
        """
        if self.end > offset or self.is_ended or not self.counts_more:
            return
        remaining_calls = self.remaining_calls
        confirmations = 0
        needed = _MIN_CONFIRMATIONS if self.end >= _FEW else 2 * _MIN_CONFIRMATIONS
        for attempt in range(1, _MAX_ATTEMPTS + 1):
            self._has_no_overlap, self._stalls, self.remaining_calls = (
                True,
                _MAX_STALLS + attempt,
                1,
            )
            if confirmations == attempt - 1:
                confirmations += await self._ends_again(MAX_SIZE - _MAX_ATTEMPTS - attempt)
            else:
                await self._extend_once(self.end + 1)
            if self.end > offset or confirmations == needed or not self.counts_more:
                break
        self.remaining_calls = remaining_calls
        if self.end <= offset:
            self.mark_total_unreliable()
            self.is_ended = True

    async def confirm_end(self) -> None:
        """Clear `is_ended`, unless windows that begin before the end have the same end."""
        remaining_calls = self.remaining_calls
        for attempt in range(1, _MIN_CONFIRMATIONS + 1):
            if not await self._ends_again(MAX_SIZE - _MAX_ATTEMPTS - attempt):
                self.is_ended = False
                break
        self.remaining_calls = remaining_calls

    async def _ends_again(self, limit: int) -> bool:
        """Whether a window that begins before the end has the same end; append items beyond it."""
        known_end = self.end
        offset = max(0, known_end - limit // 2)
        items = await self._load(offset, limit)
        if offset + len(items) > known_end:
            overlap = 1 if self.items and offset < known_end else 0
            self._append(items[known_end - offset - overlap :], overlap)
        return offset + len(items) == known_end

    async def extend_backward(
        self,
        start: int,
        preferred_start: int | None = None,
        *,
        min_items: int = 2,
        is_end_known: bool = True,
    ) -> None:
        """Fetch the preceding items, down to the offset `start`, while calls remain.

        Windows reach down to `preferred_start`, but none is fetched for it alone. Where the
        upstream returns too few items, at least the `min_items` nearest ones are requested.
        `is_end_known`: an item was seen at the end, not only counted by a total.
        """
        lowest = start if preferred_start is None else min(start, preferred_start)
        while self.start > start and self.remaining_calls > 0:
            overlap = 1 if self.items else 0
            stop = self.start + overlap
            offset = max(lowest, stop - MAX_SIZE)
            try:
                items = await self._load(offset, stop - offset)
            except BudgetExceededError:
                if self._accepts_partial():
                    return
                raise
            if len(items) < stop - offset and not self._ends_at(offset + len(items)):
                offset, items = await self._complete(
                    offset, items, stop, min_items, is_end_known=is_end_known
                )
            if self.items and offset + len(items) < self.start:
                self.mark_drift_suspected()  # the list is shorter than it was a moment ago
                return
            self._prepend(offset, items)
            if not overlap and self.end < stop:
                if not self.counts_more:
                    self.is_ended = not self.is_short
                return

    def _ends_at(self, offset: int) -> bool:
        return self.total is not None and self.total <= offset

    def _prepend(self, offset: int, items: list[ItemT | None]) -> None:
        new = items[: self.start - offset] if self.items else items
        if self.items and (len(items) == len(new) or id_of(items[-1]) != id_of(self.items[0])):
            self.mark_drift_suspected()
        self.items[:0] = new
        self.start = offset

    async def _complete(
        self,
        offset: int,
        items: list[ItemT | None],
        stop: int,
        min_items: int,
        *,
        is_end_known: bool,
    ) -> tuple[int, list[ItemT | None]]:
        """Request the missing items of a short window; return the items nearest to its end.

        Return their offset, too.
        """
        received = len(items)
        part = WindowBuffer(self._fetch, self._page, self.segment, offset, self.remaining_calls)
        part.items, part._has_no_overlap, part._stalls = items, received <= 1, int(not received)
        while part.end < stop and part.remaining_calls > 0 and not part.is_stalled:
            await part._extend_once(stop)
            if self._ends_at(part.end) or (part.end < stop and part.remaining_calls == 1):
                break  # the last call is for the nearest items
        self.remaining_calls, items = part.remaining_calls, part.items[: stop - offset]
        self.is_short |= part.is_short
        if part.end >= stop or self._ends_at(part.end):
            return offset, items
        if len(items) == received and not is_end_known:
            return offset, items  # the end is searched by the caller
        if len(items) == received and not self.counts_at(stop - 1):
            return offset, items  # the list ends there
        self.mark_drift_suspected()
        self.is_short = True
        # An empty page has no cursor from which a client could continue: worth more attempts.
        is_empty = is_end_known and not self.items and not self._page.items
        nearest = max(offset, stop - max(min_items, received))
        for attempt in range(_MAX_ATTEMPTS_NEAR_END if is_empty else min(1, self.remaining_calls)):
            near = await self._load(nearest, MAX_SIZE - attempt if attempt else stop - nearest)
            near = near[: stop - nearest]
            if nearest + len(near) >= stop - 1:
                return nearest, near
            nearest = max(offset, stop - min_items)
        return offset, items

    def _accepts_partial(self) -> bool:
        """Accept the buffer where the operation may make no more calls; return whether it suffices.

        One item alone does not suffice: it may be the cursor's own, on which no page can end.
        """
        if len(self.items) < 2:
            return False
        self.remaining_calls, self.is_short = 0, True
        return True

    async def _load(self, offset: int, limit: int) -> list[ItemT | None]:
        self.remaining_calls -= 1
        window = await self._fetch(self.segment, offset, limit)
        page = self._page
        is_unreliable = self.segment in page.unreliable
        page.totals[self.segment] = None if is_unreliable else plausible_total(window, offset)
        page.warnings.extend(w for w in window.warnings if w not in page.warnings)
        page.customer_id = window.customer_id
        return window.items[:limit]  # some upstreams ignore the limit
