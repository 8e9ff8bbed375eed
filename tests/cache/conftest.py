"""A real server for the tests of the shared level, and two replicas on it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.cache.clock import Clock
from tests.cache.fetching import Bench
from tests.cache.valkey import Valkey


@pytest.fixture(scope="session")
def server() -> Iterator[Valkey]:
    """Return a server for all tests that leave it running."""
    valkey = Valkey()
    yield valkey
    valkey.stop()


@pytest.fixture
def valkey(server: Valkey) -> Iterator[Valkey]:
    """Return the server empty, and configured as it is out of the box."""
    server.execute("FLUSHALL")
    yield server
    server.execute("CONFIG", "SET", "maxmemory", 0)


@pytest.fixture
def clock() -> Clock:
    """Return the clock of all replicas."""
    return Clock()


@pytest.fixture
async def replicas(valkey: Valkey, clock: Clock) -> AsyncIterator[list[Bench]]:
    """Return two replicas that share the server."""
    benches = [Bench(valkey.url, clock) for _ in range(2)]
    yield benches
    for bench in benches:
        await bench.close()
