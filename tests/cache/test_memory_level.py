import pytest

from gateway.cache.memory import MemoryCache
from gateway.cache.options import MemoryLimits
from tests.support.clock import Clock

PLACE = 512  # what each value costs beside its own bytes


def memory(
    clock: Clock | None = None, entries: int = 1000, size: int = 1_000_000
) -> MemoryCache[bytes]:
    return MemoryCache(MemoryLimits(entries, size), len, clock or Clock())


def test_a_value_is_there_until_its_time_has_passed() -> None:
    """A value expires by the clock, without a timer."""
    clock = Clock()
    cache = memory(clock)

    cache.set("key", b"value", 10)
    clock.advance(9.9)
    assert cache.get("key") == b"value"
    clock.advance(0.1)
    assert cache.get("key") is None
    assert cache.entries == 0


def test_a_newer_value_does_not_inherit_the_older_ones_time() -> None:
    """With aiocache's memory cache, the old value's timer would delete the new value."""
    clock = Clock()
    cache = memory(clock)

    cache.set("key", b"old", 10)
    cache.set("key", b"new", 100)
    clock.advance(50)

    assert cache.get("key") == b"new"


def test_entries_are_bounded_and_the_least_lately_used_goes_first() -> None:
    """The least recently used value is evicted."""
    cache = memory(entries=3)
    for key in ("a", "b", "c"):
        cache.set(key, b"value", 10)
    cache.get("a")

    cache.set("d", b"value", 10)

    assert cache.entries == 3
    assert cache.get("b") is None
    assert cache.get("a") == b"value"


def test_bytes_are_bounded() -> None:
    """The bytes of all values, with their overhead, stay within the limit."""
    cache = memory(entries=100_000, size=100_000)

    for index in range(10_000):
        cache.set(str(index), bytes(1024), 10)

    assert cache.bytes <= 100_000
    assert cache.entries == 100_000 // (1024 + PLACE)


def test_a_value_too_large_for_the_level_is_not_kept() -> None:
    """The value before it is dropped as well."""
    cache = memory(size=80_000)
    cache.set("key", b"small", 10)

    cache.set("key", bytes(10_000), 10)

    assert cache.get("key") is None
    assert cache.bytes == 0


def test_room_is_made_of_what_has_expired_first() -> None:
    """A full cache of expired values accepts a new one."""
    clock = Clock()
    cache = memory(clock, entries=2)
    cache.set("a", b"value", 1)
    cache.set("b", b"value", 1)
    clock.advance(1)

    cache.set("c", b"value", 1)

    assert cache.entries == 1


@pytest.mark.parametrize("lifetime_s", [0, -1])
def test_a_value_without_time_left_is_not_kept(lifetime_s: float) -> None:
    """An entry of another replica may have expired when it arrives."""
    cache = memory()

    cache.set("key", b"value", lifetime_s)

    assert cache.entries == 0
