"""A whole list in a limited number of calls: its windows, its end, and what moves meanwhile."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pagination.page import Drift
from gateway.pagination.whole_list import TooManyItemsError, WholeList
from gateway.upstream.decoding.decode import UpstreamPage as Window
from gateway.upstream.normalise.warnings import UpstreamWarning
from tests.pagination.lists import Item, segment_of

pytestmark = pytest.mark.anyio


@dataclass
class Moving:
    """A list that `before_call` may change; `total` replaces the right one."""

    items: list[Item | None]
    before_call: Callable[[int], None] = lambda _number: None
    total: Any = "right"
    max_items: Callable[[int], int] = lambda _number: 100
    calls: list[tuple[int, int]] = field(default_factory=list)

    async def load(self, offset: int, limit: int) -> Window[Item]:
        """Return a window."""
        number = len(self.calls)
        self.before_call(number)
        self.calls.append((offset, limit))
        assert offset >= 0
        assert 1 <= limit <= 100
        size = min(limit, self.max_items(number))
        total = len(self.items) if self.total == "right" else self.total
        items = self.items[offset : offset + size]
        return Window(items, total, (UpstreamWarning(1, "words"),), customer_id=7)


async def read(moving: Moving, max_calls: int = 3) -> WholeList[Item]:
    """Read the list."""
    whole: WholeList[Item] = WholeList(max_calls)
    await whole.read(moving.load)
    assert len(moving.calls) <= max_calls
    assert whole.customer_id == 7
    assert whole.warnings == [UpstreamWarning(1, "words")]
    return whole


def ids(whole: WholeList[Item]) -> list[int]:
    """Return the ids that were read."""
    return [item.promotion_id for item in whole.items]


@pytest.mark.parametrize("max_calls", [1, 2, 3, 5])
@pytest.mark.parametrize("difference", [-2, -1, 0])
async def test_as_many_items_as_the_calls_hold_are_read(max_calls: int, difference: int) -> None:
    """100 for each call, with and without a total; without one, the end has to show."""
    size = 100 * max_calls + difference
    whole = await read(Moving([*segment_of(size)]), max_calls)
    assert (ids(whole), whole.drift, whole.is_complete) == (
        [*range(1, size + 1)],
        Drift.NONE,
        True,
    )
    with pytest.raises(TooManyItemsError):
        await read(Moving([*segment_of(100 * max_calls + 1)]), max_calls)


@pytest.mark.parametrize(("size", "calls"), [(0, 1), (99, 1), (100, 2), (198, 2), (199, 3)])
async def test_a_list_without_a_total_ends_with_a_short_window(size: int, calls: int) -> None:
    """One window follows the other, each with an overlap."""
    moving = Moving([*segment_of(size)], total=None)
    whole = await read(moving)
    assert (ids(whole), whole.drift) == ([*range(1, size + 1)], Drift.NONE)
    assert moving.calls == [(0, 100), (99, 100), (198, 100)][:calls]


@pytest.mark.parametrize("size", [298, 300, 1000])
async def test_a_list_without_a_total_that_does_not_end_is_too_long(size: int) -> None:
    """Nothing shows that there are no more."""
    with pytest.raises(TooManyItemsError):
        await read(Moving([*segment_of(size)], total=None))


@pytest.mark.parametrize("total", [7, 99, 250])
async def test_a_total_below_the_items_counts_for_nothing(total: int) -> None:
    """The list ends where a window is short."""
    whole = await read(Moving([*segment_of(180)], total=total if total < 100 else None))
    assert (len(ids(whole)), whole.drift, whole.is_complete) == (180, Drift.NONE, True)


async def test_a_total_above_the_items_is_suspected() -> None:
    """What there is is shown, after the calls have not brought more."""
    moving = Moving([*segment_of(60)], total=90)
    whole = await read(moving)
    assert moving.calls == [(0, 100), (59, 100), (60, 99)]
    assert (len(ids(whole)), whole.drift, whole.is_complete) == (60, Drift.SUSPECTED, False)
    nothing = await read(Moving([], total=90))
    assert (ids(nothing), nothing.drift, nothing.is_complete) == ([], Drift.SUSPECTED, False)


async def test_a_wrong_total_does_not_take_all_calls() -> None:
    """Two windows without a new item end the reading."""
    moving = Moving([*segment_of(60)], total=90)
    await read(moving, 20)
    assert len(moving.calls) == 3


async def test_a_short_window_is_completed() -> None:
    """The platform returned fewer items once; the next window begins where that one ends."""
    moving = Moving([*segment_of(150)], max_items=lambda number: 100 if number else 60)
    whole = await read(moving)
    assert moving.calls == [(0, 100), (59, 100)]
    assert (ids(whole), whole.drift, whole.is_complete) == ([*range(1, 151)], Drift.NONE, True)


async def test_a_gap_before_a_window_is_suspected() -> None:
    """The second of three windows is short: the items of the third are shown all the same."""
    moving = Moving([*segment_of(250)], max_items=lambda number: 40 if number == 1 else 100)
    whole = await read(moving)
    assert ids(whole) == [*range(1, 140), *range(199, 251)]
    assert (whole.drift, whole.is_complete) == (Drift.SUSPECTED, False)


async def test_calls_do_not_suffice_for_short_windows() -> None:
    """Nothing more is requested than allowed."""
    whole = await read(Moving([*segment_of(250)], max_items=lambda _: 50))
    assert ids(whole) == [*range(1, 149)]
    assert (whole.drift, whole.is_complete) == (Drift.SUSPECTED, False)


async def test_unreadable_items_are_counted_once() -> None:
    """Also where two windows overlap."""
    items: list[Item | None] = [*segment_of(150)]
    items[99] = items[100] = items[3] = None
    whole = await read(Moving(items))
    assert (len(ids(whole)), whole.dropped, whole.drift) == (147, 3, Drift.NONE)


async def test_an_item_that_is_listed_twice_is_read_once() -> None:
    """The first one stays; another program's item with the same id is another."""
    items: list[Item | None] = [Item(1), Item(2), Item(1), Item(1, program_id=2)]
    whole = await read(Moving(items))
    assert [(item.promotion_id, item.program_id) for item in whole.items] == [
        (1, 1),
        (2, 1),
        (1, 2),
    ]


@pytest.mark.parametrize(
    ("size", "at", "insert", "delete", "drift"),
    [
        (250, 200, 1, 0, Drift.NONE),  # behind what has been read
        (250, 99, 1, 0, Drift.REPAIRED),
        (250, 0, 5, 0, Drift.REPAIRED),
        (250, 0, 0, 1, Drift.SUSPECTED),
        (250, 99, 0, 1, Drift.SUSPECTED),
        (250, 0, 3, 3, Drift.NONE),
        (299, 100, 0, 1, Drift.SUSPECTED),  # by the total: the windows do not overlap
        (299, 5, 1, 0, Drift.REPAIRED),
    ],
)
async def test_a_list_that_moves_between_two_windows(
    size: int, at: int, insert: int, delete: int, drift: Drift
) -> None:
    """What grew is repaired, and what shrank is suspected, before the second window."""

    def move(number: int) -> None:
        if number == 1:
            moving.items[at : at + delete] = segment_of(insert, 1000)

    moving = Moving([*segment_of(size)], move)
    stayed = set(range(1, size + 1)) - set(range(at + 1, at + 1 + delete))
    whole = await read(moving)
    assert whole.drift is drift
    if drift is not Drift.SUSPECTED:
        assert stayed <= set(ids(whole))


@given(
    size=st.integers(0, 298),
    moves=st.lists(
        st.tuples(st.integers(1, 2), st.integers(0, 300), st.integers(0, 5), st.integers(0, 5)),
        max_size=4,
    ),
)
async def test_without_suspicion_nothing_is_lost(
    size: int, moves: list[tuple[int, int, int, int]]
) -> None:
    """Whatever moves while the list is read, each item that stays is read exactly once."""
    fresh = iter(range(1000, 2000))
    stayed = set(range(1, size + 1))

    def move(number: int) -> None:
        for before, at, insert, delete in moves:
            if before == number:
                gone = moving.items[at : at + delete]
                stayed.difference_update(item.promotion_id for item in gone if item)
                moving.items[at : at + delete] = [Item(next(fresh)) for _ in range(insert)]

    moving = Moving([*segment_of(size)], move)
    try:
        whole = await read(moving)
    except TooManyItemsError:
        assert len(moving.items) > 280
        return
    assert len(ids(whole)) == len(set(ids(whole)))
    if whole.drift is not Drift.SUSPECTED:
        assert stayed <= set(ids(whole))


async def test_windows_are_loaded_at_once_and_an_error_cancels_the_rest() -> None:
    """The second and the third wait for each other here; the second one's error is raised."""
    started, cancelled = list[int](), list[int]()
    both = asyncio.Event()

    async def load(offset: int, limit: int) -> Window[Item]:
        if not offset:
            return await Moving([*segment_of(250)]).load(offset, limit)
        started.append(offset)
        if len(started) == 2:
            both.set()
        await both.wait()
        if offset == 99:
            raise LookupError
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(offset)
            raise
        raise AssertionError

    with pytest.raises(LookupError):
        await WholeList[Item](3).read(load)
    assert (started, cancelled) == ([99, 198], [198])
