"""Random pagination of randomly changing lists, checked against `moving.py`."""

import asyncio
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from gateway.pagination.arguments import PageRequest
from gateway.pagination.paginate import paginate
from gateway.sandbox.app import create_sandbox
from gateway.sandbox.world import World
from tests.pagination.lists import Item, Lists
from tests.pagination.moving import Seen, Source, Walk
from tests.pagination.sandbox_source import SandboxSource
from tests.sandbox.client import NOW, new_world
from tests.support.graph import Graph, graph_over
from tests.support.serving import serve

SIZES = st.sampled_from([1, 2, 3, 5, 20, 50, 98])
COUNTS = st.integers(1, 4) | st.integers(1, 40) | st.sampled_from([98, 99, 100, 101, 250])


class PlainList:
    """A list behind the port, without a gateway."""

    def __init__(self, size: int) -> None:
        self._fresh = count(1)
        self.ids = [next(self._fresh) for _ in range(size)]

    def insert(self, at: int, count: int) -> None:
        """Insert a number of new items."""
        self.ids[at:at] = [next(self._fresh) for _ in range(count)]

    def delete(self, at: int, count: int) -> None:
        """Remove items."""
        del self.ids[at : at + count]

    def page(self, *, is_forward: bool, size: int, after: Seen | None) -> Seen:
        """Return a page."""
        position = after.position if after else None
        ends = (position, None) if is_forward else (None, position)
        lists = Lists([[Item(id_) for id_ in self.ids]], [len(self.ids)])
        page = asyncio.run(paginate(lists.fetch, PageRequest(size, not is_forward, *ends)))
        places = page.places
        return Seen(
            [place.item.promotion_id for place in places if place.item],
            places[-1 if is_forward else 0].position if places else None,
            "",
            page.has_next if is_forward else page.has_previous,
            page.drift.value,
            len(lists.calls),
        )


class MovingWalks(RuleBasedStateMachine):
    """A forward and a backward run over one list, which is changed between their pages."""

    source: Source
    walks: list[Walk]

    def make(self, size: int) -> Source:
        """Create the list."""
        return PlainList(size)

    @initialize(size=st.integers(0, 30) | st.integers(0, 400))
    def begin(self, size: int) -> None:
        """Begin both runs."""
        self.source = self.make(size)
        self.walks = [Walk(self.source, is_forward=forward) for forward in (True, False)]

    @rule(size=SIZES, is_forward=st.booleans(), pages=st.integers(1, 4))
    def read_on(self, size: int, is_forward: bool, pages: int) -> None:  # noqa: FBT001 - a drawn value
        """Fetch some pages of one run; begin a new one at its end."""
        for _ in range(pages):
            if not self.walks[not is_forward].step(size):
                self.walks[not is_forward] = Walk(self.source, is_forward=is_forward)

    @rule(at=st.floats(0, 1), count=COUNTS)
    def insert(self, at: float, count: int) -> None:
        """Insert items anywhere."""
        self.source.insert(round(at * len(self.source.ids)), count)

    @rule(at=st.floats(0, 1), count=COUNTS)
    def delete(self, at: float, count: int) -> None:
        """Remove items anywhere."""
        self.source.delete(round(at * len(self.source.ids)), count)

    @rule(
        is_forward=st.booleans(),
        step=st.integers(-4, 4),
        count=st.integers(1, 4),
        adds=st.booleans(),
    )
    def change_at_the_cursor(self, is_forward: bool, step: int, count: int, adds: bool) -> None:  # noqa: FBT001 - drawn values
        """Change the list at a cursor."""
        last = self.walks[not is_forward].last
        if last is None or last.position is None:
            return
        at = max(0, last.position.offset + step)
        (self.source.insert if adds else self.source.delete)(at, count)

    @rule()
    def empty(self) -> None:
        """Remove everything."""
        self.source.delete(0, len(self.source.ids))

    @invariant()
    def notice(self) -> None:
        """Inform the runs of what was removed."""
        for one in getattr(self, "walks", ()):
            one.notice()

    def teardown(self) -> None:
        """Fetch all pages of both runs."""
        for one in getattr(self, "walks", ()):
            while one.step(20):
                pass


def _settings(examples: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
        phases=[Phase.generate],
    )


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Graph, World]]:
    """Serve a world for this module only, through a gateway."""
    world = new_world()
    with serve(create_sandbox(world, clock=lambda: NOW)) as url, graph_over(url) as graph:
        yield graph, world


def _against_the_sandbox(served: tuple[Graph, World], examples: int, *, is_program: bool) -> None:
    class SandboxWalks(MovingWalks):
        def make(self, size: int) -> Source:
            return SandboxSource(*served, size, is_program=is_program)

    run_state_machine_as_test(SandboxWalks, settings=_settings(examples))


def test_walks_over_a_moving_list_behind_the_port() -> None:
    """Items that stayed are seen once, in at most three calls a page, or drift is suspected."""
    run_state_machine_as_test(MovingWalks, settings=_settings(100))


@pytest.mark.parametrize("is_program", [False, True], ids=["customer", "program"])
def test_walks_over_a_moving_list_of_the_sandbox(
    served: tuple[Graph, World], *, is_program: bool
) -> None:
    """The same over HTTP, through the gateway."""
    _against_the_sandbox(served, 12, is_program=is_program)


@pytest.mark.verify
def test_many_walks_over_a_moving_list_behind_the_port() -> None:
    """The same, longer."""
    run_state_machine_as_test(MovingWalks, settings=_settings(1000))


@pytest.mark.verify
@pytest.mark.parametrize("is_program", [False, True], ids=["customer", "program"])
def test_many_walks_over_a_moving_list_of_the_sandbox(
    served: tuple[Graph, World], *, is_program: bool
) -> None:
    """The same over HTTP, longer."""
    _against_the_sandbox(served, 60, is_program=is_program)
