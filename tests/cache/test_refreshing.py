import asyncio
from contextvars import ContextVar
from functools import partial

import pytest
from structlog.testing import capture_logs

from gateway.cache.entry import CachePolicy
from gateway.cache.fetching import Fetched, RefreshLimits, Source
from tests.cache.fetching import Bench
from tests.cache.platform import NotHereError, OutageError, Platform, turns

pytestmark = pytest.mark.anyio

POLICY = CachePolicy(300.0, stale_s=3600.0, negative_s=30.0)


async def stale(bench: Bench, *keys: str, policy: CachePolicy = POLICY) -> None:
    """Store entries of `keys`, and let them become stale."""
    for key in keys or ("key",):
        await bench.fetcher.fetch(key, policy, Platform(b"old").load)
    bench.clock.advance(301)


async def ask(bench: Bench, platform: Platform, key: str = "key") -> Fetched:
    """Fetch as a request does."""
    return await bench.fetcher.fetch(key, POLICY, Platform().load, refresh=platform.load)


async def test_a_stale_answer_is_served_at_once_and_renewed_behind_it() -> None:
    """Stale-while-revalidate: the next fetch gets the new payload."""
    bench, platform = Bench(), Platform(b"new")
    await stale(bench)
    platform.hold()

    assert await ask(bench, platform) == Fetched(b"old", Source.STALE)
    platform.release()
    await turns(10)

    assert await ask(bench, platform) == Fetched(b"new", Source.CACHE)
    assert platform.calls == 1
    assert bench.refresher.running == 0


async def test_a_refresh_waits_until_there_are_calls_to_spare() -> None:
    """The stale entry is served, and refreshed once `may_refresh` allows it."""
    bench, platform = Bench(), Platform(b"new")
    await stale(bench)

    for may_refresh, calls in ((False, 0), (True, 1)):
        found = await bench.fetcher.fetch(
            "key",
            POLICY,
            Platform().load,
            refresh=platform.load,
            may_refresh=partial(bool, may_refresh),
        )
        await turns(10)
        assert found == Fetched(b"old", Source.STALE)
        assert platform.calls == calls
    assert bench.statistics.refreshes_refused == 1


async def test_many_who_are_served_a_stale_answer_cause_one_refresh() -> None:
    """One refresh a key runs at a time."""
    bench, platform = Bench(), Platform(b"new")
    await stale(bench)
    platform.hold()

    for _ in range(40):
        assert (await ask(bench, platform)).payload == b"old"
        await turns(1)
    platform.release()
    await turns(10)

    assert platform.calls == 1
    assert bench.statistics.refreshes == 1


async def test_refreshes_are_bounded() -> None:
    """Beyond the maximum none is started, and the stale entry is served."""
    bench, platform = Bench(limits=RefreshLimits(max_running=2)), Platform(b"new")
    await stale(bench, "a", "b", "c")
    platform.hold()

    for key in ("a", "b", "c"):
        assert (await ask(bench, platform, key)).payload == b"old"
    await turns()

    assert platform.calls == bench.refresher.running == 2
    assert bench.statistics.refreshes_refused == 1
    await bench.close()


async def test_a_refresh_that_failed_is_not_tried_again_at_once() -> None:
    """In an outage one refresh is tried every five seconds."""
    bench, platform = Bench(), Platform(OutageError())
    await stale(bench)

    with capture_logs() as lines:
        for _ in range(40):
            assert (await ask(bench, platform)).payload == b"old"
            await turns(10)
    assert platform.calls == 1
    assert [line["event"] for line in lines] == ["cache_refresh_failed"]
    assert bench.statistics.refreshes_failed == 1

    bench.clock.advance(5)
    platform.answer = b"new"
    await ask(bench, platform)
    await turns(10)
    assert (await ask(bench, platform)).payload == b"new"


async def test_a_refresh_has_a_deadline_of_its_own() -> None:
    """A refresh that hangs is cancelled."""
    bench, platform = Bench(limits=RefreshLimits(deadline_s=0.0)), Platform(b"new")
    await stale(bench)
    platform.hold()

    await ask(bench, platform)
    await turns(20)

    assert bench.refresher.running == 0
    assert platform.cancelled == platform.calls
    assert bench.statistics.refreshes_failed == 1


async def test_a_refresh_outlives_the_request_that_caused_it() -> None:
    """It has neither the request's cancellation nor its context."""
    bench, platform = Bench(), Platform(b"new")
    await stale(bench)
    platform.hold()
    request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
    seen: list[str | None] = []

    async def refresh() -> bytes:
        seen.append(request_id.get())
        return await platform.load()

    async def request() -> None:
        request_id.set("a request")
        await bench.fetcher.fetch("key", POLICY, platform.load, refresh=refresh)
        await asyncio.Event().wait()

    task = asyncio.create_task(request())
    await turns()
    task.cancel()
    await turns()
    platform.release()
    await turns(10)

    assert seen == [None]
    assert (await ask(bench, platform)).payload == b"new"


async def test_a_refresh_that_says_not_here_is_believed() -> None:
    """A negative result replaces the stale entry."""
    bench = Bench()
    await stale(bench)

    await ask(bench, Platform(NotHereError(4027)))
    await turns(10)

    assert await ask(bench, Platform()) == Fetched(b"4027", Source.CACHE, is_negative=True)
    assert bench.statistics.refreshes_failed == 0


async def test_closing_cancels_the_refreshes() -> None:
    """No refresh is started after closing."""
    bench, platform = Bench(), Platform(b"new")
    await stale(bench)
    platform.hold()
    await ask(bench, platform)
    await turns()

    await bench.close()
    await ask(bench, platform)
    await turns()

    assert bench.refresher.running == 0
    assert (platform.calls, platform.cancelled) == (1, 1)
