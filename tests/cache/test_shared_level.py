import pytest
from structlog.testing import capture_logs

from gateway.cache.entry import CachePolicy, Entry
from gateway.cache.fetching import Fetched, Source
from gateway.cache.keys import KeyMaker
from gateway.cache.shared import NAMESPACE, EntryCodec
from gateway.cache.store import create_cache
from tests.cache.fetching import LARGEST, SECRET, Bench, redis_failures
from tests.cache.platform import Platform, turns
from tests.support.clock import Clock
from tests.support.valkey import Valkey, redis_at

pytestmark = pytest.mark.anyio

POLICY = CachePolicy(300.0, stale_s=3600.0, negative_s=30.0)
KEY = KeyMaker(SECRET).key("customers", "mobile", "919812345678")


async def test_what_one_replica_asked_for_the_other_finds(replicas: list[Bench]) -> None:
    """One call for both replicas; the second fetch is served from the other's memory."""
    one, other = replicas
    platform = Platform(b"answer")

    await one.fetcher.fetch(KEY, POLICY, platform.load)
    for _ in range(2):
        fetched = await other.fetcher.fetch(KEY, POLICY, platform.load)
        assert fetched == Fetched(b"answer", Source.CACHE)

    assert platform.calls == 1
    assert (other.statistics.shared_hits, other.statistics.memory_hits) == (1, 1)


async def test_an_entry_keeps_its_age_on_its_way(replicas: list[Bench], clock: Clock) -> None:
    """Read by another replica, an entry is fresh for the rest of its time only."""
    one, other = replicas
    platform = Platform(b"answer")
    await one.fetcher.fetch(KEY, POLICY, platform.load)
    clock.advance(299)
    assert (await other.fetcher.fetch(KEY, POLICY, platform.load)).source is Source.CACHE

    clock.advance(2)

    assert (await other.fetcher.fetch(KEY, POLICY, platform.load)).source is Source.UPSTREAM


async def test_what_another_replica_has_renewed_is_not_asked_for_again(
    replicas: list[Bench], clock: Clock
) -> None:
    """A refresh reads the shared level before it calls."""
    one, other = replicas
    platform = Platform(b"old")
    for bench in replicas:
        await bench.fetcher.fetch(KEY, POLICY, platform.load)
    clock.advance(301)
    platform.answer = b"new"
    await one.fetcher.fetch(KEY, POLICY, platform.load)

    served = await other.fetcher.fetch(KEY, POLICY, platform.load, refresh=platform.load)
    while other.refresher.running:
        await turns(1)

    assert served == Fetched(b"old", Source.STALE)
    assert (await other.fetcher.fetch(KEY, POLICY, platform.load)).payload == b"new"
    assert platform.calls == 2


async def test_the_server_forgets_an_entry_when_it_is_of_no_use(
    replicas: list[Bench], valkey: Valkey
) -> None:
    """Each entry has a time to live."""
    await replicas[0].fetcher.fetch(KEY, POLICY, Platform().load)

    left_ms = valkey.execute("PTTL", valkey.keys()[0])

    assert 3_890_000 < left_ms <= 3_900_000


async def test_no_key_tells_who_was_asked_for(replicas: list[Bench], valkey: Valkey) -> None:
    """Keys have a prefix and nothing else in clear."""
    await replicas[0].fetcher.fetch(KEY, POLICY, Platform().load)

    (key,) = valkey.keys()

    assert key == f"{NAMESPACE}:{KEY}".encode()
    assert b"9198" not in key
    assert b"customers" not in key


MOVED = EntryCodec(SECRET).encode("another-key", Entry(b"planted", 1_750_000_000.0, 300.0))
GARBAGE: list[tuple[str | bytes | int, ...]] = [
    ("SET", b""),
    ("SET", b"\x00\xff garbage"),
    ("SET", b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07planted\x94."),
    ("SET", MOVED),
    ("SET", b"x" * (LARGEST + 1)),
    ("RPUSH", b"a list"),
    ("HSET", b"a", b"hash"),
]


@pytest.mark.parametrize("command", GARBAGE, ids=lambda c: f"{c[0]} {c[1][:12]!r}")
async def test_garbage_under_our_key_is_a_miss(
    replicas: list[Bench], valkey: Valkey, command: tuple[str | bytes | int, ...]
) -> None:
    """An invalid value is counted, logged and replaced, and is no outage."""
    one, other = replicas
    name, *values = command
    valkey.execute(str(name), f"{NAMESPACE}:{KEY}", *values)

    with capture_logs() as lines:
        fetched = await one.fetcher.fetch(KEY, POLICY, Platform(b"answer").load)

    assert fetched == Fetched(b"answer", Source.UPSTREAM)
    assert [(line["event"], line["count"]) for line in lines] == [("cache_invalid_entries", 1)]
    assert (one.statistics.garbage, redis_failures(one.cache)) == (1, 0)
    assert (await other.fetcher.fetch(KEY, POLICY, Platform().load)).source is Source.CACHE


async def test_much_garbage_is_one_line_a_minute(
    replicas: list[Bench], valkey: Valkey, clock: Clock
) -> None:
    """The log line has the count since the last one."""
    bench = replicas[0]
    for index in range(21):
        valkey.execute("SET", f"{NAMESPACE}:{index}", "garbage")

    with capture_logs() as lines:
        for index in range(20):
            await bench.cache.get(str(index))
        clock.advance(60)
        await bench.cache.get("20")

    assert [line["count"] for line in lines] == [1, 20]
    assert bench.statistics.garbage == 21


async def test_a_password_and_a_database_of_the_url_are_used(valkey: Valkey) -> None:
    """Both are percent-decoded."""
    valkey.execute("CONFIG", "SET", "requirepass", "p@ss/word")
    try:
        cache = create_cache(redis_at(f"redis://:p%40ss%2Fword@127.0.0.1:{valkey.port}/3"), SECRET)
        await cache.set("key", Entry(b"answer", cache.clock(), 60.0))
        await cache.close()
        assert "db3" in valkey.execute("INFO", "keyspace", password="p@ss/word")
    finally:
        valkey.execute("CONFIG", "SET", "requirepass", "", password="p@ss/word")

    assert redis_failures(cache) == 0


async def test_an_entry_too_large_is_not_written(replicas: list[Bench], valkey: Valkey) -> None:
    """It would delay the operations after it."""
    fetched = await replicas[0].fetcher.fetch(KEY, POLICY, Platform(bytes(LARGEST + 1)).load)

    assert len(fetched.payload) == LARGEST + 1
    assert valkey.keys() == []
