"""Where a page begins after a cursor, or ends before it, although the list may have moved.

- The cursor's item is at the cursor's offset: the page begins there (NONE).
- Otherwise up to 100 places on either side are searched, with at most two calls.
- The item is found elsewhere: the page begins there (REPAIRED).
- It is gone, but a neighbour *behind* it (on the side that was paged already) is found, and the
  item is certainly not further on: the page begins at the nearest such neighbour (REPAIRED).
- Only a neighbour *ahead* of it is found: the page begins at that. Nothing that was there before is
  skipped, but items inserted in front of the neighbour are (SUSPECTED).
- Nothing is found: the page begins at the cursor's offset (SUSPECTED).
"""

from typing import Generic, NamedTuple

from gateway.pagination.page import Drift, ItemT
from gateway.pagination.position import MAX_REPAIR, Position
from gateway.pagination.window_buffer import WindowBuffer

SEARCH_RADIUS = 100
EXTRA_CALLS = 2


class ResumePoint(NamedTuple):
    """An offset between two items: the page begins there, or ends before it.

    `found_at` is the offset of the cursor's item, None where it was not found. `repaired` is the
    number of places by which all repairs together have moved pagination back.
    """

    offset: int
    drift: Drift
    repaired: int
    found_at: int | None = None


async def locate(buffer: WindowBuffer[ItemT], cursor: Position, *, is_forward: bool) -> ResumePoint:
    """Find where to resume, given a buffer that was fetched around the cursor's offset."""
    search = _Search(buffer, cursor, is_forward=is_forward)
    if search.is_in_place():
        return ResumePoint(search.expected, Drift.NONE, cursor.repaired, cursor.offset)
    if cursor.repaired >= MAX_REPAIR:
        return ResumePoint(search.expected, Drift.SUSPECTED, cursor.repaired)
    resume_point = await search.run()
    # Where the upstream returns fewer items than it counts, one that is missing may still be there.
    return resume_point._replace(drift=Drift.SUSPECTED) if buffer.is_short else resume_point


class _Search(Generic[ItemT]):
    """A search for a cursor's item and its neighbours.

    *Behind* is the side that was paged already (before the cursor's item in forward pagination),
    *ahead* the other one. `expected` is where the page begins if nothing has moved.
    """

    def __init__(self, buffer: WindowBuffer[ItemT], cursor: Position, *, is_forward: bool) -> None:
        self._buffer = buffer
        self._cursor = cursor
        self._is_forward = is_forward
        sides = cursor.before, cursor.after
        self._behind, self._ahead = sides if is_forward else sides[::-1]
        self.expected = cursor.offset + is_forward

    def is_in_place(self) -> bool:
        """Whether the cursor's item is at the cursor's offset."""
        buffer, cursor = self._buffer, self._cursor
        if not buffer.holds(cursor.offset):
            return False
        promotion_id = buffer.id_at(cursor.offset)
        if promotion_id is not None or cursor.promotion_id is not None:
            return promotion_id == cursor.promotion_id
        # Unreadable items cannot be told apart: the next readable neighbour decides.
        step = 1 if self._is_forward else -1
        offset = cursor.offset + step
        while buffer.holds(offset):
            neighbour = buffer.id_at(offset)
            if neighbour is not None:
                return not self._ahead or neighbour == self._ahead[0]
            offset += step
        return True

    async def run(self) -> ResumePoint:
        """Search within the radius and the calls, and decide."""
        buffer, searched = self._buffer, set[bool]()
        calls_to_keep = buffer.remaining_calls - EXTRA_CALLS
        while True:
            found = buffer.find(self._cursor.promotion_id, self._cursor.offset)
            if found is not None and self._is_in_reach(found):
                return self._repaired_point(found, is_forward=self._is_forward, found_at=found)
            if found is not None:
                return ResumePoint(self.expected, Drift.SUSPECTED, self._cursor.repaired)
            behind = self._nearest(self._behind, towards=-1)
            ahead = self._nearest(self._ahead, towards=1)
            # Behind first: items expire more often than they are inserted there. With a neighbour
            # ahead in the buffer, the item is certainly not further on.
            if buffer.remaining_calls <= max(0, calls_to_keep) or (
                behind is not None and ahead is not None
            ):
                break
            known = buffer.start, buffer.end
            for is_behind in (True, False):
                neighbour = behind if is_behind else ahead
                if neighbour is None and is_behind not in searched:
                    searched.add(is_behind)
                    await self._extend(is_behind=is_behind)
                if known != (buffer.start, buffer.end):
                    break
            if behind is None and known == (buffer.start, buffer.end):
                await self._extend(is_behind=True)
            if known == (buffer.start, buffer.end):
                break
        return self._decide(behind, ahead)

    def _decide(self, behind: int | None, ahead: int | None) -> ResumePoint:
        if behind is not None:
            return self._repaired_point(behind, is_forward=self._is_forward)
        if ahead is not None:
            resume_point = self._repaired_point(ahead, is_forward=not self._is_forward)
            return resume_point._replace(drift=Drift.SUSPECTED)
        return ResumePoint(self.expected, Drift.SUSPECTED, self._cursor.repaired)

    def _is_in_reach(self, offset: int) -> bool:
        """Whether an offset is in the radius; beyond it, no calls would be left for the page."""
        return abs(offset - self._cursor.offset) <= SEARCH_RADIUS

    def _nearest(self, ids: tuple[int, ...], towards: int) -> int | None:
        """Return the offset of the nearest neighbour of one side in the buffer, if in reach.

        Where the nearest one is out of reach, no farther one is used: the page would repeat items.
        """
        step = towards if self._is_forward else -towards
        offsets = (
            self._buffer.find(id_, self._cursor.offset + step * distance)
            for distance, id_ in enumerate(ids, start=1)
        )
        nearest = next((offset for offset in offsets if offset is not None), None)
        return nearest if nearest is not None and self._is_in_reach(nearest) else None

    async def _extend(self, *, is_behind: bool) -> None:
        """Fetch one window on one side, which overlaps by one item with the buffer."""
        buffer, offset = self._buffer, self._cursor.offset
        size = SEARCH_RADIUS - 1 if buffer.items else SEARCH_RADIUS
        if is_behind is self._is_forward:
            if not buffer.items and buffer.total is not None:
                buffer.start = min(buffer.start, buffer.total)  # there is nothing beyond
            first = max(0, offset - SEARCH_RADIUS)
            if buffer.start > first:
                await buffer.extend_backward(max(first if is_behind else 0, buffer.start - size))
        elif buffer.end <= offset + SEARCH_RADIUS:
            end = buffer.end + size
            await buffer.extend_forward(min(end, offset + SEARCH_RADIUS + 1) if is_behind else end)

    def _repaired_point(
        self, found: int, *, is_forward: bool, found_at: int | None = None
    ) -> ResumePoint:
        offset = found + is_forward
        back = self.expected - offset if self._is_forward else offset - self.expected
        repaired = self._cursor.repaired + max(0, back)
        return ResumePoint(offset, Drift.REPAIRED, repaired, found_at)
