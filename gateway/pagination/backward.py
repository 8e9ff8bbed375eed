"""The last items of a list, or the last before a cursor."""

from gateway.pagination.arguments import LookAhead
from gateway.pagination.direction import Direction
from gateway.pagination.end_of_list import find_end, find_end_of_list
from gateway.pagination.page import ConnectionPage, Drift, ItemT
from gateway.pagination.resume_point import REACH, ResumePoint, locate
from gateway.pagination.window_buffer import WindowBuffer


class Backward(Direction[ItemT]):
    """A walk towards the start of a list."""

    async def run(self) -> ConnectionPage[ItemT]:
        """Fetch the page, segment before segment."""
        page = self.page
        segment = self.before.segment if self.before else self.segments - 1
        stretch, border = await (self._open_before() if self.before else self._open_tail(segment))
        page.has_next = self._is_any_behind(stretch, border.offset)
        while True:
            has_more = self._take(stretch, border)
            if has_more is not None or segment <= self.lowest:
                break
            segment -= 1
            stretch, border = await self._open_tail(segment)
        page.has_previous = bool(has_more)
        return page

    @property
    def lowest(self) -> int:
        """Return the segment in which the walk ends."""
        return self.after.segment if self.after else 0

    async def _open_before(self) -> tuple[WindowBuffer[ItemT], ResumePoint]:
        """Fetch what precedes the cursor, and find where the page ends."""
        before = self.before
        if before is None:
            raise AssertionError("there is no cursor to go back from")
        end, size = before.offset + 1, self.window_size(overlap=1)
        stretch = self.stretch(before.segment, end, size)
        await stretch.extend_backward(max(0, before.offset - self.wanted), max(0, end - size))
        if not stretch.items and stretch.start > 0:
            stretch = await self._from_the_end(stretch)
        border = await locate(stretch, before, is_forward=False)
        self.note(border.drift)
        self.repaired = border.repaired
        border = border._replace(offset=min(border.offset, stretch.end))
        wanted = max(0, border.offset - self.wanted)
        await stretch.extend_backward(wanted, max(0, border.offset - self.window_size()))
        return stretch, border

    async def _from_the_end(self, stretch: WindowBuffer[ItemT]) -> WindowBuffer[ItemT]:
        """Go on where a list ends that has become shorter than where the cursor stood."""
        if stretch.total is None:
            empty = WindowBuffer(self.fetch, self.page, stretch.segment, 0, 0)
            return await find_end(self.stretch, empty, stretch.start)
        stretch.start = min(stretch.start, stretch.total)
        await stretch.extend_backward(max(0, stretch.start - REACH))
        stretch.is_ended = True
        return stretch

    async def _open_tail(self, segment: int) -> tuple[WindowBuffer[ItemT], ResumePoint]:
        """Fetch the end of a segment; where none is wanted, any item tells that there is more."""
        after = self.after
        if not self.wanted:
            start = after.offset + 1 if after and after.segment == segment else 0
            stretch = self.stretch(segment, start, 1)
            await stretch.extend_forward(start + 1)
            stretch.is_ended = True
        else:
            stretch = await find_end_of_list(self.stretch, segment, self.window_size())
            await stretch.extend_backward(max(0, stretch.end - min(self.wanted, REACH)))
        return stretch, ResumePoint(stretch.end, Drift.NONE, self.repaired)

    def _take(self, stretch: WindowBuffer[ItemT], border: ResumePoint) -> bool | None:
        """Put a segment's items in front; return whether there is more, None to go on."""
        end, first = border.offset, self._first(stretch, border)
        begin = max(stretch.start, first, end - self.wanted)
        if end > begin:
            is_own = self.before is not None and self.before.segment == stretch.segment
            cursor = self.before if is_own else None
            items, run = self.show(stretch, range(begin, end), cursor, border)
            self.page.items[:0] = items
            self.page.runs.insert(0, run)
            self.wanted -= end - begin
        if not self.wanted:
            # Where a place is, there is one in front of it, down to the segment's first.
            if min(begin, end) > first or (not stretch.items and stretch.counts_more):
                return True
            return None if self.look_ahead is LookAhead.NEEDED else stretch.segment > self.lowest
        if stretch.is_short:
            self.page.mark_drift_suspected()
        return True if stretch.start > first else None

    def _first(self, stretch: WindowBuffer[ItemT], border: ResumePoint) -> int:
        """Return the first offset that `after` leaves in this segment."""
        after, before = self.after, self.before
        if after is None or stretch.segment > after.segment:
            return 0
        if stretch.segment < after.segment:
            return stretch.end
        is_shifted = before is not None and before.segment == after.segment
        shift = border.offset - before.offset if before and is_shifted else 0
        return self.bound(stretch, after, shift) + 1

    def _is_any_behind(self, stretch: WindowBuffer[ItemT], end: int) -> bool:
        if stretch.holds(end) or not stretch.is_ended:
            return True
        return self.before is not None and stretch.segment + 1 < self.segments
