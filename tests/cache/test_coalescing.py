import asyncio
import gc
import traceback
from contextvars import ContextVar
from typing import Self

import pytest

from gateway.cache.coalescing import Coalescer
from gateway.errors import UpstreamRateLimitedError
from tests.cache.platform import BudgetError, OutageError, Platform, turns

pytestmark = pytest.mark.anyio
Task = asyncio.Task[tuple[bytes, bool]]


def wait_for(coalescer: Coalescer[bytes], platform: Platform, key: str = "key") -> Task:
    return asyncio.create_task(coalescer.run(key, platform.load))


async def held(waiters: int) -> tuple[Coalescer[bytes], Platform, list[Task]]:
    """Return waiters of one blocked call."""
    coalescer: Coalescer[bytes] = Coalescer()
    platform = Platform()
    platform.hold()
    tasks = [wait_for(coalescer, platform) for _ in range(waiters)]
    await turns()
    return coalescer, platform, tasks


async def test_forty_equal_calls_at_once_are_one() -> None:
    """One caller starts it, thirty-nine join, and nothing is left afterwards."""
    coalescer, platform, tasks = await held(40)
    assert len(coalescer) == 1

    platform.release()
    results = await asyncio.gather(*tasks)

    assert platform.calls == 1
    assert {payload for payload, _ in results} == {b"answer"}
    assert sorted(joined for _, joined in results) == [False] + [True] * 39
    assert len(coalescer) == 0


async def test_calls_that_differ_are_not_shared() -> None:
    """Calls with different keys are not coalesced."""
    coalescer: Coalescer[bytes] = Coalescer()
    platform = Platform()

    await asyncio.gather(*(coalescer.run(key, platform.load) for key in ("a", "b", "c")))

    assert platform.calls == 3


async def test_a_call_after_the_answer_is_a_new_one() -> None:
    """Nothing is cached, even in the same iteration of the event loop."""
    coalescer: Coalescer[bytes] = Coalescer()
    platform = Platform()

    first = await coalescer.run("key", platform.load)
    second = await coalescer.run("key", platform.load)

    assert (first, second) == ((b"answer", False), (b"answer", False))
    assert platform.calls == 2


@pytest.mark.parametrize("leaving", [0, 1, 39])
async def test_a_waiter_that_is_cancelled_costs_the_others_nothing(leaving: int) -> None:
    """Neither the caller that started the call nor one that joined is needed for it."""
    _, platform, tasks = await held(40)

    tasks[leaving].cancel()
    await turns()
    platform.release()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(results.pop(leaving), asyncio.CancelledError)
    assert [result[0] for result in results if isinstance(result, tuple)] == [b"answer"] * 39
    assert (platform.calls, platform.cancelled) == (1, 0)


async def test_a_waiter_that_has_run_out_of_time_costs_the_others_nothing() -> None:
    """It gets a TimeoutError, and the others the result."""
    coalescer, platform, (patient,) = await held(1)

    async def impatient() -> None:
        async with asyncio.timeout(0):
            await coalescer.run("key", platform.load)

    with pytest.raises(TimeoutError):
        await impatient()
    platform.release()

    assert await patient == (b"answer", False)
    assert (platform.calls, platform.cancelled) == (1, 0)


async def test_a_call_that_nobody_waits_for_is_cancelled() -> None:
    """The last waiter to leave cancels the call."""
    coalescer, platform, tasks = await held(40)

    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await turns()

    assert platform.cancelled == 1
    assert len(coalescer) == 0


async def test_who_comes_while_a_call_is_being_cancelled_gets_a_fresh_one() -> None:
    """A call that is being cancelled is not joined."""
    coalescer: Coalescer[bytes] = Coalescer()
    ending = asyncio.Event()

    async def slow_to_end() -> bytes:
        try:
            await asyncio.Event().wait()
        finally:
            await ending.wait()
        return b"never"

    first = asyncio.create_task(coalescer.run("key", slow_to_end))
    await turns()
    first.cancel()
    await turns()
    second = await coalescer.run("key", Platform(b"fresh").load)
    ending.set()
    await turns()

    assert second == (b"fresh", False)
    assert len(coalescer) == 0


async def test_an_error_reaches_every_waiter_with_a_traceback_of_its_own() -> None:
    """Forty waiters get forty exceptions, each with the frames of one waiter."""
    _, platform, tasks = await held(40)
    platform.answer = UpstreamRateLimitedError("customers", 7.0)

    platform.release()
    errors = await asyncio.gather(*tasks, return_exceptions=True)

    assert len(set(map(id, errors))) == 40
    for error in errors:
        assert isinstance(error, UpstreamRateLimitedError)
        assert (error.message, error.extensions) == (
            platform.answer.message,
            platform.answer.extensions,
        )
        frames = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        assert frames.count("run") == 1
        assert frames[-1] == "load"  # it still tells where it came from


async def test_an_error_that_cannot_be_copied_reaches_every_waiter_all_the_same() -> None:
    """An exception class that cannot be instantiated twice is raised as it is."""

    class OnceError(Exception):
        made = 0

        def __new__(cls, *args: object) -> Self:
            cls.made += 1
            if cls.made > 1:
                raise TypeError
            return super().__new__(cls, *args)

    _, platform, tasks = await held(3)
    platform.answer = OnceError("words")

    platform.release()
    errors = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(error) for error in errors] == [OnceError] * 3


async def test_an_error_that_nobody_waits_for_is_not_complained_about() -> None:
    """Asyncio does not report the exception as never retrieved."""
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    coalescer: Coalescer[bytes] = Coalescer()

    async def fails_when_cancelled() -> bytes:
        try:
            await asyncio.Event().wait()
        finally:
            raise OutageError

    task = asyncio.create_task(coalescer.run("key", fails_when_cancelled))
    await turns()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await turns()
    del task
    gc.collect()

    assert complaints == []


async def test_an_error_of_the_starter_alone_is_not_shared() -> None:
    """The starter gets its personal error; those who joined start again."""
    coalescer: Coalescer[bytes] = Coalescer(lambda error: isinstance(error, BudgetError))
    poor, rich = Platform(BudgetError()), Platform(b"answer")
    poor.hold()
    starter = wait_for(coalescer, poor)
    await turns()
    joiners = [wait_for(coalescer, rich) for _ in range(10)]
    await turns()

    poor.release()

    with pytest.raises(BudgetError):
        await starter
    assert {payload for payload, _ in await asyncio.gather(*joiners)} == {b"answer"}
    assert (poor.calls, rich.calls) == (1, 1)


async def test_an_error_of_each_ends_for_all() -> None:
    """Forty callers with a personal error get forty errors, without an endless loop."""
    coalescer: Coalescer[bytes] = Coalescer(lambda error: isinstance(error, BudgetError))
    platform = Platform(BudgetError())
    tasks = [wait_for(coalescer, platform) for _ in range(40)]

    errors = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(error) for error in errors] == [BudgetError] * 40


async def test_a_call_has_the_context_of_who_started_it() -> None:
    """The call runs in a copy of the starter's context."""
    request_id: ContextVar[str] = ContextVar("request_id", default="none")
    coalescer: Coalescer[str] = Coalescer()

    async def load() -> str:
        seen = request_id.get()
        request_id.set("the call's own")
        await asyncio.sleep(0)
        return seen

    async def ask(name: str) -> tuple[str, str]:
        request_id.set(name)
        seen, _ = await coalescer.run("key", load)
        return seen, request_id.get()

    first, second = await asyncio.gather(ask("first"), ask("second"))

    assert first == ("first", "first")
    assert second == ("first", "second")


async def test_closing_cancels_what_is_in_flight() -> None:
    """The waiters get a RuntimeError, not a CancelledError."""
    coalescer, platform, tasks = await held(2)

    await coalescer.close()
    errors = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(error) for error in errors] == [RuntimeError] * 2
    assert platform.cancelled == 1
    await coalescer.close()
