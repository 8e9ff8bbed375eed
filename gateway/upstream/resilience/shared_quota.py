"""One quota for all replicas: Redis applies it, and without Redis each replica has its share.

A script applies the rule of `pacer.Pacer` by Redis's own clock; `Replicas` counts the replicas, and
detects whether this one still reaches Redis. While Redis is unreachable, calls wait for `grace_s`,
polling it. Then the replica is degraded to its share (`Pacer.share_of`); once Redis is back, it
reports to Redis the calls that it started meanwhile.

A Redis without memory (new, restarted, flushed) does not know the starts of the last minute: it
allows no burst until it has seen a minute itself.
"""

import asyncio
import math
import time
from typing import Any

from gateway.upstream.resilience.pacer import WINDOW_S, Pacer, burst_of, period_s, slack_s
from gateway.upstream.resilience.quota import Clock, LocalRateLimiter, Quota, Sleep
from gateway.upstream.resilience.replicas import PREAMBLE, Replicas

_POLL_S = 0.1
_ACQUIRE = -1
_KEEP_S = 600  # longer than any period, and any pause

_SLOT = (
    PREAMBLE
    + """
local calls, window = tonumber(ARGV[2]), tonumber(ARGV[3])
local period, slack = tonumber(ARGV[4]), tonumber(ARGV[5])
local burst, even, ahead = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local grace, keep = tonumber(ARGV[9]), ARGV[10]
local acquiring = ahead < 0
if acquiring then ahead = 0 end
local replicas, about, state, starts, bursts = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

-- Replicas that are missing may be using their share.
local present = redis.call('ZCOUNT', replicas, text(now - grace), '+inf')
local known = redis.call('ZCARD', replicas)
local stored = redis.call('HMGET', about, 'since', 'expected', 'expected_until')
if stored[2] and now < tonumber(stored[3]) then known = math.max(known, tonumber(stored[2])) end
local share = math.max(present, 1) / math.max(known, 1)
if share < 1 then
  burst, even = math.floor(burst * share + 0.001), math.floor(even * share + 0.001)
end
if not stored[1] or now < tonumber(stored[1]) + period then burst = 0 end

redis.call('ZREMRANGEBYSCORE', starts, '-inf', text(now - period))
redis.call('ZREMRANGEBYSCORE', bursts, '-inf', text(now - period))
local started, spent = redis.call('ZCARD', starts), redis.call('ZCARD', bursts)
local last = redis.call('HMGET', state, 'last_even', 'paused_until')
local interval = even > 0 and period / even or math.huge
local even_at = now - slack
if last[1] then even_at = math.max(tonumber(last[1]) + interval, even_at) end
if even == 0 then even_at = math.huge end
local free = math.max(burst - spent, 0)

local earliest = now
if last[2] then earliest = math.max(earliest, tonumber(last[2])) end
if started >= calls then
  local oldest = redis.call('ZRANGE', starts, 0, 0, 'WITHSCORES')
  earliest = math.max(earliest, tonumber(oldest[2]) + period)
end

if acquiring and earliest <= now and (even_at <= now or free > 0) then
  local id = text(now) .. ':' .. redis.call('HINCRBY', state, 'count', 1)
  if even_at <= now then
    redis.call('HSET', state, 'last_even', text(even_at))
  else
    redis.call('ZADD', bursts, text(now), id)
    redis.call('EXPIRE', bursts, keep)
  end
  redis.call('ZADD', starts, text(now), id)
  redis.call('EXPIRE', starts, keep)
  redis.call('EXPIRE', state, keep)
  return {'ok', text(now), '0', tostring(calls - started - 1)}
end

local at, slots, back, waits = now, ahead + 1 - free, {}, {}
for _ = 1, math.min(free, ahead + 1) do waits[#waits + 1] = text(earliest - now) end
local skip = math.max(spent - burst, 0)
if slots > 0 and burst > 0 then
  back = redis.call('ZRANGE', bursts, skip, skip + slots - 1, 'WITHSCORES')
end
local next_back = 2
for _ = 1, slots do
  local back_at = back[next_back] and tonumber(back[next_back]) + period or math.huge
  at = math.min(even_at, back_at)
  if at == math.huge then break end
  waits[#waits + 1] = text(math.max(at, earliest) - now)
  if even_at <= back_at then even_at = even_at + interval else next_back = next_back + 2 end
end
local wait = math.max(at, earliest) - now
if wait == math.huge then wait = window end
-- 0 would mean that the call has started.
if acquiring then wait = math.max(wait, 0.001) end
return {'ok', text(now), text(wait), tostring(math.max(calls - started, 0)), waits}
"""
)
_PAUSE = (
    PREAMBLE
    + """
local paused = redis.call('HGET', KEYS[1], 'paused_until')
local until_ = math.max(paused and tonumber(paused) or 0, now + tonumber(ARGV[2]))
redis.call('HSET', KEYS[1], 'paused_until', text(until_))
redis.call('EXPIRE', KEYS[1], ARGV[3])
return {'ok', text(now)}
"""
)
_REPLAY = (
    PREAMBLE
    + """
local state, starts, bursts = KEYS[1], KEYS[2], KEYS[3]
for i = 3, #ARGV, 3 do
  local at = text(now - tonumber(ARGV[i + 1]))
  redis.call('ZADD', starts, at, ARGV[i])
  if ARGV[i + 2] == '1' then redis.call('ZADD', bursts, at, ARGV[i]) end
end
redis.call('HSET', state, 'last_even', text(now))
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[2]) end
return {'ok', text(now)}
"""
)


class SharedRateLimiter:
    """The rate limiter of one identity over all replicas; `key` is a hash, for Redis's keys."""

    def __init__(
        self,
        replicas: Replicas,
        key: str,
        calls_per_minute: int,
        *,
        clock: Clock = time.monotonic,
        window_s: float = WINDOW_S,
    ) -> None:
        self._replicas, self._clock = replicas, clock
        self._calls, self._window_s = calls_per_minute, window_s
        own = f"{replicas.prefix}:{key}"
        self._keys = (f"{own}:state", f"{own}:starts", f"{own}:bursts")
        script = replicas.redis.register_script
        self._slot_script, self._pause_script = script(_SLOT), script(_PAUSE)
        self._replay_script = script(_REPLAY)
        burst = burst_of(calls_per_minute)
        self._rule = (
            *(calls_per_minute, window_s, period_s(window_s), slack_s(window_s)),
            *(burst, calls_per_minute - burst),
        )
        self._paused_until = -math.inf
        self._remaining: int | None = None
        self._degraded_since = -math.inf
        self._share: Pacer | None = None

    def try_acquire(self) -> bool:
        """Return False: only Redis knows whether a call may start."""
        return False

    async def acquire_or_wait_s(self) -> float:
        """Start a call if that is allowed now, and return 0; otherwise the seconds to wait."""
        if (pause_s := self._paused_until - self._clock()) > 0:
            return pause_s
        if not self._replicas.is_degraded:
            result = await self._run(_ACQUIRE)
            return _POLL_S if result is None else float(result[0])
        if self._replicas.is_recovering:
            return _POLL_S
        wait_s = await LocalRateLimiter(self._own_share(), self._clock).acquire_or_wait_s()
        if not wait_s:
            self._replicas.enter_degraded(self)
        return wait_s

    async def estimate_waits_s(self, number: int) -> list[float]:
        """Return lower bounds of the waits of the next `number` calls in order, in seconds."""
        pause_s = max(0.0, self._paused_until - self._clock())
        if self._replicas.is_degraded:
            waits = self._own_share().waits_s(self._clock(), number)
        else:
            # The head of the queue may have started in Redis, without the reply having arrived.
            waits = [0.0]
            if number > 1:
                result = await self._run(number - 2)
                known = [] if result is None else [float(wait_s) for wait_s in result[2]]
                rest_s = 0.0 if result is None else float(result[0])
                waits += known + [rest_s] * (number - 1 - len(known))
        return [max(pause_s, wait_s) for wait_s in waits]

    async def pause(self, pause_s: float) -> None:
        """Start no call for `pause_s` seconds, on any replica that reaches Redis."""
        self._paused_until = max(self._paused_until, self._clock() + pause_s)
        if not self._replicas.is_degraded:
            await self._replicas.run_script(self._pause_script, self._keys[:1], [pause_s, _KEEP_S])

    def remaining(self) -> int | None:
        """Return how many calls of the minute remained at Redis's last result, or of the share.

        None before Redis's first result.
        """
        if self._replicas.is_degraded:
            return self._own_share().remaining(self._clock())
        return self._remaining

    async def replay_local_starts(self) -> bool:
        """Report to Redis the calls started without it; return whether it has recorded them."""
        now = self._clock()
        starts: list[str | int] = []
        for start in self._own_share().recent(now):
            name = f"{self._replicas.id}:{start.at:.6f}:{start.number}"
            starts += (name, f"{now - start.at:.6f}", int(start.from_burst))
        result = await self._replicas.run_script(
            self._replay_script, self._keys, [_KEEP_S, *starts]
        )
        return result is not None

    async def _run(self, ahead: int) -> list[Any] | None:
        """Run the script for a call with `ahead` others before it, or to acquire a slot."""
        result = await self._replicas.run_script(
            self._slot_script,
            (*self._replicas.keys, *self._keys),
            [*self._rule, ahead, self._replicas.grace_s, _KEEP_S],
        )
        if result is not None:
            self._remaining = int(result[1])
        return result

    def _own_share(self) -> Pacer:
        """Return the pacer of this degraded period, a new one for each period."""
        since = self._replicas.degraded_since
        if self._share is None or self._degraded_since != since:
            self._degraded_since = since
            self._share = Pacer.share_of(self._calls, self._replicas.count, since, self._window_s)
        return self._share


def shared_quota(
    replicas: Replicas,
    key: str,
    calls_per_minute: int,
    *,
    clock: Clock = time.monotonic,
    sleep: Sleep = asyncio.sleep,
) -> Quota:
    """Create the quota that all replicas on one Redis share for the identity with this hash."""
    limiter = SharedRateLimiter(replicas, key, calls_per_minute, clock=clock)
    return Quota(limiter, clock=clock, sleep=sleep)
