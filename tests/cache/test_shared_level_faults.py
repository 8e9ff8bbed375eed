"""The server is stopped, paused and restarted under load.

Real time is the subject, so these tests take seconds.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, MutableMapping
from itertools import count, groupby
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.cache.entry import Entry
from gateway.cache.store import TwoLevelCache, create_cache
from tests.cache.fetching import SECRET, redis_failures
from tests.support.valkey import Valkey

pytestmark = [pytest.mark.anyio, pytest.mark.verify, pytest.mark.alone]

WORKERS = 32
SLOWEST_GET_S = 0.15  # a turn of 0.025 and a timeout of 0.1, and something for the rest
LONGEST_BLOCK_S = 0.25
RECOVERY_S = 5.0


class Load:
    """Workers that read and write new keys until it ends."""

    def __init__(self, cache: TwoLevelCache) -> None:
        self._cache = cache
        self._number = count()
        self._tasks = [asyncio.create_task(self._work()) for _ in range(WORKERS)]
        self._is_over = False
        self._tasks.append(asyncio.create_task(self._watch()))
        self.gets = 0
        self.start_measuring()

    def start_measuring(self) -> None:
        """Reset the measured times."""
        self.slow = 0
        self.slowest_s = 0.0
        self.longest_block_s = 0.0  # whoever held it up
        self.longest_work_s = 0.0  # of this thread's own: a machine that pauses does not count

    async def _work(self) -> None:
        while not self._is_over:
            key = str(next(self._number))
            started = time.perf_counter()
            assert await self._cache.get(key) is None
            took = time.perf_counter() - started
            self.gets += 1
            self.slow += took > 0.05
            self.slowest_s = max(self.slowest_s, took)
            await self._cache.set(key, Entry(bytes(2000), self._cache.clock(), 60.0))
            await asyncio.sleep(0.002)

    async def _watch(self) -> None:
        while True:
            started, worked = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.001)
            self.longest_block_s = max(self.longest_block_s, time.perf_counter() - started)
            self.longest_work_s = max(self.longest_work_s, time.thread_time() - worked)

    async def run(self, seconds: float) -> None:
        """Run the load, and assert that it makes progress."""
        before = self.gets
        await asyncio.sleep(seconds)
        assert self.gets - before > 100 * seconds

    def assert_quick(self) -> None:
        """Assert that no read was slow, except when the machine stalled everything."""
        assert self.longest_work_s < LONGEST_BLOCK_S
        assert self.slowest_s - self.longest_block_s < SLOWEST_GET_S

    async def end(self) -> None:
        """Cancel the workers, and raise their errors."""
        for task in self._tasks:
            task.cancel()
        _, staying = await asyncio.wait(self._tasks, timeout=RECOVERY_S)
        self._is_over = True  # so that a cancellation that was lost fails the test, and ends it
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            assert isinstance(result, asyncio.CancelledError), result
        assert not staying


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """Return a server for one test."""
    server = Valkey()
    yield server
    server.stop()


@pytest.fixture
async def cache(valkey: Valkey) -> AsyncIterator[TwoLevelCache]:
    """Return a cache on that server."""
    replica = create_cache(valkey.server, SECRET)
    yield replica
    await replica.close()


@pytest.fixture
async def load(cache: TwoLevelCache) -> AsyncIterator[Load]:
    """Return load on that cache, once the server has been found."""
    running = Load(cache)
    try:
        await settled(cache)
        running.start_measuring()
        yield running
    finally:
        await running.end()


def is_shared(cache: TwoLevelCache) -> bool:
    """Whether the shared level is available, as far as the cache knows."""
    return cache.shared is not None and cache.shared.use.is_available


async def settled(cache: TwoLevelCache) -> None:
    """Wait until the shared level has had no error for half a second."""
    async with asyncio.timeout(RECOVERY_S):
        errors = -1
        while not is_shared(cache) or redis_failures(cache) != errors:
            errors = redis_failures(cache)
            await asyncio.sleep(0.5)


async def recovered(cache: TwoLevelCache, valkey: Valkey) -> None:
    """Wait until an entry that one replica writes is read by another."""
    other = create_cache(valkey.server, SECRET)
    try:
        async with asyncio.timeout(RECOVERY_S):
            for number in count():
                key = f"recovered {number}"
                await cache.set(key, Entry(b"answer", cache.clock(), 60.0))
                if await other.get(key) is not None:
                    break
                await asyncio.sleep(0.05)
    finally:
        await other.close()


def assert_logged(lines: list[MutableMapping[str, Any]], outages: int) -> None:
    """Assert that each outage of an operation is logged when it begins and when it ends.

    Between the two its reason may change. On a busy machine, reconnecting may exceed the timeout:
    each outage may be logged twice.
    """
    for operation in {line["operation"] for line in lines}:
        events = [line["event"] for line in lines if line["operation"] == operation]
        states = [event for event, _ in groupby(events)]
        number = len(states) // 2
        assert states == ["redis_unavailable", "redis_available"] * number
        assert number <= 2 * outages
    assert sum(line["event"] == "redis_available" for line in lines) >= outages


async def test_a_server_that_hangs_costs_a_timeout_and_no_more(
    valkey: Valkey, cache: TwoLevelCache, load: Load
) -> None:
    """The server is paused for three seconds."""
    with capture_logs() as lines:
        valkey.pause()
        try:
            await load.run(3)
            assert not is_shared(cache)
        finally:
            valkey.resume()
        await recovered(cache, valkey)

    assert_logged(lines, outages=1)
    load.assert_quick()
    # All that were under way when it began and as many when it ended, and a probe a second.
    assert load.slow <= 2 * WORKERS + 3


async def test_a_server_that_stops_costs_nothing(
    valkey: Valkey, cache: TwoLevelCache, load: Load
) -> None:
    """The server is killed and restarted, twice."""
    with capture_logs() as lines:
        for _ in range(2):
            await asyncio.to_thread(valkey.stop)
            await load.run(1.5)
            assert not is_shared(cache)
            await asyncio.to_thread(valkey.start)
            await recovered(cache, valkey)

    assert_logged(lines, outages=2)
    load.assert_quick()


async def test_a_server_that_comes_and_goes_leaks_no_connection(
    valkey: Valkey, cache: TwoLevelCache, load: Load
) -> None:
    """After five short hangs there are at most as many connections as allowed."""
    for _ in range(5):
        valkey.pause()
        await load.run(0.3)
        valkey.resume()
        await recovered(cache, valkey)
        await settled(cache)

    assert 0 < int(valkey.execute("INFO", "clients")["connected_clients"]) <= 21
