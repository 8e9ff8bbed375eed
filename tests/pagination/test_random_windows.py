"""Randomly short windows: a client who pages to the end sees everything once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BudgetExceededError
from gateway.pagination.arguments import PageRequest
from gateway.pagination.page import ConnectionPage, Drift
from gateway.pagination.paginate import paginate
from gateway.upstream.decoding.decode import UpstreamPage as Window
from tests.pagination.lists import Item, Segment, segment_of
from tests.support.examples import examples

LENGTH = 101
MOST_CALLS = 15  # of a page that would be empty otherwise
Model = Callable[[Random, int, int], int]
"""The number of items of a window, by its limit and the number available."""


def _of_the_limit(random: Random, limit: int, there: int) -> int:
    return min(random.randint(0, limit), there)


def _of_what_is_there(random: Random, _: int, there: int) -> int:
    return random.randint(0, there)


def _all_or_nearly_nothing(random: Random, _: int, there: int) -> int:
    return there if random.random() < 0.7 else random.randint(0, min(1, there))


MODELS: list[Model] = [_of_the_limit, _of_what_is_there, _all_or_nearly_nothing]


@dataclass
class Moody:
    """A port with windows of random length; equal windows of a page have equal results."""

    segments: list[Segment]
    give: Callable[[int, int], int]
    budget: int = 100
    known: dict[tuple[int, int, int], Window[Item]] = field(default_factory=dict)

    async def fetch(self, segment: int, offset: int, limit: int) -> Window[Item]:
        """Return a window."""
        assert 1 <= limit <= 100
        key = segment, offset, limit
        if key not in self.known:
            if len(self.known) >= self.budget:
                raise BudgetExceededError(self.budget)
            items = self.segments[segment][offset : offset + limit]
            given = items[: self.give(limit, len(items))]
            self.known[key] = Window(list(given), len(self.segments[segment]), customer_id=7)
        return self.known[key]


def _pages(moody: Moody, size: int, *, backward: bool = False) -> list[ConnectionPage[Item]]:
    """Page to the end, as a client does."""
    pages: list[ConnectionPage[Item]] = []
    cursor = None
    while True:
        moody.known.clear()
        ends = (None, cursor) if backward else (cursor, None)
        request = PageRequest(size, backward, *ends)
        page = asyncio.run(paginate(moody.fetch, request, len(moody.segments)))
        assert len(moody.known) <= MOST_CALLS * len(moody.segments)
        pages.append(page)
        if not (page.has_previous if backward else page.has_next):
            return pages
        cursor = page.places[0 if backward else -1].position
        assert len(pages) < 1000


def _ids(pages: list[ConnectionPage[Item]]) -> list[int]:
    return [item.promotion_id for page in pages for item in page.items if item is not None]


@pytest.mark.parametrize("model", MODELS, ids=["of the limit", "of what is there", "or nothing"])
@pytest.mark.parametrize("size", [1, 5, 20, 98, 99, 100])
def test_a_walk_forward_sees_each_item_once(model: Model, size: int) -> None:
    """For any windows, nothing is missing or repeated, and pagination ends."""
    for seed in range(20):
        random = Random(seed)  # noqa: S311 - a test that is to repeat itself
        moody = Moody([segment_of(LENGTH)], partial(model, random))
        pages = _pages(moody, size)
        assert _ids(pages) == list(range(1, LENGTH + 1))
        for page in pages[:-1]:
            assert len(page.items) == size or page.drift is Drift.SUSPECTED


@pytest.mark.parametrize("size", [1, 5, 20, 98, 100])
def test_a_walk_backward_sees_each_item_once(size: int) -> None:
    """The same from the end, or from where the first page has a next one."""
    for seed in range(20):
        random = Random(seed)  # noqa: S311 - as above
        moody = Moody(
            [segment_of(LENGTH)],
            partial(_of_the_limit, random),
        )
        pages = _pages(moody, size, backward=True)
        seen = _ids(pages[::-1])
        assert seen == list(range(1, len(seen) + 1))
        assert pages[0].has_next is (len(seen) < LENGTH)


@pytest.mark.parametrize("size", [1, 20, 100])
def test_several_types_come_short_at_random(size: int) -> None:
    """An empty, a long and a short source type are one list."""
    segments = [segment_of(30), segment_of(0), segment_of(60, 100), segment_of(7, 200)]
    expected = [item.promotion_id for segment in segments for item in segment if item]
    for seed in range(20):
        random = Random(seed)  # noqa: S311 - as above
        moody = Moody(segments, partial(_of_the_limit, random))
        assert _ids(_pages(moody, size)) == expected


@examples(150)
@given(data=st.data(), length=st.integers(0, 130), size=st.integers(1, 100))
def test_any_windows_end_a_walk_and_bring_everything(
    data: st.DataObject, length: int, size: int
) -> None:
    """One window of three with more than the overlap suffices to lose nothing."""
    dry = 0

    def give(_: int, there: int) -> int:
        nonlocal dry
        given = data.draw(st.integers(0, there) | st.just(there))
        dry = 0 if given > 1 else dry + 1
        if dry > 2:
            dry, given = 0, there
        return given

    pages = _pages(Moody([segment_of(length)], give), size)
    assert _ids(pages) == list(range(1, length + 1))


@pytest.mark.parametrize("size", [0, 1, 20, 99, 100])
@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("given", [0, 1])
def test_a_platform_that_gives_next_to_nothing_ends_a_walk(
    *, size: int, backward: bool, given: int
) -> None:
    """Windows of one item or none: a bounded number of calls a page, and an end."""
    moody = Moody([segment_of(40)], lambda _, there: min(given, there))
    pages = _pages(moody, size, backward=backward) if size else []
    assert len(pages) <= 41
    if given and not backward and size:
        assert _ids(pages) == list(range(1, 41))


def test_a_window_of_the_overlap_alone_is_asked_on_from_the_next_offset() -> None:
    """The second window does not overlap where the first one has returned one item."""
    answers = iter([1, 20])
    moody = Moody([segment_of(60)], lambda _, there: min(next(answers), there))
    cursor = asyncio.run(
        paginate(Moody([segment_of(60)], lambda _, n: n).fetch, PageRequest(20, False, None, None))  # noqa: FBT003 - a record
    )
    request = PageRequest(20, backward=False, after=cursor.places[-1].position, before=None)
    page = asyncio.run(paginate(moody.fetch, request))
    assert list(moody.known) == [(0, 19, 22), (0, 20, 21)]
    assert _ids([page]) == list(range(21, 41))
    assert page.has_next


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("size", [5, 20, 98, 100])
@pytest.mark.parametrize("budget", [1, 2, 3])
def test_an_operation_that_may_make_few_calls_loses_nothing(
    *, size: int, budget: int, backward: bool
) -> None:
    """A page is shorter, or fails and is retried: it never ends a list early."""
    for seed in range(5):
        random = Random(seed)  # noqa: S311 - as above
        moody = Moody([segment_of(LENGTH)], partial(_of_what_is_there, random), budget)
        seen, cursor, more, failed = list[int](), None, True, 0
        while more and failed < 20:
            moody.known.clear()
            ends = (None, cursor) if backward else (cursor, None)
            try:
                page = asyncio.run(paginate(moody.fetch, PageRequest(size, backward, *ends)))
            except BudgetExceededError:
                failed += 1
                continue
            seen = [*_ids([page]), *seen] if backward else [*seen, *_ids([page])]
            more = page.has_previous if backward else page.has_next
            cursor = page.places[0 if backward else -1].position if page.items else None
        whole = range(1, LENGTH + 1)
        if failed == 20:
            assert seen == list(whole[LENGTH - len(seen) :] if backward else whole[: len(seen)])
        else:
            assert seen == list(whole)
