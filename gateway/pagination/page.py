"""A page of a connection: its places, and the drift and totals seen while it was fetched."""

from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar

from gateway.pagination.position import NEIGHBOURS, Position
from gateway.upstream.normalise.warnings import UpstreamWarning


class Identified(Protocol):
    """An item of a list, identified by two ids."""

    program_id: int
    promotion_id: int


ItemT = TypeVar("ItemT", bound=Identified)

_ids_of = attrgetter("program_id", "promotion_id")


class Drift(Enum):
    """Whether the list moved between two pages."""

    NONE = "NONE"
    REPAIRED = "REPAIRED"
    SUSPECTED = "SUSPECTED"


@dataclass(slots=True)
class CursorContext(Generic[ItemT]):
    """The known part of a segment around a page, from which cursors are computed on demand.

    `items` begin at the offset `start`; `before` and `after` are known ids on either side of them,
    in list order. `repaired` is as in `Position`.
    """

    segment: int
    start: int
    items: list[ItemT | None]
    before: tuple[int, ...]
    after: tuple[int, ...]
    repaired: int
    _ids: list[int | None] = field(default_factory=list, init=False)

    def position(self, index: int) -> Position:
        """Return the position of the item with this index, with its neighbours' ids."""
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


class PositionSource(Protocol):
    """What has the positions of items of one segment, by index: a context, or a sorted list."""

    @property
    def segment(self) -> int:
        """Return the segment."""
        ...

    def position(self, index: int) -> Any:
        """Return the position of the item with this index: Position or SortPosition."""
        ...


Run = tuple[PositionSource, range]
"""Items in succession: what has their positions, and their indices in it."""


@dataclass(slots=True)
class Place(Generic[ItemT]):
    """One place of a list: an index in a context.

    `item` is None where it was dropped, or is on the page already.
    """

    context: PositionSource
    index: int
    item: ItemT | None

    @property
    def position(self) -> Any:
        """Return its position."""
        return self.context.position(self.index)


@dataclass(slots=True)
class ConnectionPage(Generic[ItemT]):
    """One page of a connection, in list order.

    `items` has None where an item was dropped, or is on the page already; `runs` has the contexts
    of all places. `totals` has the upstream's total of each segment that was fetched from, None
    where it is not plausible; `unreliable` are segments whose totals are ignored from then on.
    `customer_id` is the customer whose list it is, where the upstream says so.
    """

    items: list[ItemT | None] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    has_next: bool = False
    has_previous: bool = False
    drift: Drift = Drift.NONE
    totals: dict[int, int | None] = field(default_factory=dict)
    warnings: list[UpstreamWarning] = field(default_factory=list)
    customer_id: int | None = None
    unreliable: set[int] = field(default_factory=set)

    @property
    def places(self) -> list[Place[ItemT]]:
        """Return each item's place."""
        spots = ((context, index) for context, run in self.runs for index in run)
        return [Place(*spot, item) for spot, item in zip(spots, self.items, strict=True)]

    def edge(self, which: int) -> Any | None:
        """Return the position of the first (0) or the last (-1) place; None for an empty page."""
        if not self.runs:
            return None
        context, run = self.runs[which]
        return context.position(run[which])

    def cut(self, begin: int, end: int) -> None:
        """Drop all places but those from index `begin` up to `end`, exclusive."""
        runs, at = [], 0
        for context, run in self.runs:
            rest = run[max(0, begin - at) : max(0, end - at)]
            at += len(run)
            if rest:
                runs.append((context, rest))
        self.items, self.runs = self.items[begin:end], runs

    def finish(self) -> None:
        """Warn of dropped items, and remove all but the first of equal items.

        A place whose item is removed still counts.
        """
        items = self.items
        readable = list(filter(None, items))
        dropped = len(items) - len(readable)
        if dropped:
            self.warnings.append(dropped_warning(dropped))
        if len(set(map(_ids_of, readable))) == len(readable):
            return
        seen: set[tuple[int, int]] = set()
        for index, item in enumerate(items):
            if item is not None:
                ids = _ids_of(item)
                if ids in seen:
                    items[index] = None
                seen.add(ids)

    def mark_drift_suspected(self) -> None:
        """Mark that items of the page may be missing or repeated."""
        self.drift = Drift.SUSPECTED

    def mark_total_unreliable(self, segment: int) -> None:
        """Mark that the upstream's total counts items of a segment that it does not return."""
        self.mark_drift_suspected()
        self.unreliable.add(segment)
        self.totals[segment] = None


def id_of(item: Identified | None) -> int | None:
    """Return an item's id; None where it could not be read."""
    return None if item is None else item.promotion_id


def _nearest(ids: list[int | None], places: range) -> tuple[int, ...]:
    readable = (id_ for place in places if (id_ := ids[place]) is not None)
    return tuple(islice(readable, NEIGHBOURS))


def dropped_warning(count: int) -> UpstreamWarning:
    """Return the warning of items that were dropped."""
    if count == 1:
        return UpstreamWarning(
            None, "1 promotion was dropped: it is malformed, or belongs to another program."
        )
    return UpstreamWarning(
        None,
        f"{count} promotions were dropped: they are malformed, or belong to another program.",
    )
