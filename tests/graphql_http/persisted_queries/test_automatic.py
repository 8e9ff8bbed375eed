"""The store of automatic persisted queries: its bounds, its lifetime, its levels."""

import pytest

from gateway.cache.keys import KeyMaker, random_secret
from gateway.cache.options import CacheClocks, MemoryLimits, SharedLimits
from gateway.cache.redis_server import RedisServer
from gateway.cache.store import TwoLevelCache, create_cache
from gateway.execution.document_hash import sha256_of
from gateway.graphql_http.persisted_queries.automatic import AutomaticQueries, TokenBucket
from tests.support.clock import Clock
from tests.support.valkey import Valkey

pytestmark = pytest.mark.anyio

SECRET = random_secret()
DAY_S = 24 * 3600.0
PATIENT = SharedLimits(timeout_s=20, acquire_timeout_s=20)


def cache(clock: Clock, server: RedisServer | None = None) -> TwoLevelCache:
    """Return the cache of a process."""
    return create_cache(server, SECRET, shared=PATIENT, clocks=CacheClocks(clock, clock))


def queries(shared: TwoLevelCache, limits: MemoryLimits | None = None) -> AutomaticQueries:
    """Return automatic queries over a cache."""
    return AutomaticQueries(shared, KeyMaker(SECRET), limits=limits or MemoryLimits())


async def known(remembered: AutomaticQueries, texts: list[str]) -> list[int]:
    """Return the indexes of the texts that are still found."""
    return [place for place, text in enumerate(texts) if await remembered.find(sha256_of(text))]


async def test_what_was_asked_for_least_lately_goes_first() -> None:
    """The number of stored texts is bounded."""
    remembered = queries(cache(Clock()), MemoryLimits(max_entries=3))
    texts = [f"{{ a{number} }}" for number in range(4)]
    for text in texts[:3]:
        assert await remembered.store(sha256_of(text), text)
    assert await remembered.find(sha256_of(texts[0])) == texts[0]
    await remembered.store(sha256_of(texts[3]), texts[3])
    assert await known(remembered, texts) == [0, 2, 3]


async def test_bytes_are_bounded_too() -> None:
    """Long documents evict others, and one that is too long is not stored."""
    remembered = queries(cache(Clock()), MemoryLimits(max_bytes=200_000))
    texts = [f"# {str(number) * 20_000}" for number in range(10)]
    for text in texts:
        await remembered.store(sha256_of(text), text)
    assert await known(remembered, texts) == list(range(1, 10))
    long = "#" * (64 * 1024 + 1)
    wide = queries(cache(Clock()))
    assert not await wide.store(sha256_of(long), long)
    assert await wide.find(sha256_of(long)) is None
    assert await wide.store(sha256_of(long[1:]), long[1:])


async def test_a_document_is_forgotten_after_a_day() -> None:
    """A client's next request sends it again, and it is known for another."""
    clock = Clock()
    remembered = queries(cache(clock))
    text = "{ a }"
    assert await remembered.store(sha256_of(text), text)
    clock.advance(DAY_S - 1)
    assert not await remembered.store(sha256_of(text), text)
    assert await remembered.find(sha256_of(text)) == text
    clock.advance(1)
    assert await remembered.find(sha256_of(text)) is None
    assert await remembered.store(sha256_of(text), text)
    assert await remembered.find(sha256_of(text)) == text


async def test_the_platforms_answers_keep_their_room() -> None:
    """Documents are stored apart from the cache's own first level."""
    shared = cache(Clock())
    remembered = queries(shared)
    for number in range(50):
        text = f"{{ a{number} }}"
        await remembered.store(sha256_of(text), text)
    assert (shared.memory.entries, shared.statistics.stored) == (0, 0)


async def test_a_flood_of_documents_does_not_fill_the_shared_level() -> None:
    """Writes to the shared level are limited; further texts are stored in the process."""
    valkey, clock = Valkey(), Clock()
    shared, another = (cache(clock, valkey.server) for _ in range(2))
    try:
        bucket = TokenBucket(burst=5, per_s=0.5, clock=clock)
        remembered = AutomaticQueries(shared, KeyMaker(SECRET), shared_writes=bucket)
        texts = [f"{{ a{number} }}" for number in range(20)]
        for text in texts[:10]:
            await remembered.store(sha256_of(text), text)
        assert len(valkey.keys()) == 5
        clock.advance(4)
        for text in texts[10:]:
            await remembered.store(sha256_of(text), text)
        assert len(valkey.keys()) == 7
        assert await known(remembered, texts) == list(range(20))
        assert await known(queries(another), texts) == [0, 1, 2, 3, 4, 10, 11]
    finally:
        await shared.close()
        await another.close()
        valkey.stop()
