"""Evictions that replicas share over Redis: in order, once, and what is done about missed ones."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from gateway.cache import eviction_stream
from gateway.cache.eviction_stream import STREAM
from gateway.cache.evictions import Evictions, EvictionsUnavailableError, program
from gateway.cache.evictor import Evictor, create_evictor
from gateway.cache.keys import KeyMaker
from tests.cache.fetching import SECRET
from tests.support.valkey import Valkey

pytestmark = pytest.mark.anyio

KEYS = KeyMaker(SECRET)
_PATIENCE_S = 10.0
_POLL_S = 0.01


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    for _ in range(int(_PATIENCE_S / _POLL_S)):
        if is_so():
            return
        await asyncio.sleep(_POLL_S)
    pytest.fail("it is not so in time")


def replica(valkey: Valkey) -> Evictor:
    """Return the evictor of a replica."""
    return create_evictor(Evictions(KEYS), valkey.server)


async def ready(*evictors: Evictor) -> None:
    """Wait until replicas take evictions."""
    streams = [each.stream for each in evictors if each.stream is not None]
    assert len(streams) == len(evictors)
    await until(lambda: all(stream.may_publish for stream in streams))


def evicted(evictor: Evictor, customer_id: int) -> int:
    """Return the position of a customer's last eviction."""
    return evictor.evictions.of(evictor.evictions.customer(customer_id))


@pytest.fixture
async def pair(valkey: Valkey) -> AsyncIterator[tuple[Evictor, Evictor]]:
    """Return two replicas on one server."""
    async with replica(valkey) as first, replica(valkey) as second:
        await ready(first, second)
        yield first, second


async def test_an_eviction_has_one_position_in_all_replicas(pair: tuple[Evictor, Evictor]) -> None:
    """It is there at once where it was made, and soon in the other."""
    first, second = pair
    before = second.evictions.position
    assert await first.evict_customer(1)
    position = evicted(first, 1)
    assert position > before
    await until(lambda: evicted(second, 1) == position)
    assert second.evictions.position == position
    assert second.evictions.counts["c"] == first.evictions.counts["c"] == 1


async def test_an_event_is_taken_once_by_all_replicas(pair: tuple[Evictor, Evictor]) -> None:
    """Whichever gets it first."""
    first, second = pair
    outcomes = await asyncio.gather(
        *(each.evict_customer(1, "an event") for each in (first, second, first, second))
    )
    assert sorted(outcomes) == [False, False, False, True]
    assert await second.evict_customer(1, "another")


async def test_a_customer_is_not_named_in_redis(
    pair: tuple[Evictor, Evictor], valkey: Valkey
) -> None:
    """The stream has hashes, as the keys of the cache are."""
    await pair[0].evict_customer(564332013, "564332013 is no name")
    assert b"564332013" not in repr(valkey.execute("XRANGE", STREAM, "-", "+")).encode()


async def test_a_new_replica_knows_earlier_evictions(
    pair: tuple[Evictor, Evictor], valkey: Valkey
) -> None:
    """It serves nothing that others have cached before it knows them."""
    await pair[0].evict_definition(7, 8)
    position = pair[0].evictions.of(program(7))
    third = replica(valkey)
    assert not third.evictions.is_current
    async with third:
        await until(lambda: third.evictions.is_current)
        assert third.evictions.of(program(7)) == position
        assert third.evictions.counts["*"] == 0


async def test_a_replica_that_was_away_catches_up(
    pair: tuple[Evictor, Evictor], valkey: Valkey
) -> None:
    """Its connections are cut; what others evicted meanwhile is evicted, and nothing else."""
    first, second = pair
    for customer in range(5):
        valkey.execute("CLIENT", "KILL", "TYPE", "normal")
        await ready(first)
        await _evict(first, customer)
    await until(lambda: all(evicted(second, customer) for customer in range(5)))
    assert second.evictions.counts["*"] == 0


async def _evict(evictor: Evictor, customer_id: int) -> None:
    """Evict a customer, again while Redis does not take it."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            try:
                await evictor.evict_customer(customer_id)
            except EvictionsUnavailableError:
                await asyncio.sleep(0.05)
            else:
                return


async def test_a_replica_that_has_missed_evictions_drops_everything(
    pair: tuple[Evictor, Evictor], valkey: Valkey
) -> None:
    """The stream was trimmed beyond what it had read."""
    first, second = pair
    position = second.evictions.position
    await second.__aexit__()
    for customer in range(3):
        await first.evict_customer(customer)
    valkey.execute("XTRIM", STREAM, "MAXLEN", 1)
    async with second:
        await until(lambda: evicted(second, 2) > position)
    assert second.evictions.counts["*"] == 1
    assert second.evictions.of(program(1)) > position


async def test_a_stream_that_was_lost_drops_everything(
    pair: tuple[Evictor, Evictor], valkey: Valkey
) -> None:
    """Whatever was evicted in between is unknown; what comes after is applied."""
    first, second = pair
    await first.evict_customer(1)
    valkey.execute("FLUSHALL")
    await until(lambda: first.evictions.counts["*"] > 0 and second.evictions.counts["*"] > 0)
    position = evicted(second, 2)
    await _evict(first, 2)
    await until(lambda: evicted(second, 2) > position)


async def test_without_redis_an_eviction_is_made_here_and_later_everywhere(
    pair: tuple[Evictor, Evictor], valkey: Valkey
) -> None:
    """The caller is told; the others follow when Redis is back, before anything new."""
    first, second = pair
    valkey.pause()
    try:
        before = evicted(first, 1)
        with pytest.raises(EvictionsUnavailableError):
            await first.evict_customer(1, "an event")
        assert evicted(first, 1) > before
    finally:
        valkey.resume()
    await until(lambda: evicted(second, 1) > 0)
    await ready(first)
    assert first.stream is not None
    assert first.stream.use.is_available


async def test_what_cannot_be_read_drops_everything(
    pair: tuple[Evictor, Evictor], valkey: Valkey
) -> None:
    """Someone else's entry, or one of a release that writes others."""
    position = pair[0].evictions.position
    valkey.execute("XADD", STREAM, "*", "x", "y")
    await until(lambda: pair[0].evictions.of(program(1)) > position)
    assert await pair[0].evict_customer(1)


def test_positions_are_in_the_order_of_the_stream() -> None:
    """The number of an id counts within a millisecond."""
    ids = [b"0-0", b"0-1", b"1-0", b"1796056655813-0", b"1796056655813-7", b"1796056655814-0"]
    positions = list(map(eviction_stream.position_of, ids))
    assert positions == sorted(set(positions))
    assert positions[-1] < 2**63
