"""Where a cursor's item is now: the place at which a page begins, or before which it ends.

The item stands where the cursor says, or the list has moved: then up to 100 positions on either
side are searched, with at most two further calls. Exact (REPAIRED) is the item itself, found
elsewhere, and, where it is gone, the nearest of its neighbours on the side that the walk comes
from, once it is certain that the item is not further on. Else the walk goes on where it would have
without a search (SUSPECTED), or at a neighbour on the other side, so that at least what was there
is not lost: what was inserted in front of that is.
"""

from typing import Generic, NamedTuple

from gateway.pagination.page import Drift, ItemT
from gateway.pagination.position import FARTHEST_REPAIR, Position
from gateway.pagination.window_buffer import WindowBuffer

REACH = 100
FURTHER_CALLS = 2


class ResumePoint(NamedTuple):
    """An offset between two items: the page begins there, or ends before it.

    `anchor` is the offset at which the cursor's item was found; None where it was not.
    `repaired` is by how many positions repair has taken the walk back in all.
    """

    offset: int
    drift: Drift
    repaired: int
    anchor: int | None = None


async def locate(
    stretch: WindowBuffer[ItemT], cursor: Position, *, is_forward: bool
) -> ResumePoint:
    """Find where a walk goes on, given a stretch that was fetched around the cursor's offset."""
    search = _Search(stretch, cursor, is_forward=is_forward)
    if search.is_in_place():
        return ResumePoint(search.unmoved, Drift.NONE, cursor.repaired, cursor.offset)
    if cursor.repaired >= FARTHEST_REPAIR:
        return ResumePoint(search.unmoved, Drift.SUSPECTED, cursor.repaired)
    border = await search.run()
    # What few items are given of is not known to be gone.
    return border._replace(drift=Drift.SUSPECTED) if stretch.is_short else border


class _Search(Generic[ItemT]):
    def __init__(self, stretch: WindowBuffer[ItemT], cursor: Position, *, is_forward: bool) -> None:
        self._stretch = stretch
        self._cursor = cursor
        self._is_forward = is_forward
        # Forward the walk comes from the items before the cursor's, backward from those after it.
        sides = cursor.before, cursor.after
        self._behind, self._ahead = sides if is_forward else sides[::-1]
        self.unmoved = cursor.offset + is_forward

    def is_in_place(self) -> bool:
        """Return whether the cursor's item stands where the cursor says."""
        stretch, cursor = self._stretch, self._cursor
        if not stretch.holds(cursor.offset):
            return False
        promotion_id = stretch.id_at(cursor.offset)
        if promotion_id is not None or cursor.promotion_id is not None:
            return promotion_id == cursor.promotion_id
        # One item that cannot be read looks like another: its readable neighbour decides.
        step = 1 if self._is_forward else -1
        place = cursor.offset + step
        while stretch.holds(place):
            neighbour = stretch.id_at(place)
            if neighbour is not None:
                return not self._ahead or neighbour == self._ahead[0]
            place += step
        return True

    async def run(self) -> ResumePoint:
        """Search, as far as calls and reach go, and decide."""
        stretch, searched = self._stretch, set[bool]()
        calls_kept = stretch.calls - FURTHER_CALLS
        while True:
            anchor = stretch.find(self._cursor.promotion_id, self._cursor.offset)
            if anchor is not None and self._is_near(anchor):
                return self._border(anchor, is_forward=self._is_forward, anchor=anchor)
            if anchor is not None:
                return ResumePoint(self.unmoved, Drift.SUSPECTED, self._cursor.repaired)
            behind = self._nearest(self._behind, towards=-1)
            ahead = self._nearest(self._ahead, towards=1)
            # Behind first: more expires in front of a reader than is put there. What was ahead and
            # has been seen tells that the item is not further on.
            if stretch.calls <= max(0, calls_kept) or (behind is not None and ahead is not None):
                break
            known = stretch.start, stretch.end
            for is_behind in (True, False):
                neighbour = behind if is_behind else ahead
                if neighbour is None and is_behind not in searched:
                    searched.add(is_behind)
                    await self._look(is_behind=is_behind)
                if known != (stretch.start, stretch.end):
                    break
            if behind is None and known == (stretch.start, stretch.end):
                await self._look(is_behind=True)
            if known == (stretch.start, stretch.end):
                break
        return self._settle(behind, ahead)

    def _settle(self, behind: int | None, ahead: int | None) -> ResumePoint:
        if behind is not None:
            return self._border(behind, is_forward=self._is_forward)
        if ahead is not None:
            border = self._border(ahead, is_forward=not self._is_forward)
            return border._replace(drift=Drift.SUSPECTED)
        return ResumePoint(self.unmoved, Drift.SUSPECTED, self._cursor.repaired)

    def _is_near(self, offset: int) -> bool:
        """Tell what is within reach: beyond, the calls do not suffice for the page as well."""
        return abs(offset - self._cursor.offset) <= REACH

    def _nearest(self, ids: tuple[int, ...], towards: int) -> int | None:
        """Find the nearest neighbour of one side that is still there; None where that is too far.

        A farther one that is within reach would not do: the nearer one would come again behind it.
        """
        step = towards if self._is_forward else -towards
        offsets = (
            self._stretch.find(id_, self._cursor.offset + step * distance)
            for distance, id_ in enumerate(ids, start=1)
        )
        nearest = next((found for found in offsets if found is not None), None)
        return nearest if nearest is not None and self._is_near(nearest) else None

    async def _look(self, *, is_behind: bool) -> None:
        """Fetch more of one side by one window, which overlaps by an item with what is known."""
        stretch, offset = self._stretch, self._cursor.offset
        more = REACH - 1 if stretch.items else REACH
        if is_behind is self._is_forward:
            if not stretch.items and stretch.total is not None:
                stretch.start = min(stretch.start, stretch.total)  # there is nothing from there on
            first = max(0, offset - REACH)
            if stretch.start > first:
                await stretch.extend_backward(max(first if is_behind else 0, stretch.start - more))
        elif stretch.end <= offset + REACH:
            end = stretch.end + more
            await stretch.extend_forward(min(end, offset + REACH + 1) if is_behind else end)

    def _border(self, found: int, *, is_forward: bool, anchor: int | None = None) -> ResumePoint:
        offset = found + is_forward
        back = self.unmoved - offset if self._is_forward else offset - self.unmoved
        return ResumePoint(offset, Drift.REPAIRED, self._cursor.repaired + max(0, back), anchor)
