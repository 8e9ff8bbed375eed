"""Quota of calls per minute: calls queue for their start, fairly between the callers."""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Protocol

from gateway.cache.coalescing import when_joined
from gateway.context import TIMER_TOLERANCE_S, RequestContext
from gateway.errors import UpstreamRateLimitedError
from gateway.fairness import FairQueue, is_background
from gateway.upstream.resilience.pacer import WINDOW_S, Pacer

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]

# The resolution of the clocks: shorter waits, left by rounding, would poll in a busy loop.
_MIN_WAIT_S = 0.001
_MAX_SAMPLED = 100
_JUST_NOW_S = 1.0


class RateLimiter(Protocol):
    """Decides when the next call may start: by memory here, by Redis in `shared_quota.py`."""

    def try_acquire(self) -> bool:
        """Start a call if that is certain to be allowed without any I/O; return whether."""
        ...

    async def acquire_or_wait_s(self) -> float:
        """Start a call if that is allowed now, and return 0; otherwise the seconds to wait."""
        ...

    async def estimate_waits_s(self, number: int) -> list[float]:
        """Return lower bounds of the waits of the next `number` calls in order, in seconds."""
        ...

    async def pause(self, pause_s: float) -> None:
        """Start no call for `pause_s` seconds."""
        ...

    def remaining(self) -> int | None:
        """Return how many calls of the minute remain; None where that is not limited."""
        ...


class LocalRateLimiter:
    """The rate limiter of a process that shares its quota with no other."""

    def __init__(self, pacer: Pacer | None, clock: Clock) -> None:
        self._pacer, self._clock = pacer, clock
        self._paused_until = -math.inf

    def try_acquire(self) -> bool:
        """Start a call if that is allowed now; return whether."""
        now = self._clock()
        return now >= self._paused_until and (self._pacer is None or self._pacer.try_acquire(now))

    async def acquire_or_wait_s(self) -> float:
        """Start a call if that is allowed now, and return 0; otherwise the seconds to wait."""
        if self.try_acquire():
            return 0.0
        return max((await self.estimate_waits_s(1))[0], _MIN_WAIT_S)

    async def estimate_waits_s(self, number: int) -> list[float]:
        """Return lower bounds of the waits of the next `number` calls in order, in seconds."""
        now = self._clock()
        # A pause does not shift the pacer's times: a call waits for the later of both.
        pause_s = self._paused_until - now
        waits = self._pacer.waits_s(now, number) if self._pacer else [0.0] * number
        return [max(wait_s, pause_s) for wait_s in waits]

    async def pause(self, pause_s: float) -> None:
        """Start no call for `pause_s` seconds."""
        self._paused_until = max(self._paused_until, self._clock() + pause_s)

    def remaining(self) -> int | None:
        """Return how many calls of the minute remain; None where that is not limited."""
        return None if self._pacer is None else self._pacer.remaining(self._clock())


class _QuotaWaiter:
    __slots__ = ("caller", "deadline", "turn")

    def __init__(self, caller: str, deadline: float) -> None:
        self.caller, self.deadline = caller, deadline
        # Set to None when this waiter becomes the head, and to a number when it is refused: the
        # seconds after which to try again. A waiter that is the head at once needs none.
        self.turn: asyncio.Future[float | None] | None = None


@dataclass(slots=True)
class QuotaStatistics:
    """Counts of all identities since the start; each only grows.

    `waits` are calls that could not start at once, `refusals` those that could not start before
    their deadline (a call that waited before counts as both; one of the background as neither),
    `rate_limited` responses with 429.
    """

    waits: int = 0
    refusals: int = 0
    rate_limited: int = 0


class Quota:
    """The queue of calls under one upstream identity.

    Only its head polls the limiter; behind the head the callers take turns. A waiter that leaves
    counts no call. `clock` is the event loop's, as that of deadlines, in monotonic seconds.
    """

    def __init__(self, limiter: RateLimiter, *, clock: Clock, sleep: Sleep) -> None:
        self._limiter, self._clock, self._sleep = limiter, clock, sleep
        self._head: _QuotaWaiter | None = None
        self._queue: FairQueue[_QuotaWaiter] = FairQueue()  # behind the head
        self._review: asyncio.Task[None] | None = None
        self._needs_review = False
        self._paused_until = -math.inf
        self._latest_wait_s = 0.0
        self._latest_refusal = -math.inf
        self.statistics = QuotaStatistics()
        self.remaining = limiter.remaining

    @property
    def has_waiters(self) -> bool:
        """Whether any call waits."""
        return self._head is not None

    @property
    def holds_back(self) -> bool:
        """Whether a call waits for its start, or has just been refused one."""
        return self._head is not None or self._clock() - self._latest_refusal < _JUST_NOW_S

    def try_acquire(self) -> bool:
        """Start a call if none waits and it may certainly start now; return whether."""
        return self._head is None and self._limiter.try_acquire()

    async def acquire(self, endpoint: str, deadline: float, caller: str = "") -> None:
        """Wait until a call may start; retries and token calls count, too.

        A background call does not wait. Raise UpstreamRateLimitedError, with the seconds until it
        could start, as soon as it is known that this is after `deadline` (seconds of the clock),
        also where other callers' calls have pushed it back meanwhile.
        """
        if self.try_acquire():
            return
        may_wait = not is_background(caller)
        if not may_wait and self._head is not None:
            raise _refusal(endpoint, _MIN_WAIT_S)
        waiter = _QuotaWaiter(caller, deadline if may_wait else -math.inf)
        try:
            await self._wait(endpoint, waiter)
        except UpstreamRateLimitedError:
            if may_wait:
                self._count_refusal()
            raise
        except asyncio.CancelledError:
            if self._clock() >= waiter.deadline - TIMER_TOLERANCE_S:
                self._count_refusal()
            raise
        finally:
            self._leave(waiter)

    def _count_refusal(self) -> None:
        self.statistics.refusals += 1
        self._latest_refusal = self._clock()

    def late_error(self, endpoint: str) -> UpstreamRateLimitedError:
        """Return the error of a call that was cancelled at its deadline while it waited."""
        return _refusal(endpoint, self._latest_wait_s)

    async def pause(self, pause_s: float) -> bool:
        """Start no call for `pause_s` seconds, as a 429 asks; refuse who cannot wait so long.

        The head notices when its wait ends. Return whether no pause of this process was running:
        the calls in flight get a 429 each.
        """
        self.statistics.rate_limited += 1
        now = self._clock()
        is_new = now >= self._paused_until
        self._paused_until = max(self._paused_until, now + pause_s)
        self._refuse_before(pause_s)
        await self._limiter.pause(pause_s)
        return is_new

    async def _wait(self, endpoint: str, waiter: _QuotaWaiter) -> None:
        has_waited = self._head is not None
        if self._head is None:
            self._head, self._queue.current_caller = waiter, waiter.caller
        else:
            await self._wait_for_head(endpoint, waiter)
        while (wait_s := await self._limiter.acquire_or_wait_s()) > 0:
            self._latest_wait_s = wait_s
            self._refuse_before(wait_s)
            if self._clock() + wait_s > waiter.deadline:
                raise _refusal(endpoint, wait_s)
            self.statistics.waits += not has_waited
            has_waited = True
            await self._sleep(wait_s)

    async def _wait_for_head(self, endpoint: str, waiter: _QuotaWaiter) -> None:
        turn = waiter.turn = asyncio.get_running_loop().create_future()
        ahead, has_overtaken = self._queue.append(waiter.caller, waiter)
        if has_overtaken:
            self._start_review()
        when_joined(partial(self._join, waiter))
        await self._check_deadline(endpoint, waiter, ahead + 1)
        self.statistics.waits += 1
        refused_s = await turn
        if refused_s is not None:
            raise _refusal(endpoint, refused_s)

    def _join(self, waiter: _QuotaWaiter, other: object) -> None:
        """Move a waiter to the turn of another caller who joined its call, if that is sooner."""
        if not isinstance(other, RequestContext) or is_background(other.caller_key):
            return
        position = self._queue.move(waiter.caller, waiter, other.caller_key)
        if position is not None:
            waiter.caller = other.caller_key
            if position.has_overtaken:
                self._start_review()

    async def _check_deadline(self, endpoint: str, waiter: _QuotaWaiter, ahead: int) -> None:
        """Refuse a waiter that would start too late behind `ahead` others."""
        estimated: float = math.inf
        while 0 < ahead < estimated:
            wait_s = (await self._limiter.estimate_waits_s(ahead + 1))[-1]
            if self._clock() + wait_s <= waiter.deadline:
                return
            # A waiter that has started during the estimate was counted twice: as a start, and as
            # ahead. So estimate again with the waiters that are ahead now.
            behind_head = self._queue.ahead_of(waiter.caller, waiter)
            estimated, ahead = ahead, 0 if behind_head is None else behind_head + 1
        if ahead:
            raise _refusal(endpoint, wait_s)

    def _start_review(self) -> None:
        """Check all deadlines again, because some waiters have been overtaken."""
        self._needs_review = True
        if self._review is None:
            self._review = asyncio.get_running_loop().create_task(self._review_all())

    async def _review_all(self) -> None:
        try:
            while self._needs_review and self._queue.length:
                self._needs_review = False
                waits = await self._limiter.estimate_waits_s(self._queue.length + 1)
                now, ahead = self._clock(), 1
                for waiter in list(self._queue):
                    wait_s = waits[min(ahead, len(waits) - 1)]
                    if now + wait_s > waiter.deadline:
                        self._refuse(waiter, wait_s)
                    else:
                        ahead += 1
        finally:
            self._review = None

    def _refuse_before(self, wait_s: float) -> None:
        """Refuse those behind the head whose deadline passes before any call can start."""
        at = self._clock() + wait_s
        for waiter in [waiter for waiter in self._queue if waiter.deadline < at]:
            self._refuse(waiter, wait_s)

    def _refuse(self, waiter: _QuotaWaiter, wait_s: float) -> None:
        self._queue.remove(waiter.caller, waiter)
        if waiter.turn is not None and not waiter.turn.done():
            waiter.turn.set_result(wait_s)

    def _leave(self, waiter: _QuotaWaiter) -> None:
        """Remove a waiter; where it was the head, the next one becomes that."""
        if self._head is not waiter:
            self._queue.remove(waiter.caller, waiter)
            return
        self._head = head = self._queue.take()
        self._queue.current_caller = None if head is None else head.caller
        if head is not None and head.turn is not None and not head.turn.done():
            head.turn.set_result(None)


def local_quota(
    calls_per_minute: int | None, *, clock: Clock = time.monotonic, sleep: Sleep = asyncio.sleep
) -> Quota:
    """Create the quota of one process; with None only a 429's pause holds calls back."""
    pacer = None if calls_per_minute is None else Pacer.of(calls_per_minute)
    return Quota(LocalRateLimiter(pacer, clock), clock=clock, sleep=sleep)


class Quotas:
    """The quota of each identity, made by `create` when first used.

    An identity is a hash, not a credential. With passthrough, callers can send any number of them:
    above `max_quotas`, the least recently used one for which no call waits is dropped.
    """

    def __init__(self, create: Callable[[str], Quota], max_quotas: int = 10_000) -> None:
        self._create, self._max = create, max_quotas
        self._quotas: OrderedDict[str, Quota] = OrderedDict()  # the least recently used first
        self._latest: tuple[str, Quota] | None = None
        self.statistics = QuotaStatistics()

    def remaining(self) -> int | None:
        """Return how many calls remain to the identity with the fewest; None: no limit known.

        It looks at the 100 identities used last: ten thousand would take too long.
        """
        latest = islice(reversed(self._quotas.values()), _MAX_SAMPLED)
        remaining = (quota.remaining() for quota in latest)
        return min((calls for calls in remaining if calls is not None), default=None)

    def forget(self) -> None:
        """Drop all quotas; calls that wait already still start in their turn."""
        self._quotas.clear()
        self._latest = None

    def of(self, identity: str) -> Quota:
        """Return the identity's quota."""
        latest = self._latest
        if latest is not None and latest[0] == identity:
            return latest[1]
        quota = self._quotas.get(identity)
        if quota is None:
            quota = self._quotas[identity] = self._create(identity)
            quota.statistics = self.statistics  # one for all: no metric tells identities apart
        self._quotas.move_to_end(identity)
        self._latest = identity, quota
        if len(self._quotas) > self._max:
            unused = (key for key, other in self._quotas.items() if not other.has_waiters)
            key = next(unused, identity)
            if key != identity:
                del self._quotas[key]
        return quota


def _refusal(endpoint: str, wait_s: float) -> UpstreamRateLimitedError:
    return UpstreamRateLimitedError(endpoint, round(wait_s if wait_s < math.inf else WINDOW_S, 3))
