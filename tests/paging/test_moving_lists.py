"""Lists that move between two pages, and platforms that count wrongly."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.paging.arguments import PageRequest
from gateway.paging.cursor import Position
from gateway.paging.page import Drift
from gateway.paging.walk import walk
from gateway.sandbox.app import create_sandbox
from gateway.sandbox.world import World
from tests.graph import Graph, graph_over
from tests.paging.listing import Listing, customer, program
from tests.paging.lists import Lists, segment_of
from tests.sandbox.client import NOW, TODAY
from tests.serving import serve


@dataclass
class Moving:
    """A graph whose two lists of 100 a test may change: a customer's, and a program's."""

    graph: Graph
    world: World

    def lists(self) -> list[tuple[Listing, list[Any]]]:
        """Give both connections, each with the list behind it."""
        held = self.world.customer("externalId", "C-100")
        assert held is not None
        return [
            (Listing(self.graph, customer("C-100")), held.holdings),
            (Listing(self.graph, program(9100)), self.world.programs[9100].definitions),
        ]


@pytest.fixture(scope="module")
def platform() -> Iterator[Moving]:
    """Serve a world that belongs to this module alone."""
    world = World.generate(today=TODAY)
    with (
        serve(create_sandbox(world, clock=lambda: NOW)) as url,
        graph_over(url) as graph,
    ):
        yield Moving(graph, world)


@pytest.fixture
def moving(platform: Moving) -> Iterator[Moving]:
    """Give that world, and put its lists back."""
    kept = [(items, list(items)) for _, items in platform.lists()]
    yield platform
    for items, before in kept:
        items[:] = before


@pytest.mark.parametrize("removed", [0, 10, 19])
def test_an_item_that_is_gone_before_the_cursor_is_suspected(moving: Moving, removed: int) -> None:
    """Forward: whatever is deleted up to the cursor's own item shows as drift."""
    for listing, items in moving.lists():
        first = listing.page(first=20)
        assert first.drift == "NONE"
        del items[removed]
        page = listing.page(first=20, after=first.info["endCursor"])
        assert (page.drift, len(page.ids), page.calls) == ("SUSPECTED", 20, 1)


@pytest.mark.parametrize("removed", [0, 79, 80])
def test_drift_is_suspected_backward_too(moving: Moving, removed: int) -> None:
    """Backward: the cursor's own item, or one in front of it, is gone."""
    for listing, items in moving.lists():
        last = listing.page(last=20)
        del items[removed]
        page = listing.page(last=20, before=last.info["startCursor"])
        assert (page.drift, len(page.ids), page.calls) == ("SUSPECTED", 20, 1)


def test_a_new_item_in_front_of_the_cursor_is_suspected(moving: Moving) -> None:
    """An insertion moves the list as a deletion does."""
    for listing, items in moving.lists():
        cursor = listing.page(first=20).info["endCursor"]
        items.insert(5, items[50])
        assert listing.page(first=20, after=cursor).drift == "SUSPECTED"


def test_a_change_behind_the_cursor_is_no_drift(moving: Moving) -> None:
    """What happens further on does not concern the page."""
    for listing, items in moving.lists():
        cursor = listing.page(first=20).info["endCursor"]
        del items[60]
        page = listing.page(first=20, after=cursor)
        assert (page.drift, page.total) == ("NONE", 99)


@pytest.mark.parametrize("left", [0, 1, 30])
def test_a_list_cut_short_of_the_cursor_is_no_crash(moving: Moving, left: int) -> None:
    """Forward there is nothing more; backward the page is what the list now ends with."""
    for listing, items in moving.lists():
        cursors = listing.page(first=100).cursors
        remaining = listing.page(first=100).ids[:left]
        del items[left:]
        forward = listing.page(first=20, after=cursors[80])
        assert (forward.ids, forward.drift, forward.info["hasNextPage"]) == ([], "SUSPECTED", False)
        backward = listing.page(last=20, before=cursors[80])
        assert (backward.ids, backward.drift) == (remaining[-20:], "SUSPECTED")
        assert backward.info["hasPreviousPage"] is (left > 20)
        assert backward.calls <= 2


@pytest.mark.parametrize("total", [10**6, 2**31 - 1, 151, 100])
@pytest.mark.parametrize("size", [0, 1, 20, 100])
def test_a_total_that_counts_too_many_does_not_cost_the_budget(total: int, size: int) -> None:
    """The end is found where the items end, in a few calls; nothing is lost but `last: 0`'s."""
    lists = Lists([segment_of(150)], [total])
    page = asyncio.run(walk(lists.fetch, PageRequest(size, backward=True, after=None, before=None)))
    shown = [place.position.offset for place in page.places]
    end = 100 if total == 100 else 150  # a total that is too small hides what is behind it
    assert shown == list(range(end - size, end))
    assert len(lists.calls) <= 5


def test_a_cursor_past_the_end_of_a_list_without_a_total(moving: Moving) -> None:
    """Where the platform does not count, the end is looked for page by page."""
    lists = Lists([segment_of(250)], [None])
    request = PageRequest(20, backward=True, after=None, before=Position(0, 900, 1))
    page = asyncio.run(walk(lists.fetch, request))
    assert [place.position.offset for place in page.places] == list(range(230, 250))
    assert page.drift is Drift.SUSPECTED
    assert lists.calls == [(0, 880, 21), (0, 0, 100), (0, 100, 100), (0, 200, 100)]


def test_windows_shorter_than_asked_are_completed_backward() -> None:
    """Three a call where five are asked: the page is still the last five, at two calls more."""
    lists = Lists([segment_of(30)], [30], most=3)
    page = asyncio.run(walk(lists.fetch, PageRequest(5, backward=True, after=None, before=None)))
    assert [place.position.offset for place in page.places] == [25, 26, 27, 28, 29]
    assert page.drift is Drift.NONE
    assert lists.calls == [(0, 0, 100), (0, 25, 5), (0, 28, 2)]


def test_short_windows_without_a_total_are_completed_up_to_a_cursor() -> None:
    """There are items up to the cursor's, whether or not the platform counts them."""
    lists = Lists([segment_of(30)], [None], most=3)
    request = PageRequest(5, backward=True, after=None, before=Position(0, 20, 21))
    page = asyncio.run(walk(lists.fetch, request))
    assert [place.position.offset for place in page.places] == [15, 16, 17, 18, 19]
    assert page.drift is Drift.NONE


@pytest.mark.parametrize(
    ("length", "after", "shown"),
    [(0, None, []), (30, Position(0, 19, 20), list(range(20, 30)))],
    ids=["at once", "on the way"],
)
def test_an_empty_window_of_a_list_that_goes_on_is_suspected(
    length: int, after: Position | None, shown: list[int]
) -> None:
    """Forward: the walk ends, not in silence, and does not say that nothing is behind its page."""
    lists = Lists([segment_of(length)], [50])
    page = asyncio.run(walk(lists.fetch, PageRequest(20, backward=False, after=after, before=None)))
    assert [place.position.offset for place in page.places] == shown
    # Behind a page without a cursor nobody could go on: there it must end.
    assert (page.drift, page.has_next) == (Drift.SUSPECTED, bool(shown))
    assert len(lists.calls) <= 2
