"""What forward and backward pagination have in common."""

from typing import Generic

from gateway.pagination.arguments import MAX_SIZE, PageRequest, window_size
from gateway.pagination.page import ConnectionPage, CursorContext, Drift, ItemT, Run
from gateway.pagination.position import Position
from gateway.pagination.resume_point import EXTRA_CALLS, ResumePoint
from gateway.pagination.window_buffer import Fetch, WindowBuffer
from gateway.upstream.decoding.decode import UpstreamPage as Window

_SEVERITY = (Drift.NONE, Drift.REPAIRED, Drift.SUSPECTED)


class Direction(Generic[ItemT]):
    """The state of one request: the page so far, and how many places are still `remaining`.

    The item beyond the page, which tells whether there are more, is fetched with the others where
    it is needed, as long as that takes no further window (`window_size`).
    """

    def __init__(
        self,
        fetch: Fetch[ItemT],
        request: PageRequest,
        segments: int,
        first_window: Window[ItemT] | None = None,
    ) -> None:
        self._fetch, self._first_window = fetch, first_window
        self.after, self.before = request.after, request.before
        self.segments = segments
        self.page: ConnectionPage[ItemT] = ConnectionPage()
        self.remaining = request.size
        self.look_ahead = request.look_ahead
        self.repaired = 0

    async def fetch(self, segment: int, offset: int, limit: int) -> Window[ItemT]:
        """Fetch one window; the first one may have been fetched already."""
        window, self._first_window = self._first_window, None
        return window if window is not None else await self._fetch(segment, offset, limit)

    def window_size(self, overlap: int = 0) -> int:
        """Return the limit for the remaining places, an overlap, and the item beyond."""
        return window_size(self.remaining + overlap, self.look_ahead)

    def open_buffer(self, segment: int, start: int, count: int) -> WindowBuffer[ItemT]:
        """Return an empty buffer with as many calls as `count` items need, and two more."""
        needed = 1 if count <= MAX_SIZE else 2
        return WindowBuffer(self.fetch, self.page, segment, start, needed + EXTRA_CALLS)

    def report(self, drift: Drift) -> None:
        """Set the page's drift to the more severe one."""
        self.page.drift = max(self.page.drift, drift, key=_SEVERITY.index)

    def offset_of(self, buffer: WindowBuffer[ItemT], cursor: Position, shift: int) -> int:
        """Return the offset of the item at which the other cursor ends the page.

        Nothing is fetched for it: an item that is not in the buffer is taken to be at its offset,
        shifted by as much as the first cursor's item.
        """
        expected = cursor.offset + shift
        found = buffer.find(cursor.promotion_id, expected)
        if found is not None:
            self.report(Drift.NONE if found == expected else Drift.REPAIRED)
            return found
        if buffer.holds(expected) and (
            cursor.promotion_id is not None or buffer.id_at(expected) is not None
        ):
            self.page.mark_drift_suspected()
        return expected

    def take(
        self,
        buffer: WindowBuffer[ItemT],
        span: range,
        cursor: Position | None,
        resume_point: ResumePoint,
    ) -> tuple[list[ItemT | None], Run]:
        """Return the items at these offsets, and their run."""
        before: tuple[int, ...] = ()
        after: tuple[int, ...] = ()
        if cursor is not None and resume_point.found_at is not None:
            # The cursor has the ids of items on either side, which may lie outside the buffer.
            if resume_point.found_at == buffer.start:
                before = cursor.before[::-1]
            if resume_point.found_at == buffer.end - 1:
                after = cursor.after
        start, items = buffer.start, buffer.items
        context = CursorContext(buffer.segment, start, items, before, after, self.repaired)
        indices = range(span.start - start, span.stop - start)
        return items[indices.start : indices.stop], (context, indices)
