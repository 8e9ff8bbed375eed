import asyncio

import pytest
from structlog.testing import capture_logs

from gateway.cache.entry import CachePolicy
from gateway.cache.fetching import Source
from gateway.cache.options import SharedLimits
from gateway.cache.store import create_cache
from tests.cache.fetching import SECRET, Bench, redis_failures
from tests.cache.platform import Platform, turns
from tests.support.clock import Clock
from tests.support.commands import free_port
from tests.support.valkey import Valkey, redis_at

pytestmark = pytest.mark.anyio

POLICY = CachePolicy(300.0, stale_s=3600.0, negative_s=30.0)


async def test_a_full_server_is_still_read(
    replicas: list[Bench], valkey: Valkey, clock: Clock
) -> None:
    """Only writes stop, with one log line, until there is room."""
    one, other = replicas
    await one.fetcher.fetch("before", POLICY, Platform(b"answer").load)
    valkey.execute("CONFIG", "SET", "maxmemory-policy", "noeviction")
    valkey.execute("CONFIG", "SET", "maxmemory", "1mb")

    with capture_logs() as lines:
        for index in range(5):
            await one.fetcher.fetch(str(index), POLICY, Platform(bytes(1024)).load)
        assert (await other.fetcher.fetch("before", POLICY, Platform().load)).payload == b"answer"
        for index in range(5):
            found = await one.fetcher.fetch(str(index), POLICY, Platform().load)
            assert found.source is Source.CACHE
        valkey.execute("CONFIG", "SET", "maxmemory", 0)
        clock.advance(1)
        await one.fetcher.fetch("after", POLICY, Platform(b"answer").load)

    assert [(line["event"], line["operation"]) for line in lines] == [
        ("redis_unavailable", "write"),
        ("redis_available", "write"),
    ]
    assert lines[0]["reason"] == "out_of_memory"
    assert (redis_failures(one.cache), one.statistics.skipped) == (1, 4)
    assert (await other.fetcher.fetch("after", POLICY, Platform().load)).source is Source.CACHE


async def test_a_wrong_password_leaves_the_memory(valkey: Valkey, clock: Clock) -> None:
    """One log line without the password, and recovery once the password is right."""
    bench = Bench(redis_at(valkey.url.replace("//", "//:a-wrong-password@")), clock)
    valkey.execute("CONFIG", "SET", "requirepass", "the-right-password")
    try:
        with capture_logs() as lines:
            for key in ("a", "b", "a", "b"):
                await bench.fetcher.fetch(key, POLICY, Platform(b"answer").load)
        valkey.execute(
            "CONFIG", "SET", "requirepass", "a-wrong-password", password="the-right-password"
        )
        clock.advance(1)
        with capture_logs() as later:
            await bench.fetcher.fetch("c", POLICY, Platform(b"answer").load)
    finally:
        valkey.execute("CONFIG", "SET", "requirepass", "", password="a-wrong-password")
        await bench.close()

    assert [line["event"] for line in lines] == ["redis_unavailable"]
    assert [line["event"] for line in later] == ["redis_available"]
    assert "password" not in str(lines + later)
    assert bench.statistics.memory_hits == 2
    assert redis_failures(bench.cache) == 1


async def test_without_a_server_the_gateway_starts_and_serves() -> None:
    """One call a key and one log line, although no server listens."""
    bench = Bench(redis_at(f"redis://127.0.0.1:{free_port()}"))
    platform = Platform(b"answer")

    with capture_logs() as lines:
        for _ in range(3):
            for key in ("a", "b", "c"):
                await bench.fetcher.fetch(key, POLICY, platform.load)
    await bench.close()

    assert platform.calls == 3
    assert [(line["event"], line["operation"]) for line in lines] == [("redis_unavailable", "read")]


async def test_whoever_leaves_while_the_server_is_asked_is_gone(replicas: list[Bench]) -> None:
    """No cancellation is swallowed by a client library."""
    cache = replicas[0].cache
    given_up = asyncio.Event()

    async def ask_for_ever() -> None:
        while not given_up.is_set():
            await cache.get("key")
            await asyncio.sleep(0)  # a server that was too slow once is not asked, and not awaited

    for moment in range(20):
        tasks = [asyncio.create_task(ask_for_ever()) for _ in range(10)]
        await turns(moment)
        for task in tasks:
            task.cancel()
        _, staying = await asyncio.wait(tasks, timeout=1)
        if staying:
            given_up.set()  # so that the test fails and does not hang
        assert not staying


async def test_waiting_for_a_connection_is_no_outage(valkey: Valkey) -> None:
    """Where all connections are busy, operations are skipped without an error."""
    limits = SharedLimits(max_connections=2, acquire_timeout_s=0.0)
    cache = create_cache(valkey.server, SECRET, shared=limits)

    with capture_logs() as lines:
        found = await asyncio.gather(*(cache.get(str(number)) for number in range(50)))
    await cache.close()

    assert found == [None] * 50
    assert lines == []
    assert (redis_failures(cache), cache.statistics.skipped) == (0, 48)
