"""The call budget of an operation, and which call gets the last of it."""

import asyncio

import pytest

from gateway.context import CallBudget
from gateway.errors import BudgetExceededError

pytestmark = pytest.mark.anyio


async def test_no_call_is_taken_beyond_the_budget() -> None:
    """A call beyond the budget is refused, and changes nothing."""
    budget = CallBudget(2)
    await budget.acquire()
    await budget.acquire()
    with pytest.raises(BudgetExceededError):
        await budget.acquire()
    assert budget.spent == 2


async def test_a_call_that_was_not_sent_is_refunded() -> None:
    """A call refused by the breaker or the quota is refunded."""
    budget = CallBudget(1)
    await budget.acquire(is_low_priority=True)
    budget.release(is_low_priority=True, is_sent=False)
    await budget.acquire(is_low_priority=True)
    budget.release(is_low_priority=True)
    assert budget.is_spent


async def test_a_low_priority_call_waits_for_a_reservation_of_the_last_one() -> None:
    """A low-priority call gets the last one once a page has released its reservation."""
    budget = CallBudget(1)
    with budget.reserve():
        waiting = asyncio.create_task(budget.acquire(is_low_priority=True))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not waiting.done()
    await waiting
    assert budget.spent == 1


async def test_a_low_priority_call_is_refused_once_the_reserved_call_is_spent() -> None:
    """It does not wait once no call is left."""
    budget = CallBudget(1)
    with budget.reserve():
        waiting = asyncio.create_task(budget.acquire(is_low_priority=True))
        await asyncio.sleep(0)
        await budget.acquire()
        budget.release()
    with pytest.raises(BudgetExceededError):
        await waiting


async def test_a_call_in_flight_is_not_reserved_twice() -> None:
    """A page whose call is in flight does not reserve a second one."""
    budget = CallBudget(2)
    with budget.reserve():
        await budget.acquire()
        await asyncio.wait_for(budget.acquire(is_low_priority=True), 1)
    assert budget.is_spent


async def test_a_low_priority_call_gets_what_is_not_reserved() -> None:
    """With two of three calls reserved, a low-priority call gets the third at once."""
    budget = CallBudget(3)
    with budget.reserve(), budget.reserve():
        await asyncio.wait_for(budget.acquire(is_low_priority=True), 1)
        second = asyncio.create_task(budget.acquire(is_low_priority=True))
        await asyncio.sleep(0)
        assert not second.done()
        await budget.acquire()
        await budget.acquire()
    with pytest.raises(BudgetExceededError):
        await second


async def test_a_walk_reserves_every_call() -> None:
    """A list of unknown length reserves all calls until it has ended."""
    budget = CallBudget(40)
    with budget.reserve(budget.max_calls):
        await budget.acquire()
        budget.release()
        waiting = asyncio.create_task(budget.acquire(is_low_priority=True))
        await asyncio.sleep(0)
        assert not waiting.done()
    await waiting
    assert budget.spent == 2


async def test_a_cancelled_low_priority_call_spends_nothing() -> None:
    """A cancelled low-priority call leaves its call to others."""
    budget = CallBudget(1)
    with budget.reserve():
        leaving = asyncio.create_task(budget.acquire(is_low_priority=True))
        staying = asyncio.create_task(budget.acquire(is_low_priority=True))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.wait([leaving])
    await staying
    assert budget.spent == 1


@pytest.mark.anyio
async def test_calls_that_could_never_start_in_time_are_too_many() -> None:
    """Calls that the quota cannot start before the deadline are refused, unless of low priority."""
    budget = CallBudget(40, max_startable=2)
    await budget.acquire()
    await budget.acquire()
    assert not budget.allows(is_low_priority=False)
    with pytest.raises(BudgetExceededError, match="limit of 2 per"):
        await budget.acquire()
    await budget.acquire(is_low_priority=True)
    budget.release(is_sent=False)
    await budget.acquire()
    assert budget.spent == 3
