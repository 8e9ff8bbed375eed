"""Windows that do not match their limit, and totals that do not match the list."""

import asyncio

import pytest

from gateway.pagination.arguments import PageRequest
from gateway.pagination.page import Drift
from gateway.pagination.paginate import paginate
from gateway.pagination.position import Position
from tests.pagination.lists import Lists, segment_of


@pytest.mark.parametrize("total", [10**6, 2**31 - 1, 151, 100])
@pytest.mark.parametrize("size", [0, 1, 20, 100])
def test_a_total_that_counts_too_many_does_not_cost_the_budget(total: int, size: int) -> None:
    """The end is found where the items end, in a few calls; only `last: 0` may miss it."""
    lists = Lists([segment_of(150)], [total])
    page = asyncio.run(
        paginate(lists.fetch, PageRequest(size, backward=True, after=None, before=None))
    )
    shown = [place.position.offset for place in page.places]
    end = 100 if total == 100 else 150  # a total that is too small hides what is behind it
    assert shown == list(range(end - size, end))
    assert len(lists.calls) <= 8


def test_a_cursor_past_the_end_of_a_list_without_a_total() -> None:
    """Without a total, the end is searched by doubling."""
    lists = Lists([segment_of(250)], [None])
    request = PageRequest(20, backward=True, after=None, before=Position(0, 900, 1))
    page = asyncio.run(paginate(lists.fetch, request))
    assert [place.position.offset for place in page.places] == list(range(230, 250))
    assert page.drift is Drift.SUSPECTED
    assert len(lists.calls) <= 6


@pytest.mark.parametrize("size", [150, 3000, 20_000])
@pytest.mark.parametrize("total", [None, 2**31 - 1])
def test_the_end_is_found_without_a_total(size: int, total: int | None) -> None:
    """Doubling and halving find the end of any realistic list in a score of calls."""
    lists = Lists([segment_of(size)], [total])
    page = asyncio.run(
        paginate(lists.fetch, PageRequest(20, backward=True, after=None, before=None))
    )
    assert [place.position.offset for place in page.places] == list(range(size - 20, size))
    assert not page.has_next
    assert page.totals == {0: None}
    assert len(lists.calls) <= 22


def test_an_end_that_is_not_found_is_not_said_to_be_one() -> None:
    """An endless list takes a score of calls, and its page has a next one."""
    lists = Lists([segment_of(10**6)], [None])
    page = asyncio.run(
        paginate(lists.fetch, PageRequest(20, backward=True, after=None, before=None))
    )
    assert (page.drift, page.has_next, len(page.places)) == (Drift.SUSPECTED, True, 20)
    assert len(lists.calls) <= 18


@pytest.mark.parametrize("most", [1, 2, 3, 7, 21])
def test_a_page_of_short_windows_ends_right_before_the_cursor(most: int) -> None:
    """Backward, the items nearest to the cursor are shown; the others on the next page."""
    lists = Lists([segment_of(90)], [90], most=most)
    before = Position(0, 60, 61, after=(62, 63))
    page = asyncio.run(
        paginate(lists.fetch, PageRequest(20, backward=True, after=None, before=before))
    )
    shown = [place.position.offset for place in page.places]
    assert shown == list(range(60 - len(shown), 60))
    assert shown
    assert page.has_previous
    assert page.drift is (Drift.NONE if most == 21 else Drift.SUSPECTED)
    assert len(lists.calls) <= 3


@pytest.mark.parametrize(
    ("length", "after", "shown", "more"),
    [
        (0, None, [], False),
        (30, Position(0, 19, 20), list(range(20, 30)), True),
        (30, Position(0, 29, 30), [], False),
    ],
    ids=["at once", "on the way", "at the end"],
)
def test_an_empty_window_of_a_list_that_goes_on_is_suspected(
    *, length: int, after: Position | None, shown: list[int], more: bool
) -> None:
    """An empty page ends pagination with a report; one with items continues."""
    lists = Lists([segment_of(length)], [50])
    page = asyncio.run(
        paginate(lists.fetch, PageRequest(20, backward=False, after=after, before=None))
    )
    assert [place.position.offset for place in page.places] == shown
    assert (page.drift, page.has_next) == (Drift.SUSPECTED, more)
    assert page.totals == {0: 50 if more else None}
    assert len(lists.calls) <= 6
