"""The count of what callers ask, in Redis; the rule is `rate_limit.py`'s, as a script."""

import asyncio
import time
from collections.abc import Callable

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.cache.circuit import Circuit
from gateway.edge.rate_limit import WINDOW_S, LocalRateLimit

_OPERATION_TIMEOUT_S = 0.1
_PROBE_EVERY_S = 1.0
_MOST_AT_ONCE = 20
_KEEP_S = int(2 * WINDOW_S)

# Counts `added` where `number` may be taken; 0 always may.
_COUNT = """
local number, limit, window_s = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local added, pending = tonumber(ARGV[5]), tonumber(ARGV[6])
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
current = current + pending
if number == 0 or previous * (1 - passed) + current + number <= limit then
  if added ~= 0 then
    current = math.max(current + added, 0)
    redis.call('HSET', KEYS[1], 'window', window, 'current', current, 'previous', previous)
    redis.call('EXPIRE', KEYS[1], ARGV[4])
  end
  return '0'
end
local at
if current + number <= limit then at = 1 - (limit - current - number) / previous
else at = 2 - (limit - number) / current end
return string.format('%.6f', math.max(at - passed, 0.001) * window_s)
"""


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
        self._prefix, self.limit = prefix, limit
        self._local = LocalRateLimit(limit, clock=clock)
        self._script = redis.register_script(_COUNT)
        self._circuit = Circuit("rate_limit", _PROBE_EVERY_S, clock)
        self._turns = asyncio.Semaphore(_MOST_AT_ONCE)  # redis-py's own waiting is not in order

    async def take(self, caller: str, number: int) -> float:
        """Count as the protocol says."""
        number = min(number, self.limit)
        wait_s = await self._count(caller, number, number)
        return await self._local.take(caller, number) if wait_s is None else wait_s

    async def wait_s(self, caller: str, number: int, pending: int = 0) -> float:
        """Tell as the protocol says."""
        wait_s = await self._count(caller, min(number, self.limit), 0, pending)
        return await self._local.wait_s(caller, number, pending) if wait_s is None else wait_s

    async def add(self, caller: str, number: int) -> None:
        """Count as the protocol says."""
        if await self._count(caller, 0, number) is None:
            await self._local.add(caller, number)

    async def _count(self, caller: str, number: int, added: int, pending: int = 0) -> float | None:
        """Ask Redis; None where it does not answer in time."""
        if not self._circuit.allows():
            return None
        arguments = [number, self.limit, WINDOW_S, _KEEP_S, added, pending]
        try:
            async with asyncio.timeout(_OPERATION_TIMEOUT_S), self._turns:
                answer = await self._script(keys=[f"{self._prefix}:{caller}"], args=arguments)
        except (RedisError, OSError, TimeoutError) as error:
            self._circuit.failed(type(error).__name__)
            return None
        self._circuit.succeeded()
        return float(answer)
