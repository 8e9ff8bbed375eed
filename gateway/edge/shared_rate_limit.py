"""Rate limits counted in Redis, for all replicas. Importing this module loads Redis' client."""

import asyncio
import time
from collections.abc import Callable

from gateway.cache.circuit import Circuit
from gateway.cache.redis_connections import RedisClient
from gateway.cache.redis_scripts import CLOCK, FAILURES, in_time
from gateway.cache.redis_use import RedisUse
from gateway.edge.rate_limit import WINDOW_S, LocalRateLimit, RateLimit, wait_time_s

_TIMEOUT_S = 0.1
_PROBE_EVERY_S = 1.0
_MAX_CONCURRENT = 20
_NOBODY = "check"
_EXPIRE_S = int(2 * WINDOW_S)

# Counts as `LocalRateLimit.count` does, and returns what the time to wait is calculated from.
_COUNT = (
    CLOCK
    + """
local number, limit, window_s = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local added, pending = tonumber(ARGV[5]), tonumber(ARGV[6])
local window = math.floor(now / window_s)
local passed = now / window_s - window
local stored = redis.call('HMGET', KEYS[1], 'window', 'current', 'previous')
local current, previous = 0, 0
if stored[1] then
  local age = window - tonumber(stored[1])
  if age == 0 then current, previous = tonumber(stored[2]), tonumber(stored[3]) end
  if age == 1 then previous = tonumber(stored[2]) end
end
local allowed = number == 0 or previous * (1 - passed) + current + pending + number <= limit
if allowed and added ~= 0 then
  redis.call('HSET', KEYS[1], 'window', window, 'current', math.max(current + added, 0),
             'previous', previous)
  redis.call('EXPIRE', KEYS[1], ARGV[4])
end
return {allowed and 1 or 0, current, previous, text(passed)}
"""
)


class SharedRateLimit(RateLimit):
    """Counts in Redis, and in this process alone while Redis does not respond in time."""

    def __init__(  # noqa: PLR0913 - what a test replaces
        self,
        redis: RedisClient,
        prefix: str,
        limit: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        use: RedisUse | None = None,
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        super().__init__(limit)
        use = use or RedisUse("rate_limit", clock)
        self._prefix, self._timeout_s = prefix, timeout_s
        self._local = LocalRateLimit(limit, clock=clock)
        self._script = redis.register_script(_COUNT)
        self._circuit = Circuit(use, "count", _PROBE_EVERY_S, clock)
        self._slots = asyncio.Semaphore(_MAX_CONCURRENT)  # redis-py's own pool is not fair

    async def count(self, caller: str, number: int, *, added: int = 0, pending: int = 0) -> float:
        """Count in Redis."""
        if self._circuit.allows():
            try:
                result = await in_time(self._run(caller, number, added, pending), self._timeout_s)
            except FAILURES as error:
                self._circuit.failed(error)
            else:
                self._circuit.succeeded()
                return result
        return await self._local.count(caller, number, added=added, pending=pending)

    async def check(self) -> None:
        """Count nothing for a caller that does not exist, so that an outage shows."""
        await self.add(_NOBODY, -1)

    async def _run(self, caller: str, number: int, added: int, pending: int) -> float:
        arguments = [number, self.limit, WINDOW_S, _EXPIRE_S, added, pending]
        async with self._slots:
            allowed, current, previous, passed = await self._script(
                keys=[f"{self._prefix}:{caller}"], args=arguments
            )
        if allowed:
            return 0.0
        # The rounding of `passed` must not turn a refusal into no wait.
        return max(
            wait_time_s(self.limit, number, current + pending, previous, float(passed)), 0.001
        )
