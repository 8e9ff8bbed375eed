"""One quota for all replicas: Redis knows the pace, and each replica its share without Redis.

The rule is `pacing.Pacer`'s, as a script over Redis's own clock; `Replicas` says how many share it
and whether this one still reaches Redis. Within `grace_s` a silent Redis is asked again, and calls
wait for it; after that a replica goes on with its share of the pace (`Pacer.share_of`), and when
Redis is back, tells it first what was started meanwhile.

A Redis without memory (new, restarted, flushed) does not know what was started in the last minute:
it gives no burst until it has seen a minute itself.
"""

import asyncio
import math
import time
from typing import Any

from gateway.upstream.resilience.pacer import WINDOW_S, Pacer, burst_of, period_s, slack_s
from gateway.upstream.resilience.quota import Clock, LocalRateLimiter, Quota, Sleep
from gateway.upstream.resilience.replicas import PREAMBLE, Replicas

_ASK_AGAIN_S = 0.1
_TAKE = -1
_KEEP_S = 600  # longer than any period, and any pause

_TURN = (
    PREAMBLE
    + """
local calls, window = tonumber(ARGV[2]), tonumber(ARGV[3])
local period, slack = tonumber(ARGV[4]), tonumber(ARGV[5])
local burst, even, ahead = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local grace, keep = tonumber(ARGV[9]), ARGV[10]
local taking = ahead < 0
if taking then ahead = 0 end
local replicas, about, state, starts, bursts = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

-- Those who are missing may be using their share.
local present = redis.call('ZCOUNT', replicas, text(now - grace), '+inf')
local known = redis.call('ZCARD', replicas)
local told = redis.call('HMGET', about, 'since', 'expected', 'expected_until')
if told[2] and now < tonumber(told[3]) then known = math.max(known, tonumber(told[2])) end
local share = math.max(present, 1) / math.max(known, 1)
if share < 1 then
  burst, even = math.floor(burst * share + 0.001), math.floor(even * share + 0.001)
end
if not told[1] or now < tonumber(told[1]) + period then burst = 0 end

redis.call('ZREMRANGEBYSCORE', starts, '-inf', text(now - period))
redis.call('ZREMRANGEBYSCORE', bursts, '-inf', text(now - period))
local started, spent = redis.call('ZCARD', starts), redis.call('ZCARD', bursts)
local kept = redis.call('HMGET', state, 'last_even', 'paused_until')
local interval = even > 0 and period / even or math.huge
local even_at = now - slack
if kept[1] then even_at = math.max(tonumber(kept[1]) + interval, even_at) end
if even == 0 then even_at = math.huge end
local free = math.max(burst - spent, 0)

local earliest = now
if kept[2] then earliest = math.max(earliest, tonumber(kept[2])) end
if started >= calls then
  local oldest = redis.call('ZRANGE', starts, 0, 0, 'WITHSCORES')
  earliest = math.max(earliest, tonumber(oldest[2]) + period)
end

if taking and earliest <= now and (even_at <= now or free > 0) then
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

local at, turns, back, waits = now, ahead + 1 - free, {}, {}
for _ = 1, math.min(free, ahead + 1) do waits[#waits + 1] = text(earliest - now) end
local skip = math.max(spent - burst, 0)
if turns > 0 and burst > 0 then
  back = redis.call('ZRANGE', bursts, skip, skip + turns - 1, 'WITHSCORES')
end
local next_back = 2
for _ = 1, turns do
  local back_at = back[next_back] and tonumber(back[next_back]) + period or math.huge
  at = math.min(even_at, back_at)
  if at == math.huge then break end
  waits[#waits + 1] = text(math.max(at, earliest) - now)
  if even_at <= back_at then even_at = even_at + interval else next_back = next_back + 2 end
end
local wait = math.max(at, earliest) - now
if wait == math.huge then wait = window end
-- 0 would say that it has started.
if taking then wait = math.max(wait, 0.001) end
return {'ok', text(now), text(wait), tostring(math.max(calls - started, 0)), waits}
"""
)
_PAUSE = (
    PREAMBLE
    + """
local kept = redis.call('HGET', KEYS[1], 'paused_until')
local until_ = math.max(kept and tonumber(kept) or 0, now + tonumber(ARGV[2]))
redis.call('HSET', KEYS[1], 'paused_until', text(until_))
redis.call('EXPIRE', KEYS[1], ARGV[3])
return {'ok', text(now)}
"""
)
_HAND_OVER = (
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
    """The turns of one identity over all replicas; `key` is a hash, and stands in Redis."""

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
        self._turn_script, self._pause_script = script(_TURN), script(_PAUSE)
        self._hand_over_script = script(_HAND_OVER)
        burst = burst_of(calls_per_minute)
        self._rule = (
            *(calls_per_minute, window_s, period_s(window_s), slack_s(window_s)),
            *(burst, calls_per_minute - burst),
        )
        self._paused_until = -math.inf
        self._left: int | None = None
        self._alone_since = -math.inf
        self._share: Pacer | None = None

    def try_acquire(self) -> bool:
        """Start none: Redis has to be asked."""
        return False

    async def acquire_or_wait_s(self) -> float:
        """Start a call where one may start now, and give 0; otherwise the seconds to wait."""
        if (pause_s := self._paused_until - self._clock()) > 0:
            return pause_s
        if not self._replicas.is_alone:
            answer = await self._ask(_TAKE)
            return _ASK_AGAIN_S if answer is None else float(answer[0])
        if self._replicas.is_returning:
            return _ASK_AGAIN_S
        wait_s = await LocalRateLimiter(self._own_share(), self._clock).acquire_or_wait_s()
        if not wait_s:
            self._replicas.enter_degraded(self)
        return wait_s

    async def estimate_waits_s(self, number: int) -> list[float]:
        """Return at least how long the next so many calls have to wait, each after the others."""
        pause_s = max(0.0, self._paused_until - self._clock())
        if self._replicas.is_alone:
            waits = self._own_share().waits_s(self._clock(), number)
        elif number == 1:
            waits = [0.0]
        else:
            # The first in the line may have started, and not have heard of it yet.
            waits = [0.0, *await self._ask_waits(number - 1)]
        return [max(pause_s, wait_s) for wait_s in waits]

    async def pause(self, pause_s: float) -> None:
        """Start no call for so many seconds, on any replica that reaches Redis."""
        self._paused_until = max(self._paused_until, self._clock() + pause_s)
        if not self._replicas.is_alone:
            await self._replicas.ask(self._pause_script, self._keys[:1], [pause_s, _KEEP_S])

    def left(self) -> int | None:
        """Return how many of the minute's calls were left when Redis last said so, or of the share.

        None as long as Redis has not said anything.
        """
        if self._replicas.is_alone:
            return self._own_share().left(self._clock())
        return self._left

    async def replay_local_starts(self) -> bool:
        """Tell Redis what was started without it; says whether it knows now."""
        now = self._clock()
        told: list[str | int] = []
        for start in self._own_share().recent(now):
            name = f"{self._replicas.name}:{start.at:.6f}:{start.number}"
            told += (name, f"{now - start.at:.6f}", int(start.from_burst))
        return (
            await self._replicas.ask(self._hand_over_script, self._keys, [_KEEP_S, *told])
            is not None
        )

    async def _ask_waits(self, number: int) -> list[float]:
        answer = await self._ask(number - 1)
        if answer is None:
            return [0.0] * number
        waits = [float(wait_s) for wait_s in answer[2]]
        return waits + [float(answer[0])] * (number - len(waits))

    async def _ask(self, ahead: int) -> list[Any] | None:
        answer = await self._replicas.ask(
            self._turn_script,
            (*self._replicas.keys, *self._keys),
            [*self._rule, ahead, self._replicas.grace_s, _KEEP_S],
        )
        if answer is not None:
            self._left = int(answer[1])
        return answer

    def _own_share(self) -> Pacer:
        """Return the share of this time without Redis; each such time begins anew."""
        since = self._replicas.alone_since
        if self._share is None or self._alone_since != since:
            self._alone_since = since
            self._share = Pacer.share_of(self._calls, self._replicas.seen, since, self._window_s)
        return self._share


def shared_quota(
    replicas: Replicas,
    key: str,
    calls_per_minute: int,
    *,
    clock: Clock = time.monotonic,
    sleep: Sleep = asyncio.sleep,
) -> Quota:
    """Make the quota that all replicas on one Redis share for the identity whose hash `key` is."""
    turns = SharedRateLimiter(replicas, key, calls_per_minute, clock=clock)
    return Quota(turns, clock=clock, sleep=sleep)
