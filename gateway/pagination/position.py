"""Where a cursor stands in a connection, and what it knows of the items around it."""

from typing import NamedTuple, Self

from gateway.pagination.encoding import fold, unfold

NEIGHBOURS = 3
FARTHEST_REPAIR = 1000
"""How many positions repair may take a walk back before it goes on by offset alone."""

_LARGEST_OFFSET = 2**31
_LARGEST_ID = 2**63 - 1
_LARGEST_STEP = 100  # of one repair: the last one may pass the bound by that


class Position(NamedTuple):
    """A place of one segment of a connection.

    `offset` is the upstream's: it counts items that had to be left out. `promotion_id` is None
    where the item there was one of those. `before` and `after` are ids of up to three readable
    items on either side, the nearest first. `repaired` is by how many positions repair has taken
    the walk back on its way here.
    """

    segment: int
    offset: int
    promotion_id: int | None
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    repaired: int = 0

    def to_numbers(self) -> list[int]:
        """Return the position as numbers of 0 and more."""
        return [
            self.segment,
            self.offset,
            self.repaired,
            0 if self.promotion_id is None else self.promotion_id + 1,
            len(self.before) * (NEIGHBOURS + 1) + len(self.after),
            *self._steps(self.before),
            *self._steps(self.after),
        ]

    def _steps(self, ids: tuple[int, ...]) -> list[int]:
        """Return the differences from id to id, which are small where ids follow on each other."""
        last, steps = self.promotion_id or 0, []
        for id_ in ids:
            steps.append(fold(id_ - last))
            last = id_
        return steps

    @classmethod
    def of_numbers(cls, numbers: list[int]) -> Self:
        """Undo `to_numbers`. Raises ValueError for numbers that no position has."""
        segment, offset, repaired, item, counts, *steps = numbers
        before, after = divmod(counts, NEIGHBOURS + 1)
        if before > NEIGHBOURS or len(steps) != before + after:
            raise ValueError("there are too many neighbours, or too few")
        if offset >= _LARGEST_OFFSET or repaired > FARTHEST_REPAIR + _LARGEST_STEP:
            raise ValueError("it is too far away")
        promotion_id = item - 1 if item else None
        known = (
            _walk(promotion_id or 0, steps[:before]),
            _walk(promotion_id or 0, steps[before:]),
        )
        ids = (*known[0], *known[1], promotion_id or 0)
        if not all(0 <= id_ <= _LARGEST_ID for id_ in ids):
            raise ValueError("this is no id")
        return cls(segment, offset, promotion_id, *known, repaired)


def _walk(start: int, steps: list[int]) -> tuple[int, ...]:
    ids = []
    for step in steps:
        start += unfold(step)
        ids.append(start)
    return tuple(ids)
