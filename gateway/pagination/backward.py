"""The last items of a list, or the last before a cursor."""

from gateway.pagination.arguments import LookAhead
from gateway.pagination.direction import Direction
from gateway.pagination.end_of_list import find_end, find_end_of_list
from gateway.pagination.page import ConnectionPage, Drift, ItemT
from gateway.pagination.resume_point import SEARCH_RADIUS, ResumePoint, locate
from gateway.pagination.window_buffer import WindowBuffer


class Backward(Direction[ItemT]):
    """Pagination towards the start of a list."""

    async def run(self) -> ConnectionPage[ItemT]:
        """Fetch the page, one segment before another."""
        page = self.page
        segment = self.before.segment if self.before else self.segments - 1
        buffer, resume_point = await (
            self._open_before() if self.before else self._open_end(segment)
        )
        page.has_next = self._has_next(buffer, resume_point.offset)
        while True:
            has_more = self._fill(buffer, resume_point)
            if has_more is not None or segment <= self._last_segment:
                break
            segment -= 1
            buffer, resume_point = await self._open_end(segment)
        page.has_previous = bool(has_more)
        return page

    @property
    def _last_segment(self) -> int:
        """Return the lowest segment that can have items of the page."""
        return self.after.segment if self.after else 0

    async def _open_before(self) -> tuple[WindowBuffer[ItemT], ResumePoint]:
        """Fetch what precedes the cursor, and find where the page ends."""
        before = self.before
        if before is None:
            raise AssertionError("there is no cursor to go back from")
        end, size = before.offset + 1, self.window_size(overlap=1)
        buffer = self.open_buffer(before.segment, end, size)
        await buffer.extend_backward(max(0, before.offset - self.remaining), max(0, end - size))
        if not buffer.items and buffer.start > 0:
            buffer = await self._open_shortened(buffer)
        resume_point = await locate(buffer, before, is_forward=False)
        self.report(resume_point.drift)
        self.repaired = resume_point.repaired
        resume_point = resume_point._replace(offset=min(resume_point.offset, buffer.end))
        start = max(0, resume_point.offset - self.remaining)
        await buffer.extend_backward(start, max(0, resume_point.offset - self.window_size()))
        return buffer, resume_point

    async def _open_shortened(self, buffer: WindowBuffer[ItemT]) -> WindowBuffer[ItemT]:
        """Fetch the end of a list that has become shorter than the cursor's offset."""
        if buffer.total is None:
            empty = WindowBuffer(self.fetch, self.page, buffer.segment, 0, 0)
            return await find_end(self.open_buffer, empty, buffer.start)
        buffer.start = min(buffer.start, buffer.total)
        await buffer.extend_backward(max(0, buffer.start - SEARCH_RADIUS))
        buffer.is_ended = True
        return buffer

    async def _open_end(self, segment: int) -> tuple[WindowBuffer[ItemT], ResumePoint]:
        """Fetch the end of a segment; where no place remains, any item shows that it has one."""
        after = self.after
        if not self.remaining:
            start = after.offset + 1 if after and after.segment == segment else 0
            buffer = self.open_buffer(segment, start, 1)
            await buffer.extend_forward(start + 1)
            buffer.is_ended = True
        else:
            buffer = await find_end_of_list(self.open_buffer, segment, self.window_size())
            await buffer.extend_backward(max(0, buffer.end - min(self.remaining, SEARCH_RADIUS)))
        return buffer, ResumePoint(buffer.end, Drift.NONE, self.repaired)

    def _fill(self, buffer: WindowBuffer[ItemT], resume_point: ResumePoint) -> bool | None:
        """Put a segment's items at the front of the page.

        Return whether there are more, None where the segment before has to be fetched.
        """
        end, first = resume_point.offset, self._first(buffer, resume_point)
        begin = max(buffer.start, first, end - self.remaining)
        if end > begin:
            is_own = self.before is not None and self.before.segment == buffer.segment
            cursor = self.before if is_own else None
            items, run = self.take(buffer, range(begin, end), cursor, resume_point)
            self.page.items[:0] = items
            self.page.runs.insert(0, run)
            self.remaining -= end - begin
        if not self.remaining:
            # Each place has another before it, down to the segment's first.
            if min(begin, end) > first or (not buffer.items and buffer.counts_more):
                return True
            is_needed = self.look_ahead is LookAhead.NEEDED
            return None if is_needed else buffer.segment > self._last_segment
        if buffer.is_short:
            self.page.mark_drift_suspected()
        return True if buffer.start > first else None

    def _first(self, buffer: WindowBuffer[ItemT], resume_point: ResumePoint) -> int:
        """Return the first offset of this segment that is not excluded by `after`."""
        after, before = self.after, self.before
        if after is None or buffer.segment > after.segment:
            return 0
        if buffer.segment < after.segment:
            return buffer.end
        is_shifted = before is not None and before.segment == after.segment
        shift = resume_point.offset - before.offset if before and is_shifted else 0
        return self.offset_of(buffer, after, shift) + 1

    def _has_next(self, buffer: WindowBuffer[ItemT], end: int) -> bool:
        if buffer.holds(end) or not buffer.is_ended:
            return True
        return self.before is not None and buffer.segment + 1 < self.segments
