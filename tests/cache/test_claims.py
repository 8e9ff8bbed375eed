"""What one of several replicas does for all of them within a time."""

import pytest

from gateway.cache.shared import SharedCache
from gateway.cache.store import TwoLevelCache, create_cache
from tests.cache.fetching import SECRET
from tests.support.commands import free_port
from tests.support.valkey import Valkey, redis_at

pytestmark = pytest.mark.anyio


def _shared(cache: TwoLevelCache) -> SharedCache:
    assert cache.shared is not None
    return cache.shared


async def test_one_replica_claims_a_key_within_its_time(valkey: Valkey) -> None:
    """Another key is another claim, and after the time it is free."""
    caches = [create_cache(valkey.server, SECRET) for _ in range(2)]
    one, other = map(_shared, caches)
    assert await one.claim("a", 60)
    assert not await other.claim("a", 60)
    assert not await one.claim("a", 60)
    assert await other.claim("b", 60)
    names = valkey.keys()
    (name,) = [each for each in names if each.endswith(b":a")]
    assert 59_000 < valkey.execute("PTTL", name) <= 60_000
    for cache in caches:
        await cache.close()


async def test_without_redis_every_replica_goes_on() -> None:
    """What is claimed is done too often then, and not left undone."""
    cache = create_cache(redis_at(f"redis://127.0.0.1:{free_port()}"), SECRET)
    assert [await _shared(cache).claim("a", 60) for _ in range(3)] == [True] * 3
    await cache.close()


async def test_a_full_server_takes_no_claims(valkey: Valkey) -> None:
    """It is still read."""
    valkey.execute("CONFIG", "SET", "maxmemory-policy", "noeviction")
    valkey.execute("CONFIG", "SET", "maxmemory", "1mb")
    cache = create_cache(valkey.server, SECRET)
    assert await _shared(cache).claim("a", 60)
    assert await _shared(cache).claim("a", 60)
    assert await _shared(cache).get("b") is None
    await cache.close()
