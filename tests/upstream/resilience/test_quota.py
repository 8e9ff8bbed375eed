"""The quota's queue: which calls wait, are refused at once, or are cancelled."""

import asyncio
from random import Random

import pytest

from gateway.errors import UpstreamRateLimitedError
from gateway.upstream.resilience.quota import Quota, Quotas, local_quota
from tests.upstream.resilience.timing import FakeTime, begin, most_in_window

pytestmark = pytest.mark.anyio


class Caller:
    """Starts calls under one quota, and records starts and refusals."""

    def __init__(self, calls_per_minute: int | None) -> None:
        self.time = FakeTime()
        self.quota: Quota = local_quota(
            calls_per_minute, clock=self.time.clock, sleep=self.time.sleep
        )
        self.started: list[tuple[int, float]] = []
        self.refused: list[tuple[int, float, float]] = []

    async def call(self, name: int = 0, within_s: float = 5.0) -> None:
        """Start a call, or record its refusal."""
        try:
            await self.quota.acquire("promotionData", self.time.now + within_s)
        except UpstreamRateLimitedError as error:
            self.refused.append((name, self.time.now, error.retry_after_s))
        else:
            self.started.append((name, self.time.now))

    def begin(self, names: range, within_s: float = 5.0) -> list[asyncio.Task[None]]:
        """Begin one call per name."""
        return [begin(self.call(name, within_s)) for name in names]


async def test_a_burst_starts_at_once_and_the_rest_wait_in_order() -> None:
    """Of 30 calls at 100 a minute 21 start now and six within their deadline, first come first."""
    caller = Caller(100)
    at = caller.time.now
    caller.begin(range(30))
    await caller.time.settle()
    assert [name for name, _ in caller.started] == list(range(21))
    await caller.time.advance(5.0)
    assert [name for name, _ in caller.started] == list(range(27))
    assert all(start - at <= 5.0 for _, start in caller.started)


async def test_who_cannot_have_a_turn_in_time_is_refused_at_once() -> None:
    """The refusal has the seconds until a call could start, and no call waits in vain."""
    caller = Caller(100)
    at = caller.time.now
    caller.begin(range(30))
    await caller.time.settle()
    assert [(name, when - at) for name, when, _ in caller.refused] == [(27, 0), (28, 0), (29, 0)]
    assert {retry_after_s for _, _, retry_after_s in caller.refused} == {6}


async def test_a_cancelled_waiter_gives_its_turn_to_the_next() -> None:
    """Whether it is the head of the queue or not, all behind it move up."""
    caller = Caller(100)
    at = caller.time.now
    caller.begin(range(21))
    waiting = caller.begin(range(100, 104))
    await caller.time.settle()
    waiting[0].cancel()
    waiting[2].cancel()
    await caller.time.advance(1.6)
    assert [name for name, _ in caller.started[21:]] == [101, 103]
    assert caller.started[-1][1] - at < 1.6


async def test_a_pause_holds_back_all_calls() -> None:
    """After a 429, nothing of this identity starts before its Retry-After is over."""
    caller = Caller(100)
    at = caller.time.now
    await caller.quota.pause(3.0)
    caller.begin(range(5))
    await caller.time.advance(2.99)
    assert not caller.started
    await caller.time.advance(0.02)
    assert [start - at for _, start in caller.started] == [pytest.approx(3.0)] * 5


async def test_only_the_first_429_of_a_pause_begins_one() -> None:
    """Those of calls in flight prolong the pause at most; one after its end begins the next."""
    caller = Caller(100)
    assert [await caller.quota.pause(3.0) for _ in range(3)] == [True, False, False]
    await caller.time.advance(3.01)
    assert await caller.quota.pause(3.0)


async def test_a_pause_holds_calls_back_without_a_quota_too() -> None:
    """Without a limit, a 429 still holds calls back."""
    caller = Caller(None)
    await caller.quota.pause(3.0)
    caller.begin(range(50))
    await caller.time.advance(2.9)
    assert not caller.started
    await caller.time.advance(0.2)
    assert len(caller.started) == 50
    assert caller.quota.remaining() is None


async def test_a_pause_beyond_the_deadline_refuses_at_once() -> None:
    """Later calls and those that wait behind the head are refused at once."""
    caller = Caller(100)
    at = caller.time.now
    caller.begin(range(25))
    await caller.time.settle()
    await caller.quota.pause(60.0)
    await caller.call(99)
    await caller.time.settle()
    assert [name for name, when, _ in caller.refused if when == at] == [99, 22, 23, 24]
    assert {retry_after_s for _, _, retry_after_s in caller.refused} == {60}
    await caller.time.advance(1.0)
    assert caller.refused[-1][0] == 21


async def test_a_shorter_pause_does_not_shorten_a_longer_one() -> None:
    """The latest end of all pauses counts."""
    caller = Caller(None)
    await caller.quota.pause(4.0)
    await caller.quota.pause(1.0)
    caller.begin(range(1))
    await caller.time.advance(3.9)
    assert not caller.started


async def test_short_deadlines_behind_a_long_one_are_refused() -> None:
    """A waiter whose deadline is before any next start does not wait for it."""
    caller = Caller(10)
    caller.begin(range(3), within_s=0.0)
    await caller.time.settle()
    patient = begin(caller.call(10, within_s=30.0))
    hasty = begin(caller.call(11, within_s=5.0))
    await caller.time.settle()
    assert [name for name, _, _ in caller.refused] == [11]
    await caller.time.advance(10.0)
    assert caller.started[-1][0] == 10
    await asyncio.gather(patient, hasty)


async def test_what_is_left_can_be_reported() -> None:
    """The figure falls with each start; waiting calls are not included."""
    caller = Caller(100)
    caller.begin(range(30))
    await caller.time.settle()
    assert caller.quota.remaining() == 79


async def test_no_minute_holds_too_many_with_cancellations_and_pauses() -> None:
    """A random half hour of bursts, cancelled waiters and 429s stays within the quota."""
    random, caller = Random(11), Caller(60)  # noqa: S311 - chance for a test
    tasks: list[asyncio.Task[None]] = []
    for step in range(600):
        tasks += caller.begin(range(random.choice([0, 0, 1, 2, 9])), random.uniform(0, 8))
        if tasks and random.random() < 0.3:
            random.choice(tasks).cancel()
        if step % 97 == 0:
            await caller.quota.pause(random.uniform(0, 10))
        await caller.time.advance(random.uniform(0, 6))
    await asyncio.gather(*tasks, return_exceptions=True)
    starts = [at for _, at in caller.started]
    assert most_in_window(starts) <= 60
    assert len(starts) > 600
    assert not caller.quota.has_waiters


def test_each_identity_has_a_quota_of_its_own() -> None:
    """An identity keeps its quota, and the least recently used one is dropped first."""
    quotas = Quotas(lambda _: local_quota(100), max_quotas=2)
    first, second = quotas.of("a"), quotas.of("b")
    assert quotas.of("a") is first
    quotas.of("c")
    assert quotas.of("a") is first
    assert quotas.of("b") is not second


async def test_a_quota_that_is_waited_for_is_not_forgotten() -> None:
    """A flood of credentials does not drop a quota for which calls wait."""
    time = FakeTime()
    quotas = Quotas(lambda _: local_quota(1, clock=time.clock, sleep=time.sleep), max_quotas=1)
    busy = quotas.of("a")
    await busy.acquire("promotionData", time.now)
    waiting = begin(busy.acquire("promotionData", time.now + 120.0))
    await time.settle()
    for name in range(5):
        quotas.of(str(name))
    assert quotas.of("a") is busy
    await time.advance(61.0)
    await waiting
