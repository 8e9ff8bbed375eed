"""A real Valkey server for the tests of the shared level, and two replicas that share it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.cache.fetching import Bench
from tests.support.clock import Clock
from tests.support.valkey import Valkey


@pytest.fixture(scope="session")
def server() -> Iterator[Valkey]:
    """Return a running server for the whole session."""
    valkey = Valkey()
    yield valkey
    valkey.stop()


@pytest.fixture
def valkey(server: Valkey) -> Iterator[Valkey]:
    """Return the server, empty and in its default configuration."""
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
    benches = [Bench(valkey.server, clock) for _ in range(2)]
    yield benches
    for bench in benches:
        await bench.close()
