"""What walking forward and walking backward have in common."""

from typing import Generic

from gateway.pagination.arguments import LARGEST_SIZE, PageRequest, window_size
from gateway.pagination.page import ConnectionPage, CursorContext, Drift, ItemT, Run
from gateway.pagination.position import Position
from gateway.pagination.resume_point import FURTHER_CALLS, ResumePoint
from gateway.pagination.window_buffer import Fetch, WindowBuffer

_SEVERITY = (Drift.NONE, Drift.REPAIRED, Drift.SUSPECTED)


class Direction(Generic[ItemT]):
    """One walk: what was asked for, the page so far, and how many places it still wants.

    The item beyond the page, which tells whether there is more, is fetched with the others where it
    is looked for and no window is made for it alone (`window_size`).
    """

    def __init__(self, fetch: Fetch[ItemT], request: PageRequest, segments: int) -> None:
        self.fetch = fetch
        self.size = request.size
        self.after, self.before = request.after, request.before
        self.segments = segments
        self.page: ConnectionPage[ItemT] = ConnectionPage()
        self.wanted = request.size
        self.look_ahead = request.look_ahead
        self.repaired = 0

    def window_size(self, overlap: int = 0) -> int:
        """Return how many items to ask for: the wanted, an overlap, and the one beyond."""
        return window_size(self.wanted + overlap, self.look_ahead)

    def stretch(self, segment: int, start: int, count: int) -> WindowBuffer[ItemT]:
        """Begin a stretch that may make as many calls as `count` items need, and two more."""
        needed = 1 if count <= LARGEST_SIZE else 2
        return WindowBuffer(self.fetch, self.page, segment, start, needed + FURTHER_CALLS)

    def note(self, drift: Drift) -> None:
        """Let the page say the worst that was seen."""
        self.page.drift = max(self.page.drift, drift, key=_SEVERITY.index)

    def bound(self, stretch: WindowBuffer[ItemT], cursor: Position, shift: int) -> int:
        """Return the offset of the item at which the other cursor ends a walk.

        Nothing is fetched for it: where it is not in the stretch, it is believed to stand where it
        stood, moved by as much as the walk's own cursor.
        """
        expected = cursor.offset + shift
        found = stretch.find(cursor.promotion_id, expected)
        if found is not None:
            self.note(Drift.NONE if found == expected else Drift.REPAIRED)
            return found
        if stretch.holds(expected) and (
            cursor.promotion_id is not None or stretch.id_at(expected) is not None
        ):
            self.page.mark_drift_suspected()
        return expected

    def show(
        self,
        stretch: WindowBuffer[ItemT],
        span: range,
        cursor: Position | None,
        border: ResumePoint,
    ) -> tuple[list[ItemT | None], Run[ItemT]]:
        """Return the items at these offsets, and where they are."""
        before, after = self._beyond(stretch, cursor, border)
        segment, start, items = stretch.segment, stretch.start, stretch.items
        surroundings = CursorContext(segment, start, items, before, after, self.repaired)
        here = range(span.start - start, span.stop - start)
        return items[here.start : here.stop], (surroundings, here)

    @staticmethod
    def _beyond(
        stretch: WindowBuffer[ItemT], cursor: Position | None, border: ResumePoint
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return what the cursor knows of the items on either side of the stretch."""
        if cursor is None or border.anchor is None:
            return (), ()
        before = cursor.before[::-1] if border.anchor == stretch.start else ()
        after = cursor.after if border.anchor == stretch.end - 1 else ()
        return before, after
