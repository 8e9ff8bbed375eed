"""The first items of a list, or the first after a cursor."""

from gateway.pagination.arguments import LookAhead, PageRequest
from gateway.pagination.direction import Direction
from gateway.pagination.page import ConnectionPage, CursorContext, Drift, ItemT
from gateway.pagination.resume_point import ResumePoint, locate
from gateway.pagination.window_buffer import WindowBuffer
from gateway.upstream.decoding.decode import UpstreamPage as Window

_BEGINNING = ResumePoint(0, Drift.NONE, 0)
_NEEDED = LookAhead.NEEDED


def first_page(
    window: Window[ItemT], request: PageRequest, limit: int
) -> ConnectionPage[ItemT] | None:
    """Return the first page of a list of one segment, where its first window suffices.

    `limit` is the window's, from `window_size`. The window suffices where the page is full and it
    is known whether there are more items, or where the window is the whole list and its total
    agrees. Otherwise return None: further windows are needed (`Forward`).
    """
    size = request.size
    items = window.items[:limit]  # some upstreams ignore the limit
    received, total = len(items), window.total
    if total is not None and window.items and total < len(window.items):
        total = None  # as in `plausible_total`
    counts_more = total is not None and total > received
    if received < size and counts_more:
        return None
    is_full = received == size == limit
    if is_full and not counts_more and request.look_ahead is _NEEDED:
        return None
    has_next = received > size or counts_more or (is_full and total is None)
    shown = range(min(received, size))
    page = ConnectionPage(
        items[:size],
        [(CursorContext(0, 0, items, (), (), 0), shown)] if shown else [],
        has_next=has_next,
        totals={0: total},
        warnings=list(dict.fromkeys(window.warnings)) if window.warnings else [],
        customer_id=window.customer_id,
    )
    page.finish()
    return page


class Forward(Direction[ItemT]):
    """Pagination towards the end of a list."""

    async def run(self) -> ConnectionPage[ItemT]:
        """Fetch the page, one segment after another."""
        segment = self.after.segment if self.after else 0
        while True:
            buffer, resume_point = await self._open(segment)
            has_more = await self._fill(buffer, resume_point)
            if has_more is not None:
                break
            segment += 1
        self.page.has_next = has_more
        return self.page

    async def _open(self, segment: int) -> tuple[WindowBuffer[ItemT], ResumePoint]:
        """Fetch as much of a segment as is needed, and find where the page begins in it."""
        after = self.after
        if after is None or segment != after.segment:
            buffer = self.open_buffer(segment, 0, self.window_size())
            if not self.remaining:
                buffer.remaining_calls = 1
            await buffer.extend_forward(max(1, self.remaining), self.window_size())
            return buffer, _BEGINNING
        start = after.offset
        buffer = self.open_buffer(segment, start, self.window_size(overlap=1))
        await buffer.extend_forward(start + 1 + self.remaining, start + self.window_size(overlap=1))
        await buffer.retry_at(start)  # an empty window does not prove that the item is gone
        resume_point = await locate(buffer, after, is_forward=True)
        self.report(resume_point.drift)
        self.repaired = resume_point.repaired
        await buffer.extend_forward(
            resume_point.offset + self.remaining, resume_point.offset + self.window_size()
        )
        self.page.has_previous = self._has_previous(buffer, resume_point.offset)
        return buffer, resume_point

    async def _fill(self, buffer: WindowBuffer[ItemT], resume_point: ResumePoint) -> bool | None:
        """Put a segment's items on the page.

        Return whether there are more, None where the next segment has to be fetched.
        """
        begin, stop = resume_point.offset, self._stop(buffer, resume_point)
        if self.remaining and not self.page.items and (stop is None or stop > begin):
            await buffer.retry_at(begin)
        end = min(buffer.end, begin + self.remaining)
        if stop is not None:
            end = min(end, stop)
        if end > begin:
            cursor = self.after if self.after and self.after.segment == buffer.segment else None
            items, run = self.take(buffer, range(begin, end), cursor, resume_point)
            self.page.items += items
            self.page.runs.append(run)
            self.remaining -= end - begin
        place = max(begin, end)
        if stop is not None and stop <= max(buffer.end if self.remaining else place, begin):
            return False
        if not self.remaining and self.look_ahead is not _NEEDED:
            return buffer.end > place or not buffer.is_complete  # the field is not selected
        if not self.remaining:
            # If the total is too high, the client gets an empty page, which costs less than a call.
            if buffer.end > place or buffer.counts_more:
                return True
            await buffer.extend_forward(place + 1)
            if buffer.end > place:
                return True
        if not buffer.is_ended:
            return self._end_early(buffer)
        return None if stop is None and buffer.segment + 1 < self.segments else False

    def _stop(self, buffer: WindowBuffer[ItemT], resume_point: ResumePoint) -> int | None:
        """Return the offset at which `before` ends the page, None where not in this segment."""
        before, after = self.before, self.after
        if before is None or buffer.segment < before.segment:
            return None
        if buffer.segment > before.segment:
            return 0
        is_shifted = after is not None and after.segment == before.segment
        shift = resume_point.offset - after.offset - 1 if after and is_shifted else 0
        return self.offset_of(buffer, before, shift)

    def _end_early(self, buffer: WindowBuffer[ItemT]) -> bool:
        """End a page for which the calls did not suffice; return whether there are more."""
        page = self.page
        if buffer.is_short:
            page.mark_drift_suspected()
        if not buffer.counts_more and len(page.items) > 1:
            # Drop the last item from the page: it proves that there is a next page.
            page.cut(0, len(page.items) - 1)
        return buffer.counts_more or bool(page.items) or buffer.total is None

    def _has_previous(self, buffer: WindowBuffer[ItemT], begin: int) -> bool:
        if buffer.items:
            return begin > 0 or buffer.segment > 0
        is_empty = buffer.start == 0 or buffer.total == 0
        return buffer.segment > 0 or not is_empty
