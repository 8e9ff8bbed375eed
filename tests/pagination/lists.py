"""Plain lists, and a port that returns windows of them as the platform does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gateway.pagination.page import Place
from gateway.pagination.position import Position
from gateway.upstream.decoding.decode import UpstreamPage as Window


@dataclass(slots=True)
class Item:
    """An item of a list."""

    promotion_id: int
    program_id: int = 1


Segment = Sequence[Item | None]
"""One upstream list; None is an unreadable item."""


def segment_of(size: int, first_id: int = 1) -> Segment:
    """Return a list of a number of items, ids ascending."""
    return [Item(first_id + index) for index in range(size)]


def spots(places: Iterable[Place[Item]]) -> list[Position]:
    """Return the positions of all items, without their neighbours."""
    return [Position(*place.position[:3]) for place in places]


def positions(segments: Sequence[Segment]) -> list[Position]:
    """Return every position of the connection over these segments."""
    return [
        Position(number, offset, item.promotion_id if item else None)
        for number, segment in enumerate(segments)
        for offset, item in enumerate(segment)
    ]


@dataclass
class Lists:
    """The port: `totals` has each segment's total, `calls` records the windows.

    A window has at most `most` items, whatever its limit.
    """

    segments: Sequence[Segment]
    totals: Sequence[int | None]
    calls: list[tuple[int, int, int]] = field(default_factory=list)
    most: int = 100

    async def fetch(self, segment: int, offset: int, limit: int) -> Window[Item]:
        """Return a window; assert that the platform would accept the request."""
        assert 0 <= segment < len(self.segments)
        assert offset >= 0
        assert 1 <= limit <= 100
        assert len(self.calls) < 1000, "the walk does not end"
        self.calls.append((segment, offset, limit))
        items = list(self.segments[segment][offset : offset + min(limit, self.most)])
        return Window(items, self.totals[segment], customer_id=7)
