"""A page of a list that the gateway has read as a whole, and sorted."""

from bisect import bisect_left
from typing import NamedTuple, Self

from gateway.errors import CursorInvalidError
from gateway.pagination.arguments import ConnectionArguments, PageRequest
from gateway.pagination.cursor import Binding
from gateway.pagination.page import ConnectionPage, ItemT, dropped_warning
from gateway.pagination.sort_position import SortPosition, sort_positions
from gateway.pagination.whole_list import WholeList


class Order(NamedTuple):
    """The order of a list: the type of its sort keys, and its direction.

    Without a type no item has a key, and the list is in the order of ids.
    """

    key_type: type[int] | type[str] | None = None
    is_descending: bool = False


class SortedRequest(NamedTuple):
    """A checked request for `size` items, 0..100, between two exclusive positions of a list."""

    size: int
    backward: bool
    after: SortPosition | None
    before: SortPosition | None
    order: Order

    @classmethod
    def check(cls, arguments: ConnectionArguments, binding: Binding, order: Order) -> Self:
        """Check the arguments, before anything is fetched, as `PageRequest.check` does."""
        first, after, last, before = arguments
        checked = PageRequest.check(ConnectionArguments(first=first, last=last), binding)
        is_from_end = first is None and after is None and before is not None
        return cls(
            checked.size,
            checked.backward or is_from_end,
            None if after is None else _read(binding, "after", after, order),
            None if before is None else _read(binding, "before", before, order),
            order,
        )


def _read(binding: Binding, argument: str, cursor: str, order: Order) -> SortPosition:
    position = binding.read_sorted(argument, cursor)
    if position.key is not None and type(position.key) is not order.key_type:
        raise CursorInvalidError(argument)  # it was not written here
    return position


class SortedPositions(NamedTuple):
    """The positions of a sorted list, by index."""

    positions: list[SortPosition]
    segment: int = 0

    def position(self, index: int) -> SortPosition:
        """Return the position of the item with this index."""
        return self.positions[index]


def sorted_page(
    whole: WholeList[ItemT],
    items: list[ItemT],
    positions: list[SortPosition],
    request: SortedRequest,
) -> ConnectionPage[ItemT]:
    """Sort the items of a list that matched, by their positions, and return a page of them.

    The total is their number, unknown where the list could not be read completely.
    """
    order = sort_positions(positions, is_descending=request.order.is_descending)
    ordered = SortedPositions([positions[index] for index in order])
    shown = _shown(ordered.positions, request)
    if request.backward:
        has_previous, has_next = shown.start > shown.floor, shown.stop < len(order)
    else:
        has_previous, has_next = shown.start > 0, shown.stop < shown.ceiling
    page = ConnectionPage(
        [items[order[index]] for index in range(shown.start, shown.stop)],
        [(ordered, range(shown.start, shown.stop))] if shown.start < shown.stop else [],
        has_next=has_next,
        has_previous=has_previous,
        drift=whole.drift,
        totals={0: len(order) if whole.is_complete else None},
        warnings=list(whole.warnings),
        customer_id=whole.customer_id,
    )
    if whole.dropped:
        page.warnings.append(dropped_warning(whole.dropped))
    return page


class _Shown(NamedTuple):
    """The range of a page's items, within that of the items between its two cursors."""

    start: int
    stop: int
    floor: int
    ceiling: int


def _shown(positions: list[SortPosition], request: SortedRequest) -> _Shown:
    size, backward, after, before, order = request
    is_descending = order.is_descending
    floor, ceiling = 0, len(positions)
    if after is not None:
        floor = bisect_left(
            positions,
            True,  # noqa: FBT003 - the first for which it is true
            key=lambda place: after.precedes(place, is_descending=is_descending),
        )
    if before is not None:
        ceiling = bisect_left(
            positions,
            True,  # noqa: FBT003 - as above
            key=lambda place: not place.precedes(before, is_descending=is_descending),
        )
    ceiling = max(floor, ceiling)
    if backward:
        return _Shown(max(floor, ceiling - size), ceiling, floor, ceiling)
    return _Shown(floor, min(ceiling, floor + size), floor, ceiling)
