"""Lists that move against pagination for ever, and while one page is fetched."""

import asyncio
from random import Random

import pytest

from gateway.pagination.arguments import PageRequest
from gateway.pagination.page import ConnectionPage
from gateway.pagination.paginate import paginate
from gateway.pagination.position import MAX_REPAIR, Position
from gateway.upstream.decoding.decode import UpstreamPage as Window
from tests.pagination.lists import Item
from tests.pagination.moving import Seen, Walk
from tests.pagination.test_moving_model import PlainList


@pytest.mark.parametrize("is_forward", [True, False])
@pytest.mark.parametrize("shift", [30, 90])
def test_a_list_that_runs_away_from_a_walk_does_not_keep_it_for_ever(
    *, is_forward: bool, shift: int
) -> None:
    """After 1,000 places of repair pagination goes on by offset with SUSPECTED, and ends."""
    source = PlainList(300)
    reading = Walk(source, is_forward, is_strict=False)
    drifts, most = [], 0
    while reading.step(20):
        assert reading.last
        assert reading.last.position
        drifts.append(reading.last.drift)
        most = max(most, reading.last.position.repaired)
        if is_forward:
            source.delete(0, shift)
            source.insert(len(source.ids), shift)
        else:
            source.delete(len(source.ids) - shift, shift)
            source.insert(0, shift)
    assert reading.pages < 80
    assert "REPAIRED" in drifts
    assert drifts[-1] == "SUSPECTED"
    assert MAX_REPAIR <= most <= MAX_REPAIR + 100


class Restless(PlainList):
    """A list that also changes between the calls of one page."""

    def __init__(self, size: int, seed: int) -> None:
        super().__init__(size)
        self._random = Random(seed)  # noqa: S311 - a test that is to repeat itself
        self._calls = 0

    async def fetch(self, segment: int, offset: int, limit: int) -> Window[Item]:
        """Return a window; then insert or remove one to three items anywhere."""
        self._calls += 1
        ids = list(self.ids)
        at, count = self._random.randrange(len(ids) + 1), self._random.randint(1, 3)
        (self.insert if self._random.random() < 0.5 else self.delete)(at, count)
        items: list[Item | None] = [Item(id_) for id_ in ids[offset : offset + limit]]
        return Window(items, len(ids))

    def page(self, *, is_forward: bool, size: int, after: Seen | None) -> Seen:
        """Return a page."""
        self._calls = 0
        position: Position | None = after.position if after else None
        ends = (position, None) if is_forward else (None, position)
        page: ConnectionPage[Item] = asyncio.run(
            paginate(self.fetch, PageRequest(size, not is_forward, *ends))
        )
        return Seen(
            [place.item.promotion_id for place in page.places if place.item],
            page.places[-1 if is_forward else 0].position if page.places else None,
            "",
            page.has_next if is_forward else page.has_previous,
            page.drift.value,
            self._calls,
        )


@pytest.mark.parametrize("is_forward", [True, False])
@pytest.mark.parametrize("size", [1, 20, 100])
def test_a_list_that_moves_between_the_calls_of_a_page_is_not_put_together_wrongly(
    *, is_forward: bool, size: int
) -> None:
    """Windows overlap by an item: a mismatch is suspected, anything else is exact."""
    exact = 0
    for seed in range(40):
        source = Restless(150, seed)
        reading = Walk(source, is_forward, is_strict=False)
        before = reading.figures.misses
        while reading.step(size):
            assert reading.pages < 400
        if not reading.is_suspected:
            exact += 1
            assert reading.figures.duplicates == 0
            assert reading.figures.misses == before
    assert exact or size == 1  # so many pages that some call or other falls into a change


def test_a_farther_neighbour_is_not_enough_where_a_nearer_one_is_out_of_reach() -> None:
    """Resuming after the farther neighbour would repeat the nearer one unreported."""
    source = PlainList(300)
    first = source.page(is_forward=True, size=20, after=None)
    source.delete(19, 1)
    source.insert(18, 110)
    page = source.page(is_forward=True, size=20, after=first)
    assert page.drift == "SUSPECTED"
