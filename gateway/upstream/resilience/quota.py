"""Calls a minute: each call waits for its turn, within its deadline; turns go round the callers."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Protocol

from gateway.cache.coalescing import when_joined
from gateway.context import RequestContext
from gateway.errors import UpstreamRateLimitedError
from gateway.fairness import FairLine, is_background
from gateway.upstream.resilience.pacer import WINDOW_S, Pacer

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]

# Clocks are no finer, and a wait that rounding leaves over must not spin.
_SHORTEST_WAIT_S = 0.001
_LOOKED_AT = 100


class RateLimiter(Protocol):
    """Knows when the next call may start: from memory here, from Redis in `shared_quota`."""

    def try_acquire(self) -> bool:
        """Start a call where it is certain, without asking anybody, that one may start now."""
        ...

    async def acquire_or_wait_s(self) -> float:
        """Start a call where one may start now, and give 0; otherwise the seconds to wait."""
        ...

    async def estimate_waits_s(self, number: int) -> list[float]:
        """Return at least how long the next so many calls have to wait, each after the others."""
        ...

    async def pause(self, pause_s: float) -> None:
        """Start no call for so many seconds."""
        ...

    def left(self) -> int | None:
        """Return how many of the minute's calls are left; None where that is not limited."""
        ...


class LocalRateLimiter:
    """The turns of one process that shares its quota with nobody."""

    def __init__(self, pacer: Pacer | None, clock: Clock) -> None:
        self._pacer, self._clock = pacer, clock
        self._paused_until = -math.inf

    def try_acquire(self) -> bool:
        """Start a call where one may start now."""
        now = self._clock()
        return now >= self._paused_until and (self._pacer is None or self._pacer.take(now))

    async def acquire_or_wait_s(self) -> float:
        """Start a call where one may start now, and give 0; otherwise the seconds to wait."""
        if self.try_acquire():
            return 0.0
        return max((await self.estimate_waits_s(1))[0], _SHORTEST_WAIT_S)

    async def estimate_waits_s(self, number: int) -> list[float]:
        """Return how long the next so many calls have to wait, each after the others."""
        now = self._clock()
        # Nothing starts in a pause, so that the turns up to then are not lost, and not used up:
        # what is known is that neither ends sooner.
        pause_s = self._paused_until - now
        turns_s = self._pacer.waits_s(now, number) if self._pacer else [0.0] * number
        return [max(turn_s, pause_s) for turn_s in turns_s]

    async def pause(self, pause_s: float) -> None:
        """Start no call for so many seconds."""
        self._paused_until = max(self._paused_until, self._clock() + pause_s)

    def left(self) -> int | None:
        """Return how many of the minute's calls are left; None where that is not limited."""
        return None if self._pacer is None else self._pacer.left(self._clock())


class _QuotaWaiter:
    __slots__ = ("caller", "deadline", "turn")

    def __init__(self, caller: str, deadline: float) -> None:
        self.caller, self.deadline = caller, deadline
        # Set once this waiter is the first; a number: refused, try again after so many seconds.
        # Who comes first needs none, and most do.
        self.turn: asyncio.Future[float | None] | None = None

    def refuse(self, wait_s: float) -> None:
        """Tell the one who waits that the turn would be too late."""
        if self.turn is not None and not self.turn.done():
            self.turn.set_result(wait_s)


@dataclass(slots=True)
class QuotaStatistics:
    """Counts of all identities since the start; each only grows.

    `waits` are calls that could not start at once, `refusals` those whose turn was too late (who
    had to wait first counts as both), `pauses` the 429s.
    """

    waits: int = 0
    refusals: int = 0
    pauses: int = 0


class Quota:
    """The line of calls with one upstream identity.

    Only the first in the line asks for a turn and waits until it comes; a waiter who leaves takes
    no turn with him. Behind the first, turns go round the callers. `clock` gives monotonic seconds,
    the event loop's as a deadline is.
    """

    def __init__(self, turns: RateLimiter, *, clock: Clock, sleep: Sleep) -> None:
        self._turns, self._clock, self._sleep = turns, clock, sleep
        self._first: _QuotaWaiter | None = None
        self._line: FairLine[_QuotaWaiter] = FairLine()  # behind the first
        self._review: asyncio.Task[None] | None = None
        self._needs_review = False
        self.statistics = QuotaStatistics()

    @property
    def has_waiters(self) -> bool:
        """Whether anybody is about to start a call."""
        return self._first is not None

    def left(self) -> int | None:
        """Return how many calls may still start in the current 60 s; None: no limit."""
        return self._turns.left()

    def start_at_once(self) -> bool:
        """Start a call where nobody waits and it is certain that one may start; says whether."""
        return self._first is None and self._turns.try_acquire()

    async def start(self, endpoint: str, deadline: float, caller: str = "") -> None:
        """Wait until a call may start: retries and token calls are calls, too.

        What is in the background does not wait, for anybody. Raises UpstreamRateLimitedError, with
        the seconds until there is a turn, as soon as it is known that this is after `deadline`
        (seconds of the clock), be it that another caller's turn has come in between.
        """
        if self.start_at_once():
            return
        may_wait = not is_background(caller)
        if not may_wait and self._first is not None:
            raise _refusal(endpoint, _SHORTEST_WAIT_S)
        waiter = _QuotaWaiter(caller, deadline if may_wait else -math.inf)
        try:
            await self._wait(endpoint, waiter)
        except UpstreamRateLimitedError:
            self.statistics.refusals += 1
            raise
        finally:
            self._leave(waiter)

    async def _wait(self, endpoint: str, waiter: _QuotaWaiter) -> None:
        has_waited = self._first is not None
        if self._first is None:
            self._first, self._line.served = waiter, waiter.caller
        else:
            await self._wait_behind(endpoint, waiter)
        while (wait_s := await self._turns.acquire_or_wait_s()) > 0:
            self._refuse_before(wait_s)
            if self._clock() + wait_s > waiter.deadline:
                raise _refusal(endpoint, wait_s)
            self.statistics.waits += not has_waited
            has_waited = True
            await self._sleep(wait_s)

    async def _wait_behind(self, endpoint: str, waiter: _QuotaWaiter) -> None:
        """Wait until this one is the first."""
        turn = waiter.turn = asyncio.get_running_loop().create_future()
        ahead, has_overtaken = self._line.append(waiter.caller, waiter)
        if has_overtaken:
            self._start_review()
        when_joined(partial(self._join, waiter))
        await self._check_turn(endpoint, waiter, ahead + 1)
        self.statistics.waits += 1
        refused_s = await turn
        if refused_s is not None:
            raise _refusal(endpoint, refused_s)

    def _join(self, waiter: _QuotaWaiter, other: object) -> None:
        """Let a waiter have the turn of another who waits for the same call, if that is sooner."""
        if not isinstance(other, RequestContext) or is_background(other.caller_key):
            return
        place = self._line.move(waiter.caller, waiter, other.caller_key)
        if place is not None:
            waiter.caller = other.caller_key
            if place.has_overtaken:
                self._start_review()

    async def pause(self, pause_s: float) -> None:
        """Start no call for so many seconds, as a 429 asks; who cannot wait is refused at once.

        The one whose turn is next notices when it comes.
        """
        self.statistics.pauses += 1
        self._refuse_before(pause_s)
        await self._turns.pause(pause_s)

    async def _check_turn(self, endpoint: str, waiter: _QuotaWaiter, ahead: int) -> None:
        """Refuse a waiter whose turn is too late, with so many before it, or as many as are now."""
        asked: float = math.inf
        while 0 < ahead < asked:
            wait_s = (await self._turns.estimate_waits_s(ahead + 1))[-1]
            if self._clock() + wait_s <= waiter.deadline:
                return
            # Those who left while this was asked count twice in it: started, and still ahead.
            behind_first = self._line.ahead_of(waiter.caller, waiter)
            asked, ahead = ahead, 0 if behind_first is None else behind_first + 1
        if ahead:
            raise _refusal(endpoint, wait_s)

    def _start_review(self) -> None:
        """See to it that all who wait are looked at again: some have been overtaken."""
        self._needs_review = True
        if self._review is None:
            self._review = asyncio.get_running_loop().create_task(self._review_all())

    async def _review_all(self) -> None:
        """Refuse whose turn has become too late."""
        try:
            while self._needs_review and self._line.length:
                self._needs_review = False
                waits = await self._turns.estimate_waits_s(self._line.length + 1)
                now, ahead = self._clock(), 1
                for waiter in list(self._line):
                    wait_s = waits[min(ahead, len(waits) - 1)]
                    if now + wait_s > waiter.deadline:
                        self._refuse(waiter, wait_s)
                    else:
                        ahead += 1
        finally:
            self._review = None

    def _refuse_before(self, wait_s: float) -> None:
        """Refuse those behind the first whose deadline passes before anybody's turn comes."""
        at = self._clock() + wait_s
        for waiter in [waiter for waiter in self._line if waiter.deadline < at]:
            self._refuse(waiter, wait_s)

    def _refuse(self, waiter: _QuotaWaiter, wait_s: float) -> None:
        self._line.remove(waiter.caller, waiter)
        waiter.refuse(wait_s)

    def _leave(self, waiter: _QuotaWaiter) -> None:
        """Take a waiter out of the line, and let the next come to its head."""
        if self._first is not waiter:
            self._line.remove(waiter.caller, waiter)
            return
        self._first = first = self._line.take()
        self._line.served = None if first is None else first.caller
        if first is not None and first.turn is not None and not first.turn.done():
            first.turn.set_result(None)


def local_quota(
    calls_per_minute: int | None, *, clock: Clock = time.monotonic, sleep: Sleep = asyncio.sleep
) -> Quota:
    """Make the quota of a process of its own; with None only a 429's pause holds calls back."""
    pacer = None if calls_per_minute is None else Pacer.of(calls_per_minute)
    return Quota(LocalRateLimiter(pacer, clock), clock=clock, sleep=sleep)


class Quotas:
    """The quota of each identity, made when it is first asked for.

    `make` gets the identity, which is a hash: no credential stands here in clear. Beyond `most` the
    longest unused is forgotten that nobody waits for; callers can bring any number of credentials
    with passthrough, and must not fill the memory with them.
    """

    def __init__(self, make: Callable[[str], Quota], most: int = 10_000) -> None:
        self._make, self._most = make, most
        self._quotas: dict[str, Quota] = {}  # the longest unused first
        self._latest: tuple[str, Quota] | None = None
        self.statistics = QuotaStatistics()

    def left(self) -> int | None:
        """Return how many calls are left to the identity with the fewest; None: no limit known.

        Of those used last; to look at ten thousand would take too long.
        """
        latest = islice(reversed(self._quotas.values()), _LOOKED_AT)
        return min((left for quota in latest if (left := quota.left()) is not None), default=None)

    def forget(self) -> None:
        """Forget all identities; who waits for a turn gets it all the same."""
        self._quotas.clear()
        self._latest = None

    def of(self, identity: str) -> Quota:
        """Return the identity's quota."""
        latest = self._latest
        if latest is not None and latest[0] == identity:
            return latest[1]
        quota = self._quotas.pop(identity, None) or self._make(identity)
        quota.statistics = self.statistics  # one for all: no metric tells identities apart
        self._quotas[identity] = quota
        self._latest = identity, quota
        if len(self._quotas) > self._most:
            unused = (key for key, other in self._quotas.items() if not other.has_waiters)
            key = next(unused, identity)
            if key != identity:
                del self._quotas[key]
        return quota


def _refusal(endpoint: str, wait_s: float) -> UpstreamRateLimitedError:
    return UpstreamRateLimitedError(endpoint, round(wait_s if wait_s < math.inf else WINDOW_S, 3))
