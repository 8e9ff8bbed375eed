"""Evictions: what is outdated by them, and what a call in flight may still be used for."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cache.entry import CachePolicy
from gateway.cache.evictions import EVERYTHING, PROGRAM, PROMOTION, Evictions, program, promotion
from gateway.cache.fetching import CachedFetcher, Fetched, Source
from gateway.cache.keys import KeyMaker
from tests.cache.fetching import MEANINGS, SECRET, Bench
from tests.cache.platform import OutageError, Platform, turns

pytestmark = pytest.mark.anyio

POLICY = CachePolicy(300.0, stale_s=3600.0)
KEYS = KeyMaker(SECRET)
_SUBJECTS = st.sampled_from([program(1), program(2), promotion(1, 2), promotion(1, 3), EVERYTHING])


class EvictingBench(Bench):
    """A replica with evictions, for one key whose payload is about one subject."""

    def __init__(self) -> None:
        super().__init__()
        self.evictions = Evictions(KEYS)
        self.fetcher = CachedFetcher(
            self.cache, MEANINGS, self.refresher, jitter=lambda: 0.5, evictions=self.evictions
        )

    async def ask(self, platform: Platform, refresh: Platform | None = None) -> Fetched:
        """Fetch as a request does that begins now."""
        evicted_at = self.evictions.of(program(1))
        return await self.fetcher.fetch(
            "key",
            POLICY,
            platform.load,
            refresh=None if refresh is None else refresh.load,
            evicted_at=evicted_at,
        )

    def evict(self) -> None:
        """Evict what the payload is about."""
        self.evictions.apply([program(1)])


@given(st.lists(st.tuples(_SUBJECTS, st.booleans())), _SUBJECTS, st.integers(1, 3))
def test_a_response_is_outdated_by_a_later_eviction_of_its_subject(
    steps: list[tuple[str, bool]], subject: str, max_subjects: int
) -> None:
    """With few remembered subjects more are outdated, never fewer; with enough, no other is."""
    small, large = Evictions(KEYS, max_subjects), Evictions(KEYS)
    responses: dict[int, bool] = {}  # by position, whether outdated
    for evicted, is_stored in steps:
        if is_stored:
            responses[large.position] = False
        for each in (small, large):
            each.apply([evicted])
        if evicted in {subject, EVERYTHING}:
            responses = dict.fromkeys(responses, True)
    if subject == EVERYTHING:
        return
    for position, is_outdated in responses.items():
        assert large.outdates(position, [subject]) is is_outdated
        assert small.outdates(position, [subject]) or not is_outdated


def test_what_is_no_subject_is_ignored() -> None:
    """A newer release may evict what this one does not know."""
    evictions = Evictions(KEYS)
    evictions.apply(["", "z1", "p" * 1000, program(1)])
    assert evictions.counts == {"c": 0, "p": 1, "d": 0, "*": 0}


def test_an_earlier_position_undoes_nothing() -> None:
    """Replicas learn of evictions in one order, and of their own at once."""
    evictions = Evictions(KEYS)
    evictions.apply([program(1)], 7)
    evictions.apply([program(1), program(2)], 5)
    assert [evictions.of(program(each)) for each in (1, 2, 3)] == [7, 5, 0]
    assert (evictions.position, evictions.latest(PROGRAM)) == (7, 7)


def test_no_subject_shows_the_customer() -> None:
    """It is a hash, equal in all replicas with the same secret."""
    subject = Evictions(KEYS).customer(564332013)
    assert "564332013" not in subject
    assert subject == Evictions(KEYS).customer(564332013) != Evictions(KEYS).customer(564332014)


async def test_an_entry_is_not_served_after_its_eviction() -> None:
    """It is fetched again once, and then served."""
    bench, platform = EvictingBench(), Platform()
    await bench.ask(platform)
    bench.evict()
    sources = [(await bench.ask(platform)).source for _ in range(2)]
    assert sources == [Source.UPSTREAM, Source.CACHE]
    assert platform.calls == 2


async def test_a_call_from_before_an_eviction_is_not_joined_after_it() -> None:
    """Who began before gets the old payload, who begins after gets the new one, and it stays."""
    bench, before, after = EvictingBench(), Platform(b"old"), Platform(b"new")
    before.hold()
    early = asyncio.create_task(bench.ask(before))
    await turns()
    bench.evict()
    assert (await bench.ask(after)).payload == b"new"
    before.release()
    assert (await early).payload == b"old"
    last = await bench.ask(after)
    assert (last.payload, last.source, after.calls) == (b"new", Source.CACHE, 1)


async def test_a_late_payload_is_not_served_where_none_is_newer() -> None:
    """It was stored after the eviction, but its call began before."""
    bench, before, after = EvictingBench(), Platform(b"old"), Platform(b"new")
    before.hold()
    early = asyncio.create_task(bench.ask(before))
    await turns()
    bench.evict()
    before.release()
    await early
    assert (await bench.ask(after)).payload == b"new"


async def test_an_evicted_entry_is_not_served_stale() -> None:
    """Neither while it is refreshed, nor where the upstream fails."""
    bench, refresh = EvictingBench(), Platform(b"new")
    await bench.ask(Platform(b"old"))
    bench.clock.advance(301)
    bench.evict()
    with pytest.raises(OutageError):
        await bench.ask(Platform(OutageError()), refresh)
    assert refresh.calls == 0
    assert (await bench.ask(Platform(b"new"), refresh)).payload == b"new"


async def test_a_refresh_from_before_an_eviction_does_not_hide_it() -> None:
    """What it stores is outdated."""
    bench, refresh = EvictingBench(), Platform(b"old")
    await bench.ask(Platform(b"older"))
    bench.clock.advance(301)
    refresh.hold()
    assert (await bench.ask(Platform(), refresh)).source is Source.STALE
    await turns()
    bench.evict()
    refresh.release()
    await turns(10)
    assert (await bench.ask(Platform(b"new"))).payload == b"new"


def test_what_was_evicted_since_a_position_is_found_in_any_order() -> None:
    """A replica hears of another's eviction after its own, which has a later position."""
    evictions = Evictions(None)
    for position, number in ((1, 1), (4, 4), (6, 6), (5, 5), (2, 2), (3, 3), (4, 7)):
        evictions.apply([promotion(1, number)], position)
    found = [list(evictions.since(PROMOTION, position)) for position in range(7)]
    assert [len(each) for each in found] == [7, 6, 5, 4, 2, 1, 0]
    assert set(found[3]) == {promotion(1, number) for number in (4, 5, 6, 7)}
    evictions.apply([EVERYTHING], 8)
    assert list(evictions.since(PROMOTION, 0)) == []
    assert evictions.floor(PROMOTION) == 8


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 12))), st.integers(0, 13))
def test_since_is_what_the_positions_say(steps: list[tuple[int, int]], since: int) -> None:
    """As many as fit, those below the floor left out."""
    evictions = Evictions(None, max_subjects=4)
    for number, position in steps:
        evictions.apply([promotion(1, number)], position)
    subjects = [promotion(1, number) for number in range(1, 7)]
    floor = evictions.floor(PROMOTION)
    outdated = {each for each in subjects if evictions.of(each) > max(since, floor)}
    assert outdated <= set(evictions.since(PROMOTION, since))
    assert all(evictions.of(each) > since for each in evictions.since(PROMOTION, since))
