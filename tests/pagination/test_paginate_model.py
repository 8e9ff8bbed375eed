"""For any request and any list, a page is a slice of the list."""

import asyncio
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from gateway.pagination.arguments import PageRequest
from gateway.pagination.page import ConnectionPage, Drift
from gateway.pagination.paginate import paginate
from gateway.pagination.position import Position
from tests.pagination.lists import Item, Lists, Segment, positions, spots
from tests.support.examples import examples

SIZES = st.one_of(st.integers(0, 5), st.integers(0, 100), st.sampled_from([97, 98, 99, 100]))
MOST = st.one_of(st.integers(1, 7), st.sampled_from([50, 99]))
LENGTHS = st.one_of(st.integers(0, 5), st.integers(0, 320), st.sampled_from([99, 100, 101, 200]))


@st.composite
def connections(draw: st.DrawFn) -> list[Segment]:
    """Draw one to four lists with some unreadable items."""
    segments: list[Segment] = []
    for number in range(draw(st.integers(1, 4))):
        left_out = draw(st.sets(st.integers(0, 30), max_size=4))
        segments.append(
            [
                None if offset in left_out else Item(1000 * number + offset)
                for offset in range(draw(LENGTHS))
            ]
        )
    return segments


def _run(lists: Lists, request: PageRequest) -> ConnectionPage[Item]:
    return asyncio.run(paginate(lists.fetch, request, len(lists.segments)))


def _cursor(data: st.DataObject, places: Sequence[Position], name: str) -> Position | None:
    choice = data.draw(st.none() | st.integers(0, len(places) - 1), name) if places else None
    return None if choice is None else places[choice]


@examples(200, derandomize=True)
@given(segments=connections(), size=SIZES, backward=st.booleans(), data=st.data())
def test_a_page_is_the_slice_of_the_list_that_was_asked_for(
    *, segments: list[Segment], size: int, backward: bool, data: st.DataObject
) -> None:
    """Places, page info, drift and warnings agree with a plain list for every request."""
    places = positions(segments)
    after, before = _cursor(data, places, "after"), _cursor(data, places, "before")
    totals = [data.draw(st.sampled_from([len(segment), None])) for segment in segments]
    lists = Lists(segments, totals)

    page = _run(lists, PageRequest(size, backward, after, before))

    start = 0 if after is None else places.index(after) + 1
    between = places[start : len(places) if before is None else places.index(before)]
    expected = between[max(0, len(between) - size) :] if backward else between[:size]
    has_more = len(between) > size
    assert spots(page.places) == expected
    assert [place.item for place in page.places] == [
        segments[position.segment][position.offset] for position in expected
    ]
    assert page.has_next is (before is not None if backward else has_more)
    assert page.has_previous is (has_more if backward else after is not None)
    assert page.drift is Drift.NONE
    left_out = sum(position.promotion_id is None for position in expected)
    assert len(page.warnings) == bool(left_out)
    assert all(page.totals[segment] == totals[segment] for segment in page.totals)
    # Nothing is asked twice over: some calls a hundred items, and a few at each border.
    assert len(lists.calls) <= sum(len(segment) // 100 + 3 for segment in segments) + 2


@examples(200, derandomize=True)
@given(segments=connections(), size=SIZES, most=MOST, backward=st.booleans(), data=st.data())
def test_a_page_of_short_windows_is_short_and_says_so(
    *, segments: list[Segment], size: int, most: int, backward: bool, data: st.DataObject
) -> None:
    """Few further calls, nothing missing next to the cursor, and drift where it is short."""
    places = positions(segments)
    after, before = _cursor(data, places, "after"), _cursor(data, places, "before")
    lists = Lists(segments, [len(segment) for segment in segments], most=most)

    page = _run(lists, PageRequest(size, backward, after, before))

    start = 0 if after is None else places.index(after) + 1
    between = places[start : len(places) if before is None else places.index(before)]
    expected = between[max(0, len(between) - size) :] if backward else between[:size]
    shown = spots(page.places)
    has_more = page.has_previous if backward else page.has_next
    if backward and before is None and page.has_next:
        assert page.drift is Drift.SUSPECTED  # the end was not found, and it says so
        return
    assert shown == (expected[len(expected) - len(shown) :] if backward else expected[: len(shown)])
    assert has_more is (len(between) > len(shown)) or page.drift is Drift.SUSPECTED
    if len(shown) < len(expected):
        assert page.drift is Drift.SUSPECTED
        assert has_more
    assert len(lists.calls) <= 5 * len(segments)


@examples(200, derandomize=True)
@given(
    was=connections(), segments=connections(), size=SIZES, backward=st.booleans(), data=st.data()
)
def test_a_walk_over_a_moved_or_lying_list_ends(
    *, was: list[Segment], segments: list[Segment], size: int, backward: bool, data: st.DataObject
) -> None:
    """Cursors of another list and wrong totals take a bounded number of calls."""
    places = [place for place in positions(was) if place.segment < len(segments)]
    after, before = _cursor(data, places, "after"), _cursor(data, places, "before")
    totals = [data.draw(st.none() | st.integers(0, 2**31 - 1)) for _ in segments]
    most = data.draw(st.just(100) | MOST)
    lists = Lists(segments, totals, most=most)

    page = _run(lists, PageRequest(size, backward, after, before))

    shown = spots(page.places)
    assert len(shown) <= size
    assert shown == sorted(set(shown), key=lambda position: position[:2])
    assert set(shown) <= set(positions(segments))
    assert len(lists.calls) <= 20 * len(segments)


@examples(40, deadline=None, derandomize=True)
@given(
    segments=connections(),
    size=st.integers(1, 100),
    most=st.none() | MOST,
    backward=st.booleans(),
    data=st.data(),
)
def test_a_walk_from_end_to_end_sees_each_place_once(
    *, segments: list[Segment], size: int, most: int | None, backward: bool, data: st.DataObject
) -> None:
    """Following the cursors in either direction returns the whole list in order."""
    # Where windows are short, only the total tells that the list goes on; and backward nobody finds
    # the end of a list whose end the platform does not give.
    if most is not None and backward:
        most = max(most, size)
    unknown = [None] if most is None else []
    totals = [data.draw(st.sampled_from([len(segment), *unknown])) for segment in segments]
    seen: list[Position] = []
    cursor: Position | None = None
    more = True
    while more:
        ends = (None, cursor) if backward else (cursor, None)
        lists = Lists(segments, totals, most=most or 100)
        page = _run(lists, PageRequest(size, backward, *ends))
        shown = spots(page.places)
        seen = [*shown, *seen] if backward else [*seen, *shown]
        more = page.has_previous if backward else page.has_next
        assert shown or not more
        if shown:
            cursor = page.places[0 if backward else -1].position
    assert seen == positions(segments)
