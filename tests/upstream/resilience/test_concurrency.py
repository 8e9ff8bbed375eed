"""The concurrency limit: calls in flight, waiting calls and cancelled ones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import OverloadedError
from gateway.fairness import in_background
from gateway.upstream.resilience.concurrency import UpstreamConcurrency
from tests.support.examples import examples
from tests.upstream.resilience.timing import FakeTime, begin

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def place(concurrency: UpstreamConcurrency) -> AsyncIterator[None]:
    """Hold a slot for the length of the block."""
    await concurrency.acquire()
    try:
        yield
    finally:
        concurrency.release()


class Calls:
    """Calls that end when the test says so, and their outcomes."""

    def __init__(self, concurrency: UpstreamConcurrency) -> None:
        self.concurrency = concurrency
        self.at_once = self.most_at_once = 0
        self.order: list[int] = []

    async def call(self, name: int, end: asyncio.Event) -> None:
        """Hold a slot until `end`."""
        async with place(self.concurrency):
            self.order.append(name)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                await end.wait()
            finally:
                self.at_once -= 1


async def test_640_at_once_all_succeed() -> None:
    """All are served in their order, never more than the limit at once."""
    calls, time = Calls(UpstreamConcurrency(100)), FakeTime()
    ends = [asyncio.Event() for _ in range(640)]
    tasks = [begin(calls.call(name, end)) for name, end in enumerate(ends)]
    await time.settle()
    assert calls.concurrency.waiting == 540
    for end in ends:
        end.set()
    await asyncio.gather(*tasks)
    assert calls.order == list(range(640))
    assert calls.most_at_once == 100
    assert calls.concurrency.waiting == 0


async def test_one_waiter_too_many_is_refused_at_once() -> None:
    """Beyond the limit of waiters calls are OVERLOADED, and those that wait are still served."""
    calls, time, end = Calls(UpstreamConcurrency(2, max_waiters=3)), FakeTime(), asyncio.Event()
    tasks = [begin(calls.call(name, end)) for name in range(5)]
    await time.settle()
    with pytest.raises(OverloadedError) as refused:
        await calls.call(5, end)
    told = {"code": "OVERLOADED", "retryable": True, "retryAfterS": 1}
    assert refused.value.extensions == told
    end.set()
    await asyncio.gather(*tasks)
    assert calls.order == [0, 1, 2, 3, 4]


async def test_by_default_1024_wait() -> None:
    """The 1,025th waiter is refused."""
    concurrency, end = UpstreamConcurrency(1), asyncio.Event()
    calls = Calls(concurrency)
    tasks = [begin(calls.call(name, end)) for name in range(1025)]
    await FakeTime().settle()
    assert concurrency.waiting == 1024
    with pytest.raises(OverloadedError):
        await calls.call(1025, end)
    end.set()
    await asyncio.gather(*tasks)


async def test_a_place_is_given_back_after_an_error() -> None:
    """A call that fails releases its slot."""
    concurrency = UpstreamConcurrency(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"):
            async with place(concurrency):
                raise ValueError("broken")
    async with place(concurrency):
        assert concurrency.waiting == 0


async def test_a_waiter_cancelled_with_the_place_in_hand_passes_it_on() -> None:
    """A waiter cancelled at the moment it gets a slot releases that."""
    calls, time, end = Calls(UpstreamConcurrency(1)), FakeTime(), asyncio.Event()
    first, second, third = (begin(calls.call(name, end)) for name in range(3))
    await time.settle()
    first.cancel()
    await asyncio.sleep(0)  # the place is the second's now, who has not run yet
    second.cancel()
    await time.settle()
    assert calls.order == [0, 2]
    end.set()
    await third
    assert first.cancelled()
    assert second.cancelled()


@examples(60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["begin", "end", "cancel", "turn"]), st.integers(0, 30))
    )
)
def test_no_place_is_ever_lost_or_doubled(steps: list[tuple[str, int]]) -> None:
    """After any calls, ends and cancellations, all slots are free again."""

    async def scenario() -> None:
        calls = Calls(UpstreamConcurrency(3, max_waiters=8))
        running: list[tuple[asyncio.Task[None], asyncio.Event]] = []
        for name, (step, index) in enumerate(steps):
            if step == "begin":
                end = asyncio.Event()
                running.append((begin(calls.call(name, end)), end))
            elif step == "turn":
                await asyncio.sleep(0)
            elif running:
                task, end = running[index % len(running)]
                if step == "end":
                    end.set()
                else:
                    task.cancel()
        for _, end in running:
            end.set()
        await asyncio.gather(*(task for task, _ in running), return_exceptions=True)
        assert calls.most_at_once <= 3
        assert calls.concurrency.waiting == 0
        end = asyncio.Event()
        again = [begin(calls.call(name, end)) for name in range(4)]
        await FakeTime().settle()
        assert calls.at_once == 3
        end.set()
        await asyncio.gather(*again)

    asyncio.run(scenario())


async def test_one_callers_calls_leave_a_fifth_of_the_places() -> None:
    """However many slow calls it has, another caller's call is admitted at once."""
    concurrency = UpstreamConcurrency(10)
    assert [concurrency.try_acquire("a") for _ in range(10)].count(True) == 8
    assert concurrency.try_acquire("b")
    waiting = begin(concurrency.acquire("a"))
    await FakeTime().settle()
    assert concurrency.waiting == 1
    concurrency.release("b")  # whose place is not for the one who has enough
    await FakeTime().settle()
    assert not waiting.done()
    concurrency.release("a")
    await waiting
    assert concurrency.in_flight == 8


async def test_places_go_round_the_callers() -> None:
    """A caller with one call waits for one slot, not for all of another's earlier calls."""
    concurrency, order = UpstreamConcurrency(1), []

    async def call(caller: str) -> None:
        await concurrency.acquire(caller)
        order.append(caller)

    assert concurrency.try_acquire("a")
    tasks = [begin(call(caller)) for caller in "aaaab"]
    await FakeTime().settle()
    for caller in "aabaa":
        concurrency.release(caller)
        await FakeTime().settle()
    await asyncio.gather(*tasks)
    assert order == ["a", "b", "a", "a", "a"]


async def test_one_callers_waiting_calls_leave_others_room_to_wait() -> None:
    """The caller that fills the queue is OVERLOADED, and another one waits."""
    concurrency = UpstreamConcurrency(1, max_waiters=10)
    assert concurrency.try_acquire("a")
    tasks = [begin(concurrency.acquire("a")) for _ in range(8)]
    await FakeTime().settle()
    with pytest.raises(OverloadedError):
        await concurrency.acquire("a")
    tasks.append(begin(concurrency.acquire("b")))
    await FakeTime().settle()
    assert concurrency.waiting == 9
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_nobody_waits_for_does_not_wait_for_a_place() -> None:
    """A refresh takes a free slot, and is refused without one."""
    concurrency = UpstreamConcurrency(1)
    assert concurrency.try_acquire(in_background("a"))
    with pytest.raises(OverloadedError):
        await concurrency.acquire(in_background("a"))
