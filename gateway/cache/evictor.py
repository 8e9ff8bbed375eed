"""Evicting: in this process at once, in its sibling workers, and by Redis in all replicas."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import msgspec

from gateway.cache.bounded_dict import BoundedDict
from gateway.cache.evictions import (
    CUSTOMER,
    EVERYTHING,
    PROGRAM,
    PROMOTION,
    Evictions,
    EvictionsUnavailableError,
    Subject,
    program,
    promotion,
)
from gateway.cache.redis_server import RedisServer
from gateway.telemetry.metric import Samples

if TYPE_CHECKING:
    from gateway.cache.eviction_stream import EvictionStream

_MAX_EVENTS = 20_000


class _Message(msgspec.Struct, array_like=True):
    """What a worker tells its siblings: the subjects, and the event that they are evicted by."""

    subjects: list[Subject]
    event: str = ""


class Evictor:
    """Evicts what customers and definitions are cached.

    Evictions of one process come in the order of their calls. Without `stream` the replicas share
    nothing, and `send` passes a message to the sibling workers of this process. As a context
    manager it follows the stream.
    """

    def __init__(self, evictions: Evictions, stream: "EvictionStream | None" = None) -> None:
        self.evictions, self.stream = evictions, stream
        self.send: Callable[[bytes], None] = _to_nobody
        self._events: BoundedDict[str, None] = BoundedDict(_MAX_EVENTS)
        self._task: asyncio.Task[None] | None = None

    async def evict_customer(self, customer_id: int, event: str = "") -> bool:
        """Drop a customer's pages and the answers built from them, by the platform's id.

        A call that begins after this returns gets no response from before it in this process, and
        in the others some milliseconds later. Return False where `event` has been taken before.
        Raise EvictionsUnavailableError where Redis is away: the other replicas follow when it is
        back.
        """
        return await self._evict([self.evictions.customer(customer_id)], event)

    async def evict_definition(self, program_id: int, promotion_id: int, event: str = "") -> bool:
        """Drop a definition, the lists of its program, and the answers built from them.

        Return and raise as `evict_customer` does.
        """
        return await self._evict([program(program_id), promotion(program_id, promotion_id)], event)

    async def _evict(self, subjects: list[Subject], event: str) -> bool:
        if event in self._events:
            return False
        if self.stream is None:
            self.evictions.apply(subjects)
            self.send(msgspec.json.encode(_Message(subjects, event)))
        else:
            try:
                position = await self.stream.publish(subjects, event)
            except EvictionsUnavailableError:
                self.evictions.apply(subjects)
                self.send(msgspec.json.encode(_Message(subjects)))
                raise
            if position is None:
                return False
            self.evictions.apply(subjects, position)
        if event:
            self._events[event] = None
        return True

    def receive(self, message: bytes) -> None:
        """Evict what a sibling has told; everything after an empty message, which was lost."""
        try:
            received = msgspec.json.decode(message, type=_Message)
        except msgspec.DecodeError:
            received = _Message([EVERYTHING])
        self.evictions.apply(received.subjects)
        if received.event:
            self._events[received.event] = None

    async def __aenter__(self) -> Self:
        """Begin to follow the stream, without waiting for Redis."""
        if self.stream is not None:
            self._task = asyncio.create_task(self.stream.run(), name="evictions")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop, and close the connections."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self.stream is not None:
            await self.stream.close()


def create_evictor(evictions: Evictions, server: RedisServer | None) -> Evictor:
    """Create the evictor of a process; with a Redis all replicas evict together."""
    if server is None:
        return Evictor(evictions)
    from gateway.cache.eviction_stream import (  # noqa: PLC0415 - decision 22
        TIMEOUT_S,
        EvictionStream,
    )
    from gateway.cache.redis_connections import create_redis  # noqa: PLC0415 - as above

    redis, limits = create_redis(server, server.limits()), server.limits(TIMEOUT_S)
    return Evictor(evictions, EvictionStream(redis, evictions, timeout_s=limits.timeout_s))


def eviction_samples(evictions: Evictions | None) -> Samples:
    """Return the samples of `gateway_cache_evictions_total`; None is without evictions."""
    kinds = (CUSTOMER, PROMOTION, PROGRAM, EVERYTHING)
    counts = [0 if evictions is None else evictions.counts[kind] for kind in kinds]
    return {"gateway_cache_evictions_total": counts}


def _to_nobody(_message: bytes) -> None:
    """Have no siblings."""
