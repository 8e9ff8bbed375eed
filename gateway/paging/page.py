"""What a walk brings back: the places of one page, and what was seen on the way."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, Protocol, TypeVar

from gateway.paging.position import Position
from gateway.wire.warnings import UpstreamWarning


class Identified(Protocol):
    """An item of a list, told from the others by the two ids."""

    program_id: int
    promotion_id: int


ItemT = TypeVar("ItemT", bound=Identified)


class Drift(Enum):
    """Whether the list moved between two pages."""

    NONE = "NONE"
    REPAIRED = "REPAIRED"
    SUSPECTED = "SUSPECTED"


@dataclass(slots=True)
class Place(Generic[ItemT]):
    """One place of a list.

    `item` is None where it could not be read, and where the page has the same item already.
    """

    position: Position
    item: ItemT | None
    is_repeat: bool = False


@dataclass(slots=True)
class Page(Generic[ItemT]):
    """One page of a connection, in list order.

    `totals` has the upstream's total of each segment that was asked, None where it is not to be
    believed (`doubtful` has the segments of which no total is); `customer_id` is whose list it is,
    where the upstream says so.
    """

    places: list[Place[ItemT]] = field(default_factory=list)
    has_next: bool = False
    has_previous: bool = False
    drift: Drift = Drift.NONE
    totals: dict[int, int | None] = field(default_factory=dict)
    warnings: list[UpstreamWarning] = field(default_factory=list)
    customer_id: int | None = None
    doubtful: set[int] = field(default_factory=set)

    @property
    def left_out(self) -> int:
        """Count the places whose item could not be read."""
        return sum(place.item is None and not place.is_repeat for place in self.places)

    def suspect(self) -> None:
        """Say that the page may not be what was asked for."""
        self.drift = Drift.SUSPECTED

    def doubt(self, segment: int) -> None:
        """Say that the upstream counts in a segment what it does not give; nobody knows why."""
        self.suspect()
        self.doubtful.add(segment)
        self.totals[segment] = None
