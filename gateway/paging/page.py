"""What a walk brings back: the places of one page, and what was seen on the way."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, Protocol, TypeVar

from gateway.paging.cursor import Position
from gateway.wire.warnings import UpstreamWarning


class Identified(Protocol):
    """An item of a list, told from the others by its promotion id."""

    promotion_id: int


ItemT = TypeVar("ItemT", bound=Identified)


class Drift(Enum):
    """Whether the list moved between two pages."""

    NONE = "NONE"
    REPAIRED = "REPAIRED"
    SUSPECTED = "SUSPECTED"


@dataclass(slots=True)
class Place(Generic[ItemT]):
    """One place of a list; `item` is None where it had to be left out."""

    position: Position
    item: ItemT | None


@dataclass(slots=True)
class Page(Generic[ItemT]):
    """One page of a connection, in list order.

    `totals` has the upstream's total of each segment that was asked; `customer_id` is whose list it
    is, where the upstream says so.
    """

    places: list[Place[ItemT]] = field(default_factory=list)
    has_next: bool = False
    has_previous: bool = False
    drift: Drift = Drift.NONE
    totals: dict[int, int | None] = field(default_factory=dict)
    warnings: list[UpstreamWarning] = field(default_factory=list)
    customer_id: int | None = None

    @property
    def left_out(self) -> int:
        """Count the places whose item could not be read."""
        return sum(place.item is None for place in self.places)
