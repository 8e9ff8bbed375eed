import pytest

from gateway.cache.memory import MemoryCache
from tests.cache.clock import Clock

pytestmark = pytest.mark.anyio
PLACE = 512  # what each value costs beside its own bytes


def memory(clock: Clock | None = None, entries: int = 1000, size: int = 1_000_000) -> MemoryCache:
    return MemoryCache(max_entries=entries, max_bytes=size, size_of=len, clock=clock or Clock())


async def test_a_value_is_there_until_its_time_has_passed() -> None:
    """The clock decides, without a timer."""
    clock = Clock()
    cache = memory(clock)

    await cache.set("key", b"value", ttl=10)
    clock.advance(9.9)
    assert await cache.get("key") == b"value"
    clock.advance(0.1)
    assert await cache.get("key") is None
    assert cache.entries == 0


async def test_a_newer_value_does_not_inherit_the_older_ones_time() -> None:
    """The memory cache of aiocache lets an old timer delete a new value."""
    clock = Clock()
    cache = memory(clock)

    await cache.set("key", b"old", ttl=10)
    await cache.clear()
    await cache.set("key", b"new", ttl=100)
    clock.advance(50)

    assert await cache.get("key") == b"new"


async def test_entries_are_bounded_and_the_least_lately_used_goes_first() -> None:
    """What is asked for stays."""
    cache = memory(entries=3)
    for key in ("a", "b", "c"):
        await cache.set(key, b"value", ttl=10)
    await cache.get("a")

    await cache.set("d", b"value", ttl=10)

    assert cache.entries == 3
    assert await cache.get("b") is None
    assert await cache.get("a") == b"value"


async def test_bytes_are_bounded() -> None:
    """Ten thousand values of a kilobyte do not make ten megabytes of a hundred kilobytes."""
    cache = memory(entries=100_000, size=100_000)

    for index in range(10_000):
        await cache.set(str(index), bytes(1024), ttl=10)

    assert cache.bytes <= 100_000
    assert cache.entries == 100_000 // (1024 + PLACE)


async def test_a_value_too_large_for_the_level_is_not_kept() -> None:
    """Nor does the value before it stay, which it was to replace."""
    cache = memory(size=80_000)
    await cache.set("key", b"small", ttl=10)

    await cache.set("key", bytes(10_000), ttl=10)

    assert await cache.get("key") is None
    assert cache.bytes == 0


async def test_room_is_made_of_what_has_expired_first() -> None:
    """A full map whose values have all expired takes a new one without complaint."""
    clock = Clock()
    cache = memory(clock, entries=2)
    await cache.set("a", b"value", ttl=1)
    await cache.set("b", b"value", ttl=1)
    clock.advance(1)

    await cache.set("c", b"value", ttl=1)

    assert cache.entries == 1


@pytest.mark.parametrize("ttl", [0, -1])
async def test_a_value_without_time_left_is_not_kept(ttl: float) -> None:
    """What another replica wrote may be over when it arrives."""
    cache = memory()

    await cache.set("key", b"value", ttl=ttl)

    assert cache.entries == 0


async def test_the_rest_of_the_interface() -> None:
    """It is aiocache's, so that another cache can stand in."""
    cache = memory()
    await cache.set("key", b"value")

    assert await cache.exists("key")
    assert await cache.delete("key") == 1
    assert await cache.delete("key") == 0
    assert not await cache.exists("key")
