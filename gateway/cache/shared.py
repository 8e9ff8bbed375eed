"""The second cache level, shared by the replicas: aiocache's `RedisCache`, used fail-open.

No method raises for a failure of Redis or waits longer than its timeout: a failed operation is a
miss, and Redis is not tried again for a second. Importing this module loads Redis' client.
"""

import asyncio
import hashlib
import hmac
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
from aiocache import RedisCache  # type: ignore[import-untyped]
from aiocache.serializers import NullSerializer  # type: ignore[import-untyped]
from redis.exceptions import AuthenticationError, ResponseError

from gateway.cache.circuit import Circuit
from gateway.cache.entry import Entry
from gateway.cache.keys import derive
from gateway.cache.options import SharedLimits
from gateway.cache.redis_connections import create_redis
from gateway.cache.redis_server import RedisServer
from gateway.cache.redis_use import RedisUse
from gateway.cache.statistics import CacheStatistics
from gateway.telemetry import log

FORMAT = 2  # of an entry; part of the keys' prefix, so that two releases share no entry
NAMESPACE = f"promotion-gateway:{FORMAT}"
_MAGIC = b"PGC" + FORMAT.to_bytes(1, "big")
_TAG_BYTES = 16
_HEAD_BYTES = len(_MAGIC) + _TAG_BYTES
_GARBAGE_LOG_EVERY_S = 60.0
_CHECK_KEY = "check"
_CHECK_ENTRY = Entry(b"", 0.0, 60.0)


class EntryCodec:
    """Encodes entries, and decodes only those that this gateway has encoded for the same key.

    An encoded entry is a version, a keyed BLAKE2b of key and body, and the body in msgpack. The tag
    rejects whatever was truncated, planted, or moved from one key (one customer) to another. Raise
    ValueError for a `secret` below 16 bytes.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = derive(secret, "entry")
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(Entry)

    def encode(self, key: str, entry: Entry) -> bytes:
        """Encode `entry` for `key`."""
        body = self._encoder.encode(entry)
        return _MAGIC + self._tag(key, body) + body

    def decode(self, key: str, raw: bytes) -> Entry | None:
        """Decode what `encode` returned for the same key; None for anything else."""
        if not raw.startswith(_MAGIC) or len(raw) <= _HEAD_BYTES:
            return None
        tag, body = raw[len(_MAGIC) : _HEAD_BYTES], raw[_HEAD_BYTES:]
        if not hmac.compare_digest(tag, self._tag(key, body)):
            return None
        try:
            entry = self._decoder.decode(body)
        except msgspec.DecodeError:
            return None
        spans = (entry.fresh_for_s, entry.stale_for_s)
        is_sound = math.isfinite(entry.stored_at) and all(0 <= span < math.inf for span in spans)
        return entry if is_sound else None

    def _tag(self, key: str, body: bytes) -> bytes:
        name = key.encode()
        digest = hashlib.blake2b(key=self._secret, digest_size=_TAG_BYTES)
        digest.update(len(name).to_bytes(8, "big") + name)
        digest.update(body)
        return digest.digest()


class _AllBusyError(Exception):
    """All connections stayed busy for too long, which says nothing about Redis."""


class SharedCache:
    """Entries in Redis; `clock` is monotonic, in seconds.

    Connects at the first operation. Raise ValueError for a `secret` below 16 bytes.
    """

    def __init__(
        self,
        server: RedisServer,
        secret: bytes,
        statistics: CacheStatistics,
        limits: SharedLimits,
        clock: Callable[[], float],
    ) -> None:
        self._client = create_redis(server, limits)
        self._redis = RedisCache(
            serializer=NullSerializer(encoding=None),  # bytes in, bytes out
            namespace=NAMESPACE,
            timeout=None,  # else asyncio.wait_for; `_connection` has a timeout already
        )
        # Instead of the one that aiocache builds, which has no TLS context and knows no cluster.
        self._redis.client = self._client
        self._codec = EntryCodec(secret)
        self._statistics = statistics
        self._limits = limits
        self._clock = clock
        # Two, because a full Redis refuses writes while it still serves reads.
        self.use = RedisUse("cache", clock)
        self._reads = Circuit(self.use, "read", limits.probe_every_s, clock)
        self._writes = Circuit(self.use, "write", limits.probe_every_s, clock)
        # redis-py's pool lets newcomers overtake those who wait: under load some waited until their
        # timeout, as if Redis were down. A semaphore is fair.
        self._free_connections = asyncio.Semaphore(limits.max_connections)
        self._garbage_unlogged = 0
        self._log_garbage_at = 0.0

    async def get(self, key: str) -> Entry | None:
        """Return the entry of `key`; None where there is none, or Redis cannot be read."""
        if not self._reads.allows():
            self._statistics.skipped += 1
            return None
        try:
            async with self._connection():
                raw = await self._redis.get(key)
        except _AllBusyError:
            self._statistics.skipped += 1
            return None
        except Exception as error:  # noqa: BLE001 - whatever it is, the gateway works without Redis
            if not (isinstance(error, ResponseError) and str(error).startswith("WRONGTYPE")):
                self._reads.failed(error)
                return None
            raw = b""  # someone else's list or hash is stored under this key
        self._reads.succeeded()
        if raw is None:
            return None
        # The length first: decoding hashes every byte of a value that anyone may have written.
        is_small = len(raw) <= self._limits.max_entry_bytes
        entry = self._codec.decode(key, raw) if is_small else None
        if entry is None:
            self._record_garbage()
        return entry

    async def set(self, key: str, entry: Entry, lifetime_s: float) -> None:
        """Write the entry of `key`, which Redis drops after `lifetime_s`."""
        # A write is never the probe of a Redis that hangs: a page would stay in the buffer of its
        # connection until Redis reads it.
        if self._reads.is_open or not self._writes.allows():
            self._statistics.skipped += 1
            return
        raw = self._codec.encode(key, entry)
        if len(raw) > self._limits.max_entry_bytes or lifetime_s < 0.001:
            return
        try:
            async with self._connection():
                await self._redis.set(key, raw, ttl=float(lifetime_s))
        except _AllBusyError:
            self._statistics.skipped += 1
        except Exception as error:  # noqa: BLE001 - as above
            self._record_write_failure(error)
        else:
            self._writes.succeeded()

    async def claim(self, key: str, lifetime_s: float) -> bool:
        """Whether no other replica has claimed `key` in the time before.

        Where Redis cannot tell, every replica may go on: what is claimed is only done too often.
        """
        if self._reads.is_open or not self._writes.allows():
            self._statistics.skipped += 1
            return True
        lifetime_ms = int(lifetime_s * 1000)
        try:
            async with self._connection():
                name = f"{NAMESPACE}:{key}"
                is_first = await self._client.set(name, b"", nx=True, px=lifetime_ms)
        except _AllBusyError:
            self._statistics.skipped += 1
            return True
        except Exception as error:  # noqa: BLE001 - as above
            self._record_write_failure(error)
            return True
        self._writes.succeeded()
        return bool(is_first)

    async def check(self) -> None:
        """Write an entry of its own and read it, so that an outage shows without traffic."""
        await self.set(_CHECK_KEY, _CHECK_ENTRY, _CHECK_ENTRY.fresh_for_s)
        await self.get(_CHECK_KEY)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[None]:
        """Wait for a free connection, then bound the operation in time."""
        try:
            async with asyncio.timeout(self._limits.acquire_timeout_s):
                await self._free_connections.acquire()
        except TimeoutError:
            raise _AllBusyError from None
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                yield
        finally:
            self._free_connections.release()

    def _record_write_failure(self, error: Exception) -> None:
        # Redis answered, and refused to write: it is full, a replica, or its disk fails.
        is_refusal = isinstance(error, ResponseError)
        is_refusal = is_refusal and not isinstance(error, AuthenticationError)
        (self._writes if is_refusal else self._reads).failed(error)

    def _record_garbage(self) -> None:
        """Count a value that is not a valid entry, and log the count once a minute."""
        self._statistics.garbage += 1
        self._garbage_unlogged += 1
        now = self._clock()
        if now >= self._log_garbage_at:
            log.warning("cache_invalid_entries", count=self._garbage_unlogged)
            self._garbage_unlogged = 0
            self._log_garbage_at = now + _GARBAGE_LOG_EVERY_S
