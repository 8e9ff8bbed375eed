"""How much one caller may ask in a minute: a count that slides, here or in Redis.

Of the minute before, what is left of it counts in proportion: two numbers a caller, and no moment
at which all is forgotten. A caller who asked everything at the end of one minute may ask up to a
half more within 60 s than the limit says; over longer times nobody does.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.cache.circuit import Circuit

WINDOW_S = 60.0
_MOST_CALLERS = 20_000
_OPERATION_TIMEOUT_S = 0.1
_PROBE_EVERY_S = 1.0
_MOST_AT_ONCE = 20
_KEEP_S = int(2 * WINDOW_S)

_TAKE = """
local number, limit, window_s = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local window = math.floor(now / window_s)
local passed = now / window_s - window
local kept = redis.call('HMGET', KEYS[1], 'window', 'current', 'previous')
local current, previous = 0, 0
if kept[1] then
  local age = window - tonumber(kept[1])
  if age == 0 then current, previous = tonumber(kept[2]), tonumber(kept[3]) end
  if age == 1 then previous = tonumber(kept[2]) end
end
if previous * (1 - passed) + current + number <= limit then
  redis.call('HSET', KEYS[1], 'window', window, 'current', current + number, 'previous', previous)
  redis.call('EXPIRE', KEYS[1], ARGV[4])
  return '0'
end
local at
if current + number <= limit then at = 1 - (limit - current - number) / previous
else at = 2 - (limit - number) / current end
return string.format('%.6f', math.max(at - passed, 0.001) * window_s)
"""


class RateLimit(Protocol):
    """Counts what callers ask."""

    async def take(self, caller: str, number: int) -> float:
        """Count `number` operations of a caller and give 0, or count none and give the wait in s.

        `caller` is a key that tells nothing of anybody.
        """
        ...


class _Counted(NamedTuple):
    window: int
    current: int
    previous: int


class LocalRateLimit:
    """Counts in this process, for the callers who asked last; `clock` gives seconds."""

    def __init__(self, limit: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._clock = limit, clock
        self._callers: OrderedDict[str, _Counted] = OrderedDict()

    async def take(self, caller: str, number: int) -> float:
        """Count as the protocol says."""
        number = min(number, self._limit)
        windows = self._clock() / WINDOW_S
        window = int(windows)
        passed = windows - window
        kept = self._callers.get(caller, _Counted(window, 0, 0))
        age = window - kept.window
        current = kept.current if age == 0 else 0
        previous = {0: kept.previous, 1: kept.current}.get(age, 0)
        if previous * (1 - passed) + current + number <= self._limit:
            self._callers[caller] = _Counted(window, current + number, previous)
            self._callers.move_to_end(caller)
            if len(self._callers) > _MOST_CALLERS:
                self._callers.popitem(last=False)
            return 0.0
        if current + number <= self._limit:
            at = 1 - (self._limit - current - number) / previous
        else:
            at = 2 - (self._limit - number) / current
        return max(at - passed, 0.001) * WINDOW_S


class SharedRateLimit:
    """Counts in Redis for all replicas; each for itself while Redis does not answer in time."""

    def __init__(
        self,
        redis: Redis,
        prefix: str,
        limit: int,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._prefix, self._limit = prefix, limit
        self._local = LocalRateLimit(limit, clock=clock)
        self._script = redis.register_script(_TAKE)
        self._circuit = Circuit("rate_limit", _PROBE_EVERY_S, clock)
        self._turns = asyncio.Semaphore(_MOST_AT_ONCE)  # redis-py's own waiting is not in order

    async def take(self, caller: str, number: int) -> float:
        """Count as the protocol says."""
        if not self._circuit.allows():
            return await self._local.take(caller, number)
        arguments = [min(number, self._limit), self._limit, WINDOW_S, _KEEP_S]
        try:
            async with asyncio.timeout(_OPERATION_TIMEOUT_S), self._turns:
                answer = await self._script(keys=[f"{self._prefix}:{caller}"], args=arguments)
        except (RedisError, OSError, TimeoutError) as error:
            self._circuit.failed(type(error).__name__)
            return await self._local.take(caller, number)
        self._circuit.succeeded()
        return float(answer)
