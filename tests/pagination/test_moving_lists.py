"""Lists that move between two pages: what is exact, what is suspected, and the calls."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from gateway.sandbox.app import create_sandbox
from gateway.sandbox.world import World
from tests.pagination.listing import Listing, Page, customer, program
from tests.sandbox.client import NOW, new_world
from tests.support.graph import Graph, graph_over
from tests.support.serving import serve


@dataclass
class Moving:
    """A graph with two lists of 100 that a test may change: a customer's and a program's."""

    graph: Graph
    world: World

    def fresh(self, listing: Listing, count: int) -> list[Any]:
        """Return items that are on neither list."""
        held = self.world.customer("externalId", "C-3000")
        assert held is not None
        holdings = held.holdings[-count:]
        if "customer" in listing.root:
            return holdings
        return [replace(one.promotion, program_id=9100) for one in holdings]

    def lists(self) -> list[tuple[Listing, list[Any]]]:
        """Return both connections, each with the list behind it."""
        held = self.world.customer("externalId", "C-100")
        assert held is not None
        return [
            (Listing(self.graph, customer("C-100")), held.holdings),
            (Listing(self.graph, program(9100)), self.world.programs[9100].definitions),
        ]


@pytest.fixture(scope="module")
def platform() -> Iterator[Moving]:
    """Serve a world for this module only."""
    world = new_world()
    with (
        serve(create_sandbox(world, clock=lambda: NOW)) as url,
        graph_over(url) as graph,
    ):
        yield Moving(graph, world)


@pytest.fixture
def moving(platform: Moving) -> Iterator[Moving]:
    """Return that world, and restore its lists."""
    kept = [(items, list(items)) for _, items in platform.lists()]
    yield platform
    for items, before in kept:
        items[:] = before


def _page(listing: Listing, way: str, size: int, since: Page | None = None) -> Page:
    """Query a page forward or backward, the first one or the next."""
    if way == "forward":
        return listing.page(first=size, after=since.info["endCursor"] if since else None)
    return listing.page(last=size, before=since.info["startCursor"] if since else None)


WAYS = pytest.mark.parametrize("way", ["forward", "backward"])
NONE, REPAIRED, SUSPECTED = ("NONE", 1), ("REPAIRED", 2), ("SUSPECTED", 2)
AT_ONCE = ("REPAIRED", 1)  # what is searched for is on the page anyway


@pytest.mark.parametrize(
    ("places", "forward", "backward"),
    [
        pytest.param([0], REPAIRED, NONE, id="the first that was shown"),
        pytest.param([10, 11, 12], REPAIRED, NONE, id="three that were shown"),
        pytest.param([19], REPAIRED, AT_ONCE, id="the cursor's own"),
        pytest.param([17, 18, 19], REPAIRED, AT_ONCE, id="it and two neighbours"),
        pytest.param([16, 17, 18, 19], SUSPECTED, SUSPECTED, id="it and all its neighbours"),
        pytest.param([20], NONE, AT_ONCE, id="the next"),
        pytest.param([60], NONE, AT_ONCE, id="one far ahead"),
        pytest.param([15, 25], REPAIRED, AT_ONCE, id="on both sides"),
    ],
)
def test_a_page_goes_on_where_the_last_ended_whatever_is_gone(
    moving: Moving, places: list[int], forward: tuple[str, int], backward: tuple[str, int]
) -> None:
    """Deletions before, at and after the cursor: nothing is missed or repeated."""
    for way, told in (("forward", forward), ("backward", backward)):
        for listing, items in moving.lists():
            kept = list(items)
            first = _page(listing, way, 20)
            gone = places if way == "forward" else [len(items) - 1 - place for place in places]
            items[:] = [item for place, item in enumerate(items) if place not in gone]
            page = _page(listing, way, 20, first)
            assert (page.drift, page.calls) == told
            rest = [id_ for id_ in listing.page(first=100).ids if id_ not in first.ids]
            assert page.ids == (rest[:20] if way == "forward" else rest[-20:])
            items[:] = kept


@WAYS
@pytest.mark.parametrize("at", [0, 10, 19, 20])
@pytest.mark.parametrize("count", [1, 30])
def test_what_is_new_behind_a_walk_does_not_show(
    moving: Moving, way: str, at: int, count: int
) -> None:
    """An insertion before the cursor is not shown, one right after it is."""
    for listing, items in moving.lists():
        del items[60:]
        first, known = _page(listing, way, 20), listing.page(first=100).ids
        place = at if way == "forward" else 60 - at
        items[place:place] = moving.fresh(listing, count)
        page = _page(listing, way, 20, first)
        has_moved = at < 20 if way == "forward" else at == 20
        assert page.drift == ("REPAIRED" if has_moved else "NONE")
        assert page.calls <= 1 + 2 * has_moved
        now = listing.page(first=100).ids
        if way == "forward":
            assert page.ids == now[now.index(known[19]) + 1 :][:20]
        else:
            assert page.ids == now[: now.index(known[40])][-20:]


@WAYS
@pytest.mark.parametrize("is_insertion", [True, False])
@pytest.mark.parametrize(
    ("shift", "drift"),
    [(99, "REPAIRED"), (100, "REPAIRED"), (101, "SUSPECTED"), (180, "SUSPECTED")],
)
def test_a_shift_is_repaired_within_a_hundred_positions(
    platform: Moving, *, way: str, is_insertion: bool, shift: int, drift: str
) -> None:
    """Up to a hundred items more or fewer before it take two calls; beyond is suspected."""
    held = platform.world.customer("externalId", "C-3000")
    assert held is not None
    kept, listing = list(held.holdings), Listing(platform.graph, customer("C-3000"))
    held.holdings[:] = kept[:600]
    try:
        middle = listing.page(first=100, after=listing.page(first=100).cursors[99]).cursors[90]
        asked = {"first": 5, "after": middle} if way == "forward" else {"last": 5, "before": middle}
        truth = listing.page(**asked)
        held.holdings[:shift] = kept[600 : 600 + shift] + kept[:shift] if is_insertion else []
        page = listing.page(**asked)
    finally:
        held.holdings[:] = kept
    assert truth.drift == "NONE"
    assert page.drift == drift
    assert page.calls <= 3
    if drift == "REPAIRED":
        # Where all three calls went into the search, the last item seen may be the one beyond.
        assert len(page.ids) >= 5 - (shift == 100)
        assert page.ids == truth.ids[: len(page.ids)]


@pytest.mark.parametrize("left", [0, 1, 30])
def test_a_list_cut_short_of_the_cursor_is_no_crash(moving: Moving, left: int) -> None:
    """Forward there is nothing more; backward the page is the list's current end."""
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
