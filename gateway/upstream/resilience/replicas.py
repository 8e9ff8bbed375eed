"""Which replicas share one Redis, whether this one still does, and how to ask Redis anything.

What makes the quota hold while replicas lose Redis one by one: a replica goes alone only when Redis
has not answered it for `grace_s`, and by then Redis holds it to be missing and keeps its share
back from the others. One that leaves takes its name with it; one that crashed is missed for
`_MISSED_FOR_S`, during which its share is nobody's. A replica that is cut off for longer than that,
from a Redis that the others still reach, is given up: its share is theirs, too.
"""

import asyncio
import math
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.telemetry import log

BEAT_S = 0.4
GRACE_S = 2.0
_OPERATION_TIMEOUT_S = 0.25
_MISSED_FOR_S = 120.0
# Those who come back one after the other after an outage find each other within this.
_REUNION_S = 10.0
# Where Redis has never been reached there is no knowing; a modest installation is assumed.
_ASSUMED_REPLICAS = 4

# What Redis is asked opens with this: whoever asked has given up after ARGV[1], and a Redis that
# wakes up again must not act on it then.
PREAMBLE = """
local function text(number) return string.format('%.6f', number) end
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
if tonumber(ARGV[1]) > 0 and now > tonumber(ARGV[1]) then return {'late', text(now)} end
"""
_BEAT = (
    PREAMBLE
    + """
local name, back, missed_for, reunion = ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
redis.call('HSETNX', KEYS[2], 'since', text(now))
local told = redis.call('HMGET', KEYS[2], 'expected', 'expected_until')
local expected = 0
if told[1] and now < tonumber(told[2]) then expected = tonumber(told[1]) end
if back > 0 then
  expected = math.max(expected, back)
  redis.call('HSET', KEYS[2], 'expected', expected, 'expected_until', text(now + reunion))
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now - missed_for))
redis.call('ZADD', KEYS[1], text(now), name)
return {'ok', text(now), tostring(math.max(redis.call('ZCARD', KEYS[1]), expected))}
"""
)


class Degraded(Protocol):
    """Something that went on without Redis, and has to tell it what it did."""

    async def replay_local_starts(self) -> bool:
        """Tell Redis; says whether that succeeded, and may be done again."""
        ...


class Replicas:
    """This replica among those that share one Redis under one `prefix`.

    `keep_in_touch` runs as a task for as long as the replica lives. Not for several threads.
    """

    def __init__(  # noqa: PLR0913 - what a test replaces
        self,
        redis: Redis,
        prefix: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        beat_s: float = BEAT_S,
        grace_s: float = GRACE_S,
    ) -> None:
        # In braces: all keys of the quota go to one slot where Redis is a cluster.
        self.prefix, self.grace_s = f"{{{prefix}}}", grace_s
        self.keys = (f"{self.prefix}:replicas", f"{self.prefix}:about")
        self.name = uuid.uuid4().hex
        self.seen = _ASSUMED_REPLICAS
        self.is_alone = False
        self.is_returning = False
        self.alone_since = -math.inf
        self.redis, self._clock, self._sleep = redis, clock, sleep
        self._beat_s = beat_s
        self._beat_script = redis.register_script(_BEAT)
        self._contact = clock()
        self._ahead_s: float | None = None  # of Redis's clock before ours
        self._away: dict[Degraded, None] = {}

    def enter_degraded(self, away: Degraded) -> None:
        """Ask for `away.hand_over` before this replica is back among the others."""
        self._away[away] = None

    async def ask(self, script: Any, keys: Sequence[str], args: Sequence[Any]) -> list[Any] | None:
        """Run a script that opens with `PREAMBLE`; gives its answer from the third item on.

        None where Redis did not answer in time, or with an error: a Redis that is down, hung, full
        or holds something else under these keys.
        """
        until = 0.0
        if self._ahead_s is not None:
            until = self._clock() + self._ahead_s + _OPERATION_TIMEOUT_S
        answer = await _in_time(script(keys=keys, args=[f"{until:.6f}", *args]))
        if answer is None:
            return None
        self._ahead_s = float(answer[1]) - self._clock()
        return None if answer[0] in {"late", b"late"} else list(answer[2:])

    async def heartbeat_loop(self) -> None:
        """Tell Redis again and again that this replica is there; ends when it is cancelled."""
        while True:
            await self.heartbeat()
            await self._sleep(self._beat_s)

    async def heartbeat(self) -> None:
        """Tell Redis once; goes alone or comes back as it answers."""
        if not self.is_alone:
            await self._greet(returning=False)
            if self._clock() - self._contact >= self.grace_s:
                self.is_alone, self.alone_since = True, self._clock()
                log.warning("quota_redis_unavailable", replicas=self.seen)
        elif await _in_time(self.redis.ping()):
            # Nothing is started from here on until all of it has been told.
            self.is_returning = True
            try:
                await self._come_back()
            finally:
                self.is_returning = False

    async def leave(self) -> None:
        """Release this replica's share to the others; for an orderly end."""
        await _in_time(self.redis.zrem(self.keys[0], self.name))

    async def _come_back(self) -> None:
        for away in list(self._away):
            if not await away.replay_local_starts():
                return
        if await self._greet(returning=True):
            self._away.clear()
            self.is_alone = False
            log.info("quota_redis_available", replicas=self.seen)

    async def _greet(self, *, returning: bool) -> bool:
        back = self.seen if returning else 0
        answer = await self.ask(
            self._beat_script, self.keys, [self.name, back, _MISSED_FOR_S, _REUNION_S]
        )
        if answer is None:
            return False
        self._contact, self.seen = self._clock(), max(1, int(float(answer[0])))
        return True


async def _in_time(operation: Awaitable[Any]) -> Any:
    """Return what Redis answers, or None where it does not, or too late, or with an error."""
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    answer = None
    with suppress(RedisError, OSError, TimeoutError):
        async with asyncio.timeout(_OPERATION_TIMEOUT_S):
            answer = await operation
    # redis-py 8.1 with its default socket timeouts swallows a cancellation now and then, and goes
    # on: a call would outlive its deadline, and `keep_in_touch` the gateway.
    if task and task.cancelling() > before:
        raise asyncio.CancelledError
    return answer
