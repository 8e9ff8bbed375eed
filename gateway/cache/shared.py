"""The second level, shared by the replicas: aiocache's Redis cache, and how to do without it.

Whatever Redis does, nothing here raises and nothing waits longer than the timeout: an operation
that fails is a miss, and for a second after it Redis is left alone. Importing this loads Redis'
client: only where there is a Redis.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from aiocache import RedisCache  # type: ignore[import-untyped]
from aiocache.serializers import NullSerializer  # type: ignore[import-untyped]
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import AuthenticationError, ResponseError

from gateway.cache.circuit import Circuit
from gateway.cache.entry import FORMAT, Entry, EntryCodec
from gateway.cache.shared_limits import SharedLimits
from gateway.cache.statistics import CacheStatistics
from gateway.telemetry import log

NAMESPACE = f"promotion-gateway:{FORMAT}"
_TELL_EVERY_S = 60.0
_SCHEMES = frozenset({"redis", "rediss"})


class _NoTurnError(Exception):
    """All connections were busy for too long, which says nothing about Redis."""


class SharedCache:
    """Entries in Redis; `clock` is monotonic, in seconds."""

    def __init__(
        self,
        redis: RedisCache,
        codec: EntryCodec,
        statistics: CacheStatistics,
        limits: SharedLimits,
        clock: Callable[[], float],
    ) -> None:
        self._redis = redis
        self._codec = codec
        self._statistics = statistics
        self._limits = limits
        self._clock = clock
        # Two, because a full Redis refuses writes while it still answers reads.
        self._reading = Circuit("read", limits.probe_every_s, clock)
        self._writing = Circuit("write", limits.probe_every_s, clock)
        # redis-py's pool lets whoever comes last overtake those who wait: under load some waited
        # until their timeout, as if Redis were down. This queue is fair.
        self._turns = asyncio.Semaphore(limits.max_connections)
        self._garbage_untold = 0
        self._tell_of_garbage_at = 0.0

    @property
    def is_available(self) -> bool:
        """Whether the last that was heard of Redis was good."""
        return not (self._reading.is_open or self._writing.is_open)

    async def get(self, key: str) -> Entry | None:
        """Read the entry of `key`; None where there is none, or no way to tell."""
        if not self._reading.allows():
            self._statistics.skipped += 1
            return None
        try:
            raw = await self._in_turn(lambda: self._redis.get(key))
        except _NoTurnError:
            self._statistics.skipped += 1
            return None
        except Exception as error:  # noqa: BLE001 - whatever it is, the gateway goes on without it
            if not _is_wrong_type(error):
                self._failed(self._reading, error)
                return None
            raw = b""
        self._reading.succeeded()
        return None if raw is None else self._read(key, raw)

    async def set(self, key: str, entry: Entry, lifetime_s: float) -> None:
        """Write the entry of `key`, which Redis forgets after `lifetime_s`."""
        # A write is never the probe of a Redis that hangs: closing its connection would leave a
        # page of bytes in memory until the other side reads them.
        if self._reading.is_open or not self._writing.allows():
            self._statistics.skipped += 1
            return
        raw = self._codec.encode(key, entry)
        if len(raw) > self._limits.max_entry_bytes or lifetime_s < 0.001:
            return
        try:
            await self._in_turn(lambda: self._redis.set(key, raw, ttl=float(lifetime_s)))
        except _NoTurnError:
            self._statistics.skipped += 1
            return
        except Exception as error:  # noqa: BLE001 - as above
            self._failed(self._writing if _is_refusal(error) else self._reading, error)
            return
        self._writing.succeeded()

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.client.aclose()  # aiocache's own close() calls a deprecated method

    async def _in_turn(self, operation: Callable[[], Awaitable[Any]]) -> Any:
        try:
            async with asyncio.timeout(self._limits.turn_s):
                await self._turns.acquire()
        except TimeoutError:
            raise _NoTurnError from None
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                return await operation()
        finally:
            self._turns.release()

    def _read(self, key: str, raw: bytes) -> Entry | None:
        # The length first: decoding hashes every byte, and a stranger's value may have many.
        fits = len(raw) <= self._limits.max_entry_bytes
        entry = self._codec.decode(key, raw) if fits else None
        if entry is None:
            self._tell_of_garbage()
        return entry

    def _failed(self, circuit: Circuit, error: Exception) -> None:
        self._statistics.errors += 1
        circuit.failed(type(error).__name__)

    def _tell_of_garbage(self) -> None:
        """Count a value that is no entry of ours, and say so once a minute."""
        self._statistics.garbage += 1
        self._garbage_untold += 1
        now = self._clock()
        if now >= self._tell_of_garbage_at:
            log.warning("cache_garbage", count=self._garbage_untold)
            self._garbage_untold = 0
            self._tell_of_garbage_at = now + _TELL_EVERY_S


def create_redis_cache(url: str, limits: SharedLimits) -> RedisCache:
    """Make the client of `redis://[user:password@]host[:port][/db]`, or of `rediss://` over TLS.

    It connects when it is first used. Raises ValueError, without the URL, for any other.
    """
    address = _address(url)
    connection: dict[str, object] = {
        "username": address.username,
        "timeout": limits.timeout_s,  # for a connection to become free
        # None: around each operation there is one already, and with it redis-py sends through
        # asyncio.wait_for, which in Python 3.11 swallows a cancellation now and then.
        "socket_timeout": None,
        "protocol": 2,  # version 3 costs each new connection two more round trips, for nothing here
        "driver_info": None,  # nor does it have to introduce itself
    }
    return RedisCache(
        serializer=NullSerializer(encoding=None),  # bytes in, bytes out
        namespace=NAMESPACE,
        timeout=None,  # which would be asyncio.wait_for as well
        endpoint=address.host,
        port=address.port,
        db=address.database,
        password=address.password,
        create_connection_timeout=limits.timeout_s,
        pool_max_size=limits.max_connections,
        ssl=address.is_tls,
        connection_pool_class=BlockingConnectionPool,
        connection_pool_kwargs=connection,
    )


def create_redis(url: str, limits: SharedLimits) -> Redis:
    """Make the same client for what is no cache; raises ValueError as above."""
    redis: Redis = create_redis_cache(url, limits).client
    return redis


class _Address(NamedTuple):
    host: str
    port: int
    database: int
    username: str | None
    password: str | None
    is_tls: bool


def _address(url: str) -> _Address:
    try:
        parts = urlsplit(url)
        if not parts.hostname or parts.scheme not in _SCHEMES or parts.query or parts.fragment:
            raise ValueError  # noqa: TRY301 - the one answer to every mistake is below
        return _Address(
            parts.hostname,
            parts.port or 6379,
            int(parts.path.strip("/") or "0"),
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            parts.scheme == "rediss",
        )
    except ValueError:  # urlsplit's own words may quote a part of the password
        raise ValueError(
            "redis://[user:password@]host[:port][/database], or rediss:// over TLS"
        ) from None


def _is_wrong_type(error: Exception) -> bool:
    """Return whether somebody keeps a list or the like under our key."""
    return isinstance(error, ResponseError) and str(error).startswith("WRONGTYPE")


def _is_refusal(error: Exception) -> bool:
    """Return whether Redis answered and refused: full, a replica, its disk in trouble."""
    return isinstance(error, ResponseError) and not isinstance(error, AuthenticationError)
