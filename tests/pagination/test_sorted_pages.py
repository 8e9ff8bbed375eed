"""Pages of a sorted list, against a plain list that is sorted anew for each of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import CursorInvalidError
from gateway.pagination.arguments import ConnectionArguments
from gateway.pagination.cursor import Binding
from gateway.pagination.page import ConnectionPage, Drift
from gateway.pagination.sort_position import SortKey, SortPosition
from gateway.pagination.sorted_page import Order, SortedRequest, sorted_page
from gateway.pagination.whole_list import WholeList
from gateway.upstream.decoding.decode import UpstreamPage as Window
from tests.support.examples import examples

pytestmark = pytest.mark.anyio
BINDING = Binding("a sorted list")
TEXTS = ["", "a", "ab", "abc", "b", "ä", "\U0010ffff", "z" * 64]
NUMBERS = [-(10**15), -1, 0, 1, 2, 10**15]


@dataclass(unsafe_hash=True, slots=True)
class Entry:
    """An item with its sort key; keys recur, and so do ids in another program."""

    key: SortKey
    promotion_id: int
    program_id: int

    @property
    def ids(self) -> tuple[int, int]:
        """Return both ids."""
        return self.promotion_id, self.program_id

    @property
    def position(self) -> SortPosition:
        """Return its position."""
        return SortPosition(self.key, *self.ids)


def entries(keys: list[Any]) -> st.SearchStrategy[list[Entry]]:
    """Return lists of items with unique ids, in any order."""
    entry = st.builds(Entry, st.sampled_from([None, *keys]), st.integers(0, 40), st.integers(1, 2))
    return st.lists(entry, max_size=40, unique_by=lambda each: each.ids)


ORDERS = st.sampled_from(
    [
        Order(),
        Order(int),
        Order(int, is_descending=True),
        Order(str),
        Order(str, is_descending=True),
    ]
)


def keys_of(order: Order) -> list[Any]:
    """Return the keys that items of a list in this order may have."""
    if order.key_type is None:
        return []
    return NUMBERS if order.key_type is int else TEXTS


def model(items: list[Entry], order: Order) -> list[Entry]:
    """Return the items in their order: key by key, those without one last, each by ids."""
    keys = sorted({each.key for each in items if each.key is not None}, reverse=order.is_descending)
    return [
        each
        for key in [*keys, None]
        for each in sorted(items, key=lambda each: each.ids)
        if each.key == key
    ]


async def page_of(items: list[Entry], order: Order, **arguments: Any) -> ConnectionPage[Entry]:
    """Return a page of the list as the gateway computes it."""
    request = SortedRequest.check(ConnectionArguments(**arguments), BINDING, order)
    whole: WholeList[Entry] = WholeList(3)

    async def load(offset: int, limit: int) -> Window[Entry]:
        return Window([*items[offset : offset + limit]], len(items), customer_id=7)

    await whole.read(load)
    read = [*whole.items]
    return sorted_page(whole, read, [each.position for each in read], request)


def edge(page: ConnectionPage[Entry], which: int) -> str | None:
    """Return a page's first (0) or last (-1) cursor."""
    position = page.edge(which)
    return None if position is None else BINDING.write(position)


@dataclass
class Change:
    """What happens to the list between two pages."""

    gone: frozenset[int]
    new: list[Entry]

    def apply(self, items: list[Entry]) -> list[Entry]:
        """Return the changed list, in another order."""
        kept = [each for each in items if each.promotion_id not in self.gone]
        known = {each.ids for each in items}
        return [*(each for each in self.new if each.ids not in known), *reversed(kept)]


@st.composite
def walks(draw: st.DrawFn) -> tuple[Order, list[Entry], int, list[Change]]:
    """Return an order, a list, a page size, and the changes between the pages."""
    order = draw(ORDERS)
    lists = entries(keys_of(order))
    changes = st.builds(Change, st.frozensets(st.integers(0, 40), max_size=15), lists)
    return order, draw(lists), draw(st.integers(1, 7)), draw(st.lists(changes, max_size=4))


async def walk(
    order: Order, items: list[Entry], size: int, changes: list[Change], *, is_forward: bool
) -> tuple[list[Entry], list[Entry]]:
    """Page to the end while the list changes; return what was shown and what stayed.

    Each page is compared with the list as it is at that moment.
    """
    remaining: Iterator[Change] = iter(changes)
    shown, stayed = list[Entry](), list(items)
    cursor: str | None = None
    last: Entry | None = None
    while True:
        given = {"first": size, "after": cursor} if is_forward else {"last": size, "before": cursor}
        page = await page_of(items, order, **given)
        expected = model([*items, *([last] if last and last not in items else [])], order)
        at = expected.index(last) if last else (-1 if is_forward else len(expected))
        rest = expected[at + 1 :] if is_forward else expected[:at]
        wanted = rest[:size] if is_forward else rest[-size:]
        assert page.items == wanted
        assert page.drift is Drift.NONE
        assert page.totals == {0: len(items)}
        has_more = page.has_next if is_forward else page.has_previous
        assert has_more is (len(rest) > size)
        has_passed = page.has_previous if is_forward else page.has_next
        assert has_passed is (len([each for each in items if each not in rest]) > 0)
        shown = [*shown, *wanted] if is_forward else [*wanted, *shown]
        if not has_more:
            return shown, stayed
        last = wanted[-1 if is_forward else 0]
        cursor = edge(page, -1 if is_forward else 0)
        change = next(remaining, None)
        if change is not None:
            items = change.apply(items)
            stayed = [each for each in stayed if each in items]


@examples(300)
@given(walks(), st.booleans())
async def test_pages_make_up_the_sorted_list_whatever_changes(
    drawn: tuple[Order, list[Entry], int, list[Change]],
    is_forward: bool,  # noqa: FBT001 - drawn
) -> None:
    """What stays is shown once, in its order; nothing is shown twice; each page is exact."""
    order, items, size, changes = drawn
    shown, stayed = await walk(order, items, size, changes, is_forward=is_forward)
    assert shown == model(shown, order)
    assert len(shown) == len(set(shown))
    assert set(stayed) <= set(shown)
    if not changes:
        assert shown == model(items, order)


@examples(300)
@given(
    ORDERS.flatmap(lambda order: st.tuples(st.just(order), entries(keys_of(order)))),
    st.integers(0, 45),
    st.integers(0, 45),
    st.integers(0, 10),
    st.booleans(),
)
async def test_a_page_between_two_cursors_is_exact(
    drawn: tuple[Order, list[Entry]],
    one: int,
    other: int,
    size: int,
    is_forward: bool,  # noqa: FBT001 - drawn
) -> None:
    """Both are exclusive; crossed ones leave nothing between them."""
    order, items = drawn
    expected = model(items, order)
    marks = [BINDING.write(each.position) for each in expected]
    after, before = (marks[n] if n < len(marks) else None for n in (one, other))
    begin = one + 1 if after else 0
    stop = other if before else len(expected)
    between = expected[begin:stop]
    given = {"first": size} if is_forward else {"last": size}
    page = await page_of(items, order, after=after, before=before, **given)
    if is_forward:
        assert page.items == between[:size]
        assert page.has_next is (len(between) > size)
        assert page.has_previous is (begin > 0)
    else:
        assert page.items == (between[-size:] if size else [])
        assert page.has_previous is (len(between) > size)
        assert page.has_next is (max(stop, begin) < len(expected))


@pytest.mark.parametrize(
    ("order", "key"),
    [(Order(), 1), (Order(), "a"), (Order(int), "a"), (Order(str), 1)],
)
def test_a_key_of_another_type_is_no_cursor_of_the_list(order: Order, key: SortKey) -> None:
    """Nobody writes one, but anybody may send one."""
    cursor = BINDING.write(SortPosition(key, 1, 1))
    for argument in ("after", "before"):
        given: dict[str, Any] = {argument: cursor}
        with pytest.raises(CursorInvalidError) as refused:
            SortedRequest.check(ConnectionArguments(**given), BINDING, order)
        assert refused.value.argument == argument


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, (20, False)),
        ({"first": 0}, (0, False)),
        ({"last": 100}, (100, True)),
        ({"before": True}, (20, True)),
        ({"before": True, "after": True}, (20, False)),
        ({"before": True, "first": 3}, (3, False)),
        ({"after": True, "last": 3}, (3, True)),
    ],
)
def test_sizes_and_directions_are_those_of_any_page(
    arguments: dict[str, Any], expected: tuple[int, bool]
) -> None:
    """Without `first` and `last` the page is at its only cursor."""
    cursor = BINDING.write(SortPosition(None, 1, 1))
    given: dict[str, Any] = {
        name: cursor if value is True else value for name, value in arguments.items()
    }
    request = SortedRequest.check(ConnectionArguments(**given), BINDING, Order())
    assert (request.size, request.backward) == expected
