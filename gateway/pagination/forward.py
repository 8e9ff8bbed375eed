"""The first items of a list, or the first after a cursor."""

from gateway.pagination.arguments import LookAhead, window_size
from gateway.pagination.direction import Direction
from gateway.pagination.page import ConnectionPage, CursorContext, Drift, ItemT
from gateway.pagination.resume_point import ResumePoint, locate
from gateway.pagination.window_buffer import WindowBuffer, plausible_total
from gateway.upstream.decoding.decode import UpstreamPage as Window

_BEGINNING = ResumePoint(0, Drift.NONE, 0)


def first_page_from_window(
    window: Window[ItemT], size: int, look_ahead: LookAhead
) -> ConnectionPage[ItemT] | None:
    """Return the first page of a list of one segment, where its first window leaves no question.

    The window was asked for `window_size(size, look_ahead)` items. Either the page is full and it
    is known whether there is more, or the window is the whole list, and nothing speaks against
    that. None, where there is more to ask: then a walk does.
    """
    asked = window_size(size, look_ahead)
    items = window.items[:asked]  # some upstreams ignore the limit
    given, total = len(items), plausible_total(window, 0)
    counts_more = total is not None and total > given
    if given < size and counts_more:
        return None
    if given == size == asked and not counts_more and look_ahead is LookAhead.NEEDED:
        return None
    has_next = given > size or counts_more or (given == size == asked and total is None)
    warnings = list(dict.fromkeys(window.warnings)) if window.warnings else []
    shown = range(min(given, size))
    return ConnectionPage(
        items[:size],
        [(CursorContext(0, 0, items, (), (), 0), shown)] if shown else [],
        has_next=has_next,
        totals={0: total},
        warnings=warnings,
        customer_id=window.customer_id,
    )


class Forward(Direction[ItemT]):
    """A walk towards the end of a list."""

    async def run(self) -> ConnectionPage[ItemT]:
        """Fetch the page, segment after segment."""
        segment = self.after.segment if self.after else 0
        while True:
            stretch, border = await self._open(segment)
            has_more = await self._take(stretch, border)
            if has_more is not None:
                break
            segment += 1
        self.page.has_next = has_more
        return self.page

    async def _open(self, segment: int) -> tuple[WindowBuffer[ItemT], ResumePoint]:
        """Fetch as much of a segment as is wanted, and find where the page goes on in it."""
        after = self.after
        if after is None or segment != after.segment:
            stretch = self.stretch(segment, 0, self.window_size())
            if not self.wanted:
                stretch.calls = 1
            await stretch.extend_forward(max(1, self.wanted), self.window_size())
            return stretch, _BEGINNING
        start = after.offset
        stretch = self.stretch(segment, start, self.window_size(overlap=1))
        await stretch.extend_forward(start + 1 + self.wanted, start + self.window_size(overlap=1))
        await stretch.insist_on(start)  # what has only not been given is not gone
        border = await locate(stretch, after, is_forward=True)
        self.note(border.drift)
        self.repaired = border.repaired
        await stretch.extend_forward(
            border.offset + self.wanted, border.offset + self.window_size()
        )
        self.page.has_previous = self._is_any_before(stretch, border.offset)
        return stretch, border

    async def _take(self, stretch: WindowBuffer[ItemT], border: ResumePoint) -> bool | None:
        """Put a segment's items on the page; return whether there is more, None to go on."""
        begin, stop = border.offset, self._stop(stretch, border)
        if self.wanted and not self.page.items and (stop is None or stop > begin):
            await stretch.insist_on(begin)
        end = min(stretch.end, begin + self.wanted)
        if stop is not None:
            end = min(end, stop)
        if end > begin:
            cursor = self.after if self.after and self.after.segment == stretch.segment else None
            items, run = self.show(stretch, range(begin, end), cursor, border)
            self.page.items += items
            self.page.runs.append(run)
            self.wanted -= end - begin
        place = max(begin, end)
        if stop is not None and stop <= max(stretch.end if self.wanted else place, begin):
            return False
        if not self.wanted and self.look_ahead is not LookAhead.NEEDED:
            return stretch.end > place or not stretch.is_complete  # nobody asks for it
        if not self.wanted:
            # A total that promises too much costs the client an empty page, less than to look.
            if stretch.end > place or stretch.counts_more:
                return True
            await stretch.extend_forward(place + 1)
            if stretch.end > place:
                return True
        if not stretch.is_ended:
            return self._leave_off(stretch)
        return None if stop is None and stretch.segment + 1 < self.segments else False

    def _stop(self, stretch: WindowBuffer[ItemT], border: ResumePoint) -> int | None:
        """Return the offset at which `before` ends the walk, where it does in this segment."""
        before, after = self.before, self.after
        if before is None or stretch.segment < before.segment:
            return None
        if stretch.segment > before.segment:
            return 0
        is_shifted = after is not None and after.segment == before.segment
        shift = border.offset - after.offset - 1 if after and is_shifted else 0
        return self.bound(stretch, before, shift)

    def _leave_off(self, stretch: WindowBuffer[ItemT]) -> bool:
        """End a page for which the calls did not suffice."""
        page = self.page
        if stretch.is_short:
            page.mark_drift_suspected()
        if not stretch.counts_more and len(page.items) > 1:
            page.cut(0, len(page.items) - 1)  # the last has been seen, and tells that there is more
        return stretch.counts_more or bool(page.items) or stretch.total is None

    def _is_any_before(self, stretch: WindowBuffer[ItemT], begin: int) -> bool:
        if stretch.items:
            return begin > 0 or stretch.segment > 0
        is_empty = stretch.start == 0 or stretch.total == 0
        return stretch.segment > 0 or not is_empty
