"""The quota's queue between callers: many calls of one do not hold back another's few."""

import asyncio
import math
from collections import defaultdict
from random import Random

import pytest

from gateway.cache.coalescing import Coalescer
from gateway.context import CallBudget, Caller, RequestContext
from gateway.errors import UpstreamRateLimitedError
from gateway.fairness import in_background
from gateway.upstream.resilience.concurrency import UpstreamConcurrency
from gateway.upstream.resilience.quota import local_quota
from tests.sandbox.client import NOW
from tests.upstream.resilience.timing import FakeTime, begin

pytestmark = pytest.mark.anyio
BACKGROUND = in_background("a")
SLOT_S = 61 / 80  # between two even turns of 100 a minute


class Callers:
    """Several callers of one identity, and the outcomes of their calls."""

    def __init__(self, calls_per_minute: int) -> None:
        self.time = FakeTime()
        self.quota = local_quota(calls_per_minute, clock=self.time.clock, sleep=self.time.sleep)
        self.order: list[str] = []
        self.waited: dict[str, list[float]] = defaultdict(list)
        self.refused: dict[str, list[tuple[float, float]]] = defaultdict(list)

    async def call(self, caller: str, within_s: float = 5.0) -> None:
        """Start a call, or record its refusal."""
        since = self.time.now
        try:
            await self.quota.acquire("promotionData", since + within_s, caller)
        except UpstreamRateLimitedError as error:
            self.refused[caller].append((self.time.now, error.retry_after_s or 0))
        else:
            self.order.append(caller)
            self.waited[caller].append(self.time.now - since)
            assert self.time.now <= since + within_s

    def begin(self, caller: str, number: int = 1, within_s: float = 5.0) -> None:
        """Begin `number` calls."""
        for _ in range(number):
            begin(self.call(caller, within_s))

    async def one_after_the_other(self, caller: str, number: int) -> None:
        """Start `number` calls, one after the other."""
        for _ in range(number):
            await self.call(caller)


async def test_a_caller_of_much_starves_no_other() -> None:
    """Beside a caller with 200 waiting calls, 20 of another each start within two slots."""
    callers = Callers(100)
    flood = begin(_flood(callers))
    await callers.time.settle()
    others = begin(callers.one_after_the_other("small", 20))
    await callers.time.advance(60)
    assert others.done()
    assert not callers.refused["small"]
    assert max(callers.waited["small"]) <= 2 * SLOT_S + 1e-6
    assert callers.order.count("large") > 20  # and the large one has the rest
    flood.cancel()
    await asyncio.gather(flood, return_exceptions=True)


async def _flood(callers: Callers) -> None:
    while True:
        callers.begin("large", 200)
        await callers.time.sleep(1.0)


async def test_turns_go_round_all_callers() -> None:
    """Three callers with many calls get a third each, in any order."""
    callers = Callers(100)
    callers.begin("a", 21)
    await callers.time.settle()
    for caller in "abc":
        callers.begin(caller, 5, within_s=30.0)
    await callers.time.advance(15 * SLOT_S)
    assert callers.order[21:] == ["a", "b", "c"] * 5


async def test_who_is_overtaken_too_often_is_refused_at_once() -> None:
    """A waiter that others push beyond its deadline is refused at once, with its wait."""
    callers = Callers(100)
    callers.begin("a", 27)  # 21 at once, and six within five seconds
    await callers.time.settle()
    assert not callers.refused
    since = callers.time.now
    callers.begin("b", 2)
    await callers.time.settle()
    (first, second) = callers.refused["a"]
    assert first[0] == second[0] == since
    assert first[1] == second[1] == 6  # 7 turns of 0.76 s, told in whole seconds
    await callers.time.advance(6.0)
    assert callers.order[21:] == ["a", "b", "a", "b", "a", "a"]
    assert not callers.refused["b"]


async def test_what_nobody_waits_for_takes_no_turn_of_others() -> None:
    """A refresh starts where a call may start at once, and is refused where it would wait."""
    callers = Callers(100)
    callers.begin(BACKGROUND, 1)
    await callers.time.settle()
    assert callers.order == [BACKGROUND]
    callers.begin("a", 25)
    await callers.time.settle()
    callers.begin(BACKGROUND, 3, within_s=60.0)
    await callers.time.settle()
    assert len(callers.refused[BACKGROUND]) == 3
    assert callers.quota.statistics.refusals == 0  # that is for operators to look at
    await callers.time.advance(5.0)
    assert callers.order.count("a") == 25


async def test_deadlines_are_exact_whoever_comes_and_goes() -> None:
    """No call starts too late, and refusals come with the arrival that causes them."""
    random, callers = Random(3), Callers(60)  # noqa: S311 - chance for a test
    came = set()
    for _ in range(300):
        caller = random.choice("aaaaaabc")
        came.add(callers.time.now)
        callers.begin(caller, random.choice([0, 1, 1, 2, 6]), random.uniform(0.5, 8))
        await callers.time.settle()
        await callers.time.advance(random.uniform(0, 2))
    await callers.time.advance(20)
    assert not callers.quota.has_waiters
    refused = [at for one in callers.refused.values() for at, _ in one]
    assert len(refused) > 50
    assert set(refused) <= came
    rates = {
        caller: len(callers.waited[caller])
        / (len(callers.waited[caller]) + len(callers.refused[caller]))
        for caller in "abc"
    }
    assert rates["b"] > rates["a"] < rates["c"]


async def test_a_call_that_two_wait_for_has_the_sooner_turn() -> None:
    """A caller that joins another's call does not wait behind all of that caller's."""
    callers, coalescer = Callers(100), Coalescer[None]()

    async def wanted(number: int, request: RequestContext) -> None:
        await coalescer.run(
            number, lambda: callers.call(request.caller_key, within_s=60.0), request
        )

    many = [begin(wanted(number, _request("a"))) for number in range(60)]
    await callers.time.settle()
    joined = begin(wanted(59, _request("b")))
    await callers.time.advance(2 * SLOT_S)
    assert joined.done()
    await callers.time.advance(60.0)
    await asyncio.gather(*many)
    assert len(callers.order) == 60


async def test_a_call_that_another_joins_leaves_its_callers_share() -> None:
    """A call over its caller's share gets a slot of the caller that joins it."""
    concurrency, coalescer = UpstreamConcurrency(10), Coalescer[None]()
    end = asyncio.Event()

    async def call(caller: str) -> None:
        await concurrency.acquire(caller)
        await end.wait()
        concurrency.release(caller)

    def wanted(number: int, request: RequestContext) -> asyncio.Task[tuple[None, bool]]:
        return begin(coalescer.run(number, lambda: call(request.caller_key), request))

    tasks = [wanted(number, _request("a")) for number in range(10)]
    await FakeTime().settle()
    assert (concurrency.in_flight, concurrency.waiting) == (8, 2)
    tasks.append(wanted(9, _request("b")))
    await FakeTime().settle()
    assert (concurrency.in_flight, concurrency.waiting) == (9, 1)
    end.set()
    await asyncio.gather(*tasks)
    assert (concurrency.in_flight, concurrency.waiting) == (0, 0)


def _request(caller_key: str) -> RequestContext:
    return RequestContext("1", NOW, Caller(), math.inf, CallBudget(40), caller_key)
