"""What a walk brings back: the places of one page, and what was seen on the way."""

from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import Generic, Protocol, TypeVar

from gateway.pagination.position import NEIGHBOURS, Position
from gateway.upstream.normalise.warnings import UpstreamWarning


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
class CursorContext(Generic[ItemT]):
    """What a walk knows of a segment around a page; most pages' cursors nobody asks for.

    `items` stand from the offset `start` on; `before` and `after` are ids known of beyond them, in
    list order. `repaired` is as in a position.
    """

    segment: int
    start: int
    items: list[ItemT | None]
    before: tuple[int, ...]
    after: tuple[int, ...]
    repaired: int
    _ids: list[int | None] = field(default_factory=list, init=False)

    def position(self, index: int) -> Position:
        """Make the position of the item with this index, and what its cursor has to know."""
        ids = self._ids
        if not ids:
            ids += [*self.before, *map(id_of, self.items), *self.after]
        place = len(self.before) + index
        return Position(
            self.segment,
            self.start + index,
            ids[place],
            _nearest(ids, range(place - 1, -1, -1)),
            _nearest(ids, range(place + 1, len(ids))),
            self.repaired,
        )


Run = tuple[CursorContext[ItemT], range]


@dataclass(slots=True)
class Place(Generic[ItemT]):
    """One place of a list, with this index among its surroundings.

    `item` is None where it was left out, and where the page has the same item already.
    """

    surroundings: CursorContext[ItemT]
    index: int
    item: ItemT | None

    @property
    def position(self) -> Position:
        """Where it is."""
        return self.surroundings.position(self.index)


@dataclass(slots=True)
class ConnectionPage(Generic[ItemT]):
    """One page of a connection, in list order.

    `items` has None where an item was left out, and where the page has the same item already;
    `runs` has their surroundings, and which indices in them they have. `totals` has the upstream's
    total of each segment that was asked, None where it is not to be believed (`doubtful` has the
    segments of which no total is); `customer_id` is whose list it is, where the upstream says so.
    """

    items: list[ItemT | None] = field(default_factory=list)
    runs: list[Run[ItemT]] = field(default_factory=list)
    has_next: bool = False
    has_previous: bool = False
    drift: Drift = Drift.NONE
    totals: dict[int, int | None] = field(default_factory=dict)
    warnings: list[UpstreamWarning] = field(default_factory=list)
    customer_id: int | None = None
    doubtful: set[int] = field(default_factory=set)

    @property
    def places(self) -> list[Place[ItemT]]:
        """Return each item's place."""
        spots = ((surroundings, index) for surroundings, run in self.runs for index in run)
        return [Place(*spot, item) for spot, item in zip(spots, self.items, strict=True)]

    def edge(self, which: int) -> Position | None:
        """Return the position of the first (0) or the last (-1) place; None where there is none."""
        if not self.runs:
            return None
        surroundings, run = self.runs[which]
        return surroundings.position(run[which])

    @property
    def shown(self) -> list[ItemT]:
        """Return the items that can be shown."""
        return [item for item in self.items if item is not None]

    def cut(self, begin: int, end: int) -> None:
        """Keep the places from one index up to another."""
        runs, at = [], 0
        for surroundings, run in self.runs:
            kept = run[max(0, begin - at) : max(0, end - at)]
            at += len(run)
            if kept:
                runs.append((surroundings, kept))
        self.items, self.runs = self.items[begin:end], runs

    def take_repeats_out(self) -> None:
        """Keep each item's first place alone; a place that repeats one still counts."""
        ids = {item.promotion_id for item in self.items if item is not None}
        if len(ids) + self.items.count(None) == len(self.items):
            return
        seen: set[tuple[int, int]] = set()
        for index, item in enumerate(self.items):
            if item is not None:
                identity = item.program_id, item.promotion_id
                if identity in seen:
                    self.items[index] = None
                seen.add(identity)

    def mark_drift_suspected(self) -> None:
        """Say that the page may not be what was asked for."""
        self.drift = Drift.SUSPECTED

    def mark_total_unreliable(self, segment: int) -> None:
        """Say that the upstream counts in a segment what it does not give; nobody knows why."""
        self.mark_drift_suspected()
        self.doubtful.add(segment)
        self.totals[segment] = None


def id_of(item: Identified | None) -> int | None:
    """Return an item's id; None where it could not be read."""
    return None if item is None else item.promotion_id


def _nearest(ids: list[int | None], places: range) -> tuple[int, ...]:
    readable = (id_ for place in places if (id_ := ids[place]) is not None)
    return tuple(islice(readable, NEIGHBOURS))
