"""Evictions in a stream in Redis, which all replicas follow. Importing it loads Redis' client.

The stream keeps the last ten thousand or so. Each names the one before it, so that a replica that
was away for longer notices that some are missing, and drops all that it has.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from secrets import token_hex
from typing import Any

import msgspec

from gateway.cache.evictions import EVERYTHING, Evictions, EvictionsUnavailableError, Subject
from gateway.cache.redis_connections import RedisClient
from gateway.cache.redis_scripts import FAILURES, in_time
from gateway.cache.redis_use import RedisUse

STREAM = "{promotion-gateway:evictions:1}:stream"
_EVENT = "{promotion-gateway:evictions:1}:event:"
_MAX_LENGTH = 10_000
_EVENT_TTL_MS = 24 * 3600 * 1000
_CHECK_TTL_MS = 1000
_BLOCK_MS = 1000
TIMEOUT_S = 0.25
_RETRY_EVERY_S = 0.5
_BATCH = 1000
_NONE = b"0-0"
_SEQUENCE_BITS = 20  # of a position; those above are the milliseconds of a stream's id
_MAX_PENDING = 10_000

_PUBLISH = """
if KEYS[2] and redis.call('EXISTS', KEYS[2]) == 1 then return false end
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local after = '0-0'
if last[1] then after = last[1][1] end
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*',
                      'after', after, 'subjects', ARGV[1])
if KEYS[2] then redis.call('SET', KEYS[2], '1', 'PX', ARGV[3]) end
return id
"""


class EvictionStream:
    """Publishes evictions, and applies those of all replicas to `evictions` while it runs.

    What could not be published is published once Redis is back, before anything else. `clock` is
    monotonic, in seconds.
    """

    def __init__(
        self,
        redis: RedisClient,
        evictions: Evictions,
        clock: Callable[[], float] = time.monotonic,
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._timeout_s = timeout_s
        self._redis, self._evictions = redis, evictions
        self.use = RedisUse("evictions", clock)
        self._script = redis.register_script(_PUBLISH)
        self._cursor = _NONE  # the last eviction that was read
        self._read_to = 0  # its position
        self._pending: dict[Subject, None] = {}
        self.may_publish = False
        """Whether publishing has worked, which is tried at the beginning."""
        evictions.is_current = False

    async def publish(self, subjects: Iterable[Subject], event: str = "") -> int | None:
        """Add an eviction; return its position, None if `event` has been taken before.

        Raise EvictionsUnavailableError; what was not published then is published later.
        """
        subjects = list(subjects)
        if not self.may_publish or not self.use.is_available:
            self._postpone(subjects)
            raise EvictionsUnavailableError
        try:
            position = await self._publish(subjects, event)
        except FAILURES as error:
            self._lose("publish", error)
            self._postpone(subjects)
            raise EvictionsUnavailableError from None
        return position

    async def run(self) -> None:
        """Follow the stream until this task is cancelled."""
        while True:
            try:
                await self._follow()
            except FAILURES as error:
                self._lose("read", error)
                await asyncio.sleep(_RETRY_EVERY_S)
                continue
            self.use.restored("read")
            try:
                await self._publish_pending()
            except FAILURES as error:
                self._lose("publish", error)
                await asyncio.sleep(_RETRY_EVERY_S)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _publish(
        self, subjects: Iterable[Subject], event: str, event_ttl_ms: int = _EVENT_TTL_MS
    ) -> int | None:
        keys = [STREAM, _EVENT + event] if event else [STREAM]
        arguments: list[bytes | int] = [
            msgspec.json.encode(list(subjects)),
            _MAX_LENGTH,
            event_ttl_ms,
        ]
        published = await in_time(self._script(keys=keys, args=arguments), self._timeout_s)
        return None if published is None else position_of(published)

    def _postpone(self, subjects: Iterable[Subject]) -> None:
        self._pending.update(dict.fromkeys(subjects))
        if len(self._pending) > _MAX_PENDING:
            self._pending = {EVERYTHING: None}

    async def _follow(self) -> None:
        """Read what is new, and wait for it where there is nothing else to do."""
        is_idle = self._evictions.is_current and self.may_publish and not self._pending
        block_ms = _BLOCK_MS if is_idle else None
        timeout_s = self._timeout_s + (block_ms or 0) / 1000
        answer: Any = await in_time(
            self._redis.xread({STREAM: self._cursor}, count=_BATCH, block=block_ms), timeout_s
        )
        entries = answer[0][1] if answer else []
        for identifier, fields in entries:
            self._apply(identifier, fields)
        if not entries:
            await self._check_end()
        if len(entries) < _BATCH:
            self._evictions.is_current = True

    async def _publish_pending(self) -> None:
        """Publish what could not be published before; the first time, find out whether that works.

        A user of Redis may have the right to read alone.
        """
        pending = list(self._pending)
        if pending or not self.may_publish:
            await self._publish(pending, token_hex(8), _CHECK_TTL_MS)
            for subject in pending:
                self._pending.pop(subject, None)
        self.may_publish = True
        self.use.restored("publish")

    def _lose(self, operation: str, error: BaseException) -> None:
        self.may_publish = self.may_publish and operation != "publish"
        self.use.count(error)
        self.use.lost(operation, error)

    def _apply(self, identifier: bytes, fields: dict[bytes, bytes]) -> None:
        """Evict what an entry names, and everything where entries before it are missing."""
        position, after = position_of(identifier), fields.get(b"after", _NONE)
        # A stream that was lost may begin again with a clock that is behind.
        is_later = position > self._read_to
        if after != self._cursor:
            lost_before = position_of(after) or position
            self._evictions.apply((EVERYTHING,), lost_before if is_later else None)
        self._cursor, self._read_to = identifier, max(position, self._read_to)
        self._evictions.apply(_subjects(fields), position if is_later else None)

    async def _check_end(self) -> None:
        """Notice that the stream is another one than before: it was deleted, or its server lost."""
        last: Any = await in_time(self._redis.xrevrange(STREAM, count=1), self._timeout_s)
        end = last[0][0] if last else _NONE
        if position_of(end) < position_of(self._cursor):
            self._evictions.apply((EVERYTHING,))
            self._cursor = _NONE


def position_of(identifier: bytes) -> int:
    """Return the position of a stream's entry."""
    milliseconds, _, number = identifier.partition(b"-")
    return (int(milliseconds) << _SEQUENCE_BITS) + int(number)


def _subjects(fields: dict[bytes, bytes]) -> list[Subject]:
    """Return the subjects of an entry; everything for one that cannot be read."""
    try:
        return msgspec.json.decode(fields.get(b"subjects", b""), type=list[str])
    except msgspec.DecodeError:
        return [EVERYTHING]
