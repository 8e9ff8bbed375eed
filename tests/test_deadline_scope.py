"""One timer ends all tasks of an operation at its deadline."""

import asyncio
from collections.abc import Callable

import pytest

from gateway.context import DeadlineScope

pytestmark = pytest.mark.anyio


async def _within(scope: DeadlineScope, waits: Callable[[], object]) -> None:
    with scope:
        waits()
        await asyncio.Event().wait()


def _at(seconds: float) -> DeadlineScope:
    return DeadlineScope(asyncio.get_running_loop().time() + seconds)


async def test_all_tasks_are_ended_at_the_deadline() -> None:
    """Each block raises its own TimeoutError, and no task stays cancelled."""
    scope = _at(0.02)
    inside = [asyncio.create_task(_within(scope, lambda: None)) for _ in range(3)]
    results = await asyncio.gather(*inside, return_exceptions=True)
    assert [type(result) for result in results] == [TimeoutError] * 3
    assert [task.cancelling() for task in inside] == [0] * 3


async def test_a_deadline_that_has_passed_ends_each_block() -> None:
    """A block that begins after the deadline ends as well."""
    scope = _at(-1)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await _within(scope, lambda: None)


async def test_a_task_that_has_left_its_block_is_not_ended() -> None:
    """A task that has left its block is not cancelled at the deadline."""
    scope = _at(0.01)
    with scope:
        await asyncio.sleep(0)
    await asyncio.sleep(0.03)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_another_cancellation_stays_one() -> None:
    """Another cancellation stays a CancelledError, before the deadline and at it."""
    for seconds in (5.0, 0.0):
        scope, begun = _at(seconds), asyncio.Event()
        task = asyncio.create_task(_within(scope, begun.set))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_all_tasks_can_be_cancelled() -> None:
    """Cancelling the scope raises CancelledError, not TimeoutError."""
    scope = _at(5)
    inside = [asyncio.create_task(_within(scope, lambda: None)) for _ in range(2)]
    await asyncio.sleep(0)
    scope.cancel()
    results = await asyncio.gather(*inside, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError] * 2


async def _fail_when_cancelled(scope: DeadlineScope) -> None:
    with scope:
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            raise KeyError from None


async def test_an_error_at_the_deadline_is_not_lost() -> None:
    """A task that answers its cancellation with an error raises that error."""
    with pytest.raises(KeyError):
        await _fail_when_cancelled(_at(0))


async def test_a_late_task_does_not_end_a_leaving_one_again() -> None:
    """A clean-up in progress is not cancelled a second time."""
    scope, is_leaving, may_go = _at(-1), asyncio.Event(), asyncio.Event()

    async def leave_slowly() -> None:
        with scope:
            try:
                await asyncio.Event().wait()
            finally:
                is_leaving.set()
                await may_go.wait()

    slow = asyncio.create_task(leave_slowly())
    await is_leaving.wait()
    with pytest.raises(TimeoutError):
        await _within(scope, lambda: None)
    may_go.set()
    with pytest.raises(TimeoutError):
        await slow
    assert slow.cancelling() == 0
