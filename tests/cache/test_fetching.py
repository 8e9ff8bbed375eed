import asyncio

import pytest

from gateway.cache.entry import CachePolicy
from gateway.cache.fetching import Fetched, Source
from gateway.context import DeadlineScope
from tests.cache.fetching import Bench
from tests.cache.platform import BudgetError, NotHereError, OutageError, Platform, turns

pytestmark = pytest.mark.anyio

POLICY = CachePolicy(300.0, stale_s=3600.0, negative_s=30.0)


@pytest.fixture
def bench() -> Bench:
    """Return a fetcher whose clock stands still."""
    return Bench()


@pytest.fixture
def platform() -> Platform:
    """Return an upstream that responds."""
    return Platform(b"answer")


async def test_a_fresh_answer_comes_from_the_cache(bench: Bench, platform: Platform) -> None:
    """One call within five minutes."""
    first = await bench.fetcher.fetch("key", POLICY, platform.load)
    bench.clock.advance(299)
    second = await bench.fetcher.fetch("key", POLICY, platform.load)

    assert first == Fetched(b"answer", Source.UPSTREAM)
    assert second == Fetched(b"answer", Source.CACHE)
    assert platform.calls == 1
    assert (bench.statistics.misses, bench.statistics.memory_hits) == (1, 1)


async def test_forty_at_once_make_one_call(bench: Bench, platform: Platform) -> None:
    """Only the caller that made the call has UPSTREAM as source."""
    assert await _forty(bench, platform) == {Source.UPSTREAM: 1, Source.COALESCED: 39}
    assert platform.calls == 1
    assert bench.statistics.coalesced == 39


async def _forty(bench: Bench, platform: Platform) -> dict[Source, int]:
    platform.hold()
    tasks = [
        asyncio.create_task(bench.fetcher.fetch("key", POLICY, platform.load)) for _ in range(40)
    ]
    await turns()
    platform.release()
    sources = [fetched.source for fetched in await asyncio.gather(*tasks)]
    return {source: sources.count(source) for source in sources}


async def test_not_here_is_an_answer_that_is_remembered_shortly(bench: Bench) -> None:
    """A negative entry has the payload that the error meanings chose."""
    platform = Platform(NotHereError(4027))

    first = await bench.fetcher.fetch("key", POLICY, platform.load)
    second = await bench.fetcher.fetch("key", POLICY, platform.load)
    bench.clock.advance(30)
    third = await bench.fetcher.fetch("key", POLICY, platform.load)

    assert first == Fetched(b"4027", Source.UPSTREAM, is_negative=True)
    assert second == Fetched(b"4027", Source.CACHE, is_negative=True)
    assert third.source is Source.UPSTREAM
    assert platform.calls == 2
    assert bench.statistics.negative_hits == 1


async def test_not_here_is_not_remembered_where_the_policy_does_not_say_so(bench: Bench) -> None:
    """A negative result is returned, but not cached."""
    platform = Platform(NotHereError(8015))

    for _ in range(2):
        assert (await bench.fetcher.fetch("key", CachePolicy(300.0), platform.load)).is_negative
    assert platform.calls == 2


async def test_what_is_gone_replaces_what_was_there(bench: Bench, platform: Platform) -> None:
    """A negative entry replaces a stale one."""
    await bench.fetcher.fetch("key", POLICY, platform.load)
    bench.clock.advance(300)
    platform.answer = NotHereError(4027)
    await bench.fetcher.fetch("key", POLICY, platform.load)
    bench.clock.advance(30)
    platform.answer = OutageError()

    with pytest.raises(OutageError):
        await bench.fetcher.fetch("key", POLICY, platform.load)


async def test_an_outage_is_bridged_by_a_stale_answer(bench: Bench, platform: Platform) -> None:
    """Stale-if-error: for an hour, with a call each time."""
    await bench.fetcher.fetch("key", POLICY, platform.load)
    platform.answer = OutageError()

    bench.clock.advance(3899)
    fetched = await bench.fetcher.fetch("key", POLICY, platform.load)
    assert fetched == Fetched(b"answer", Source.STALE)
    bench.clock.advance(1)
    with pytest.raises(OutageError):
        await bench.fetcher.fetch("key", POLICY, platform.load)
    assert platform.calls == 3
    assert bench.statistics.stale == 1


async def test_an_error_that_is_no_outage_is_told(bench: Bench, platform: Platform) -> None:
    """Other errors, such as a wrong credential, are raised despite a stale entry."""
    await bench.fetcher.fetch("key", POLICY, platform.load)
    bench.clock.advance(300)
    platform.answer = PermissionError()

    with pytest.raises(PermissionError):
        await bench.fetcher.fetch("key", POLICY, platform.load)


async def test_an_error_is_not_remembered(bench: Bench) -> None:
    """The next fetch makes a call."""
    platform = Platform(OutageError())
    with pytest.raises(OutageError):
        await bench.fetcher.fetch("key", POLICY, platform.load)
    platform.answer = b"answer"

    assert (await bench.fetcher.fetch("key", POLICY, platform.load)).source is Source.UPSTREAM


async def test_a_spent_budget_is_its_owners_only(bench: Bench) -> None:
    """Who joined that call makes one on its own budget."""
    poor, rich = Platform(BudgetError()), Platform(b"answer")
    poor.hold()
    first = asyncio.create_task(bench.fetcher.fetch("key", POLICY, poor.load))
    await turns()
    second = asyncio.create_task(bench.fetcher.fetch("key", POLICY, rich.load))
    await turns()
    poor.release()

    with pytest.raises(BudgetError):
        await first
    assert await second == Fetched(b"answer", Source.UPSTREAM)


async def test_a_caller_waits_until_its_deadline(bench: Bench, platform: Platform) -> None:
    """Its call is cancelled, because no one else waits for it."""
    platform.hold()

    with pytest.raises(TimeoutError):
        await bench.fetcher.fetch("key", POLICY, platform.load, within=DeadlineScope(0.0))
    await turns()

    assert platform.cancelled == platform.calls


async def test_a_caller_at_its_deadline_is_given_a_stale_answer(
    bench: Bench, platform: Platform
) -> None:
    """A timeout is served a stale entry, like an outage."""
    await bench.fetcher.fetch("key", POLICY, platform.load)
    bench.clock.advance(300)
    platform.hold()

    fetched = await bench.fetcher.fetch("key", POLICY, platform.load, within=DeadlineScope(0.0))

    assert fetched == Fetched(b"answer", Source.STALE)


async def test_a_deadline_that_has_passed_does_not_keep_the_cache_from_answering(
    bench: Bench, platform: Platform
) -> None:
    """A fresh entry in memory is served without waiting."""
    await bench.fetcher.fetch("key", POLICY, platform.load)

    fetched = await bench.fetcher.fetch("key", POLICY, platform.load, within=DeadlineScope(0.0))

    assert fetched.source is Source.CACHE


async def test_a_caller_that_leaves_does_not_take_the_call_along(
    bench: Bench, platform: Platform
) -> None:
    """The starter is cancelled; the other one gets the payload, which is cached."""
    platform.hold()
    first = asyncio.create_task(bench.fetcher.fetch("key", POLICY, platform.load))
    await turns()
    second = asyncio.create_task(bench.fetcher.fetch("key", POLICY, platform.load))
    await turns()
    first.cancel()
    await turns()
    platform.release()

    assert await second == Fetched(b"answer", Source.COALESCED)
    assert (await bench.fetcher.fetch("key", POLICY, platform.load)).source is Source.CACHE
    assert platform.calls == 1


async def test_how_long_an_answer_stands_is_told(bench: Bench, platform: Platform) -> None:
    """`fresh_until` is set for calls, cached and negative results, and 0 for stale ones."""
    first = await bench.fetcher.fetch("key", POLICY, platform.load)
    until = first.fresh_until
    assert bench.clock.now < until <= bench.clock.now + 1.1 * POLICY.fresh_s
    bench.clock.advance(10)
    assert (await bench.fetcher.fetch("key", POLICY, platform.load)).fresh_until == until
    platform.answer = OutageError()
    bench.clock.advance(until - bench.clock.now)
    assert (await bench.fetcher.fetch("key", POLICY, platform.load)).fresh_until == 0
    platform.answer = NotHereError(4027)
    missing = await bench.fetcher.fetch("missing", POLICY, platform.load)
    assert 0 < missing.fresh_until - bench.clock.now <= 1.1 * POLICY.negative_s


async def test_what_is_too_old_for_a_caller_is_asked_for_anew(
    bench: Bench, platform: Platform
) -> None:
    """An entry older than `not_before` is not served, not even in an outage."""
    await bench.fetcher.fetch("key", POLICY, platform.load)
    stored_at = bench.clock.now
    bench.clock.advance(10)
    for not_before, calls in ((stored_at, 1), (stored_at + 1, 2), (stored_at + 1, 2)):
        await bench.fetcher.fetch("key", POLICY, platform.load, not_before=not_before)
        assert platform.calls == calls
    bench.clock.advance(400)
    with pytest.raises(OutageError):
        await bench.fetcher.fetch(
            "key", POLICY, Platform(OutageError()).load, not_before=bench.clock.now
        )
