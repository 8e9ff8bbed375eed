"""A first page from one window is equal to that of `Forward`."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from gateway.pagination.arguments import PageRequest
from gateway.pagination.forward import Forward, first_page
from gateway.pagination.page import ConnectionPage
from gateway.upstream.decoding.decode import UpstreamPage as Window
from gateway.upstream.normalise.warnings import UpstreamWarning
from tests.pagination.lists import Item, positions
from tests.support.examples import examples

SIZE = 4
ITEMS = st.lists(st.none() | st.integers(1, 6), max_size=SIZE + 2)
TOTALS = st.none() | st.integers(-1, SIZE + 3)
WARNINGS = st.lists(st.sampled_from([UpstreamWarning(1, "one"), UpstreamWarning(2, "two")]))


@examples(500)
@given(ids=ITEMS, size=st.integers(0, SIZE), total=TOTALS, warnings=WARNINGS)
def test_a_window_decides_as_a_walk_would(
    ids: list[int | None], size: int, total: int | None, warnings: list[UpstreamWarning]
) -> None:
    """For too few items, too many, repeated ones, and wrong totals."""
    items = [None if id_ is None else Item(id_) for id_ in ids]
    window = Window(items, total, tuple(warnings), customer_id=7)
    asked: list[tuple[int, int, int]] = []

    async def fetch(segment: int, offset: int, limit: int) -> Window[Item]:
        asked.append((segment, offset, limit))
        return window if len(asked) == 1 else Window([], total, customer_id=7)

    request = PageRequest(size, backward=False, after=None, before=None)
    expected = asyncio.run(Forward(fetch, request, 1).run())
    expected.finish()
    page = first_page(window, request, size + 1)

    assert asked[0] == (0, 0, size + 1)
    assert (page is None) == (len(asked) > 1)
    if page is not None:
        assert _seen(page) == _seen(expected)


def _seen(page: ConnectionPage[Item]) -> object:
    places = [(place.position, place.item) for place in page.places]
    edges = page.has_previous, page.has_next, page.drift
    return places, edges, page.totals, page.warnings, page.customer_id


def test_a_cursor_knows_what_stands_around_it() -> None:
    """The look-ahead counts as a neighbour; unreadable items are skipped."""
    items = [Item(1), None, Item(3), Item(4), Item(5), Item(6)]
    request = PageRequest(5, backward=False, after=None, before=None)
    page = first_page(Window(items, 9), request, 6)
    assert page is not None
    shown = [place.position for place in page.places]
    assert [position[:3] for position in shown] == [place[:3] for place in positions([items])[:5]]
    assert (shown[0].before, shown[0].after) == ((), (3, 4, 5))
    assert (shown[3].before, shown[3].after) == ((3, 1), (5, 6))
