"""The replicas that share one Redis, and whether this one still reaches it.

The quota holds while replicas lose Redis one by one: a replica uses its own share only once Redis
has not answered it for `grace_s`. By then Redis counts it as missing, and withholds that share from
the others. A replica that ends deletes its entry; that of a crashed one expires after
`_MISSING_FOR_S`. So a replica that cannot reach Redis for longer than that is no longer counted,
and the others use its share, too.
"""

import asyncio
import math
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from redis.exceptions import ResponseError

from gateway.cache.redis_connections import RedisClient
from gateway.cache.redis_scripts import CLOCK, FAILURES, in_time
from gateway.cache.redis_use import RedisUse
from gateway.telemetry import log

HEARTBEAT_S = 0.4
GRACE_S = 2.0
TIMEOUT_S = 0.25
_OPERATION = "script"
_MISSING_FOR_S = 120.0
# After an outage the replicas return one by one: for this long all that are expected are counted.
_RECOVERY_S = 10.0
# The number of replicas where Redis has never been reached.
_ASSUMED_REPLICAS = 4

# The head of each script. ARGV[1] is when its sender stops waiting, in seconds of Redis's clock: a
# Redis that hung until then must not act on it any more.
PREAMBLE = (
    CLOCK
    + """
if tonumber(ARGV[1]) > 0 and now > tonumber(ARGV[1]) then return {'late', text(now)} end
"""
)
_HEARTBEAT = (
    PREAMBLE
    + """
local id, returning, missing_for, recovery = ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
redis.call('HSETNX', KEYS[2], 'since', text(now))
local stored = redis.call('HMGET', KEYS[2], 'expected', 'expected_until')
local expected = 0
if stored[1] and now < tonumber(stored[2]) then expected = tonumber(stored[1]) end
if returning > 0 then
  expected = math.max(expected, returning)
  redis.call('HSET', KEYS[2], 'expected', expected, 'expected_until', text(now + recovery))
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now - missing_for))
redis.call('ZADD', KEYS[1], text(now), id)
return {'ok', text(now), tostring(math.max(redis.call('ZCARD', KEYS[1]), expected))}
"""
)


class Degraded(Protocol):
    """A rate limiter that started calls without Redis."""

    async def replay_local_starts(self) -> bool:
        """Report those starts to Redis; return whether it has recorded them. Idempotent."""
        ...


class Replicas:
    """This replica among those that share one Redis under one `prefix`.

    `heartbeat_loop` runs as a task for as long as the replica lives. Not thread-safe.
    """

    def __init__(  # noqa: PLR0913 - what a test replaces
        self,
        redis: RedisClient,
        prefix: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        heartbeat_s: float = HEARTBEAT_S,
        grace_s: float = GRACE_S,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        # A hash tag: all keys of the quota are in one slot of a Redis cluster.
        self.prefix, self.grace_s = f"{{{prefix}}}", grace_s
        self.keys = (f"{self.prefix}:replicas", f"{self.prefix}:about")
        self.id = uuid.uuid4().hex
        self.count = _ASSUMED_REPLICAS
        self.is_degraded = False
        self.is_recovering = False
        self.degraded_since = -math.inf
        self.redis, self._clock, self._sleep = redis, clock, sleep
        self.use = RedisUse("quota", clock)
        self._latest_error: BaseException = TimeoutError()
        self._heartbeat_s, self._timeout_s = heartbeat_s, timeout_s
        self._heartbeat_script = redis.register_script(_HEARTBEAT)
        self._last_contact = clock()
        self._clock_offset_s: float | None = None  # from this replica's clock to Redis's
        self._degraded: dict[Degraded, None] = {}

    def enter_degraded(self, limiter: Degraded) -> None:
        """Register a limiter that must replay its starts before this replica has recovered."""
        self._degraded[limiter] = None

    async def run_script(
        self, script: Any, keys: Sequence[str], args: Sequence[Any]
    ) -> list[Any] | None:
        """Run a script that begins with `PREAMBLE`; return its result from the third item on.

        None where Redis does not answer in time, or answers with an error.
        """
        until = 0.0
        if self._clock_offset_s is not None:
            until = self._clock() + self._clock_offset_s + self._timeout_s
        result = await self._in_time(script(keys=keys, args=[f"{until:.6f}", *args]))
        if result is None:
            return None
        if not self.is_degraded:
            self.use.restored(_OPERATION)
        self._clock_offset_s = float(result[1]) - self._clock()
        return None if result[0] in {"late", b"late"} else list(result[2:])

    async def heartbeat_loop(self) -> None:
        """Report to Redis periodically that this replica is alive, until cancelled."""
        while True:
            await self.heartbeat()
            await self._sleep(self._heartbeat_s)

    async def heartbeat(self) -> None:
        """Report to Redis once; enter or end the degraded state as it answers."""
        if not self.is_degraded:
            await self._announce(returning=False)
            if self._clock() - self._last_contact >= self.grace_s:
                self.is_degraded, self.degraded_since = True, self._clock()
                self.use.lost(_OPERATION, self._latest_error)
                log.warning("quota_redis_unavailable", replicas=self.count)
        elif await self._in_time(self.redis.zcard(self.keys[0])) is not None:
            # No call starts until all starts have been replayed.
            self.is_recovering = True
            try:
                await self._recover()
            finally:
                self.is_recovering = False

    async def leave(self) -> None:
        """Release this replica's share to the others, at an orderly end."""
        await self._in_time(self.redis.zrem(self.keys[0], self.id))

    async def _recover(self) -> None:
        for limiter in list(self._degraded):
            if not await limiter.replay_local_starts():
                return
        if await self._announce(returning=True):
            self._degraded.clear()
            self.is_degraded = False
            self.use.restored(_OPERATION)
            log.info("quota_redis_available", replicas=self.count)

    async def _announce(self, *, returning: bool) -> bool:
        result = await self.run_script(
            self._heartbeat_script,
            self.keys,
            [self.id, self.count if returning else 0, _MISSING_FOR_S, _RECOVERY_S],
        )
        if result is None:
            return False
        self._last_contact, self.count = self._clock(), max(1, int(float(result[0])))
        return True

    async def _in_time(self, operation: Awaitable[Any]) -> Any:
        """Return the result of a Redis operation, or None where it fails or takes too long."""
        try:
            return await in_time(operation, self._timeout_s)
        except FAILURES as error:
            self._latest_error = error
            self.use.count(error)
            # An answer with an error is no loss of contact, and after one the reason may change.
            if self.is_degraded or isinstance(error, ResponseError):
                self.use.lost(_OPERATION, error)
            return None
