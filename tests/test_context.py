"""What belongs to one request: who comes first where an operation's calls run short."""

import asyncio

import pytest

from gateway.context import CallBudget
from gateway.errors import BudgetExceededError

pytestmark = pytest.mark.anyio


async def test_no_call_is_taken_beyond_the_budget() -> None:
    """The one too many is refused, and takes nothing."""
    budget = CallBudget(2)
    await budget.take()
    await budget.take()
    with pytest.raises(BudgetExceededError):
        await budget.take()
    assert budget.spent == 2


async def test_a_call_that_was_not_made_is_given_back() -> None:
    """What a breaker or a quota refused costs the operation nothing."""
    budget = CallBudget(1)
    await budget.take(yields=True)
    budget.end(yields=True, is_made=False)
    await budget.take(yields=True)
    budget.end(yields=True)
    assert budget.is_spent


async def test_a_call_that_yields_waits_for_a_claim_on_the_last_one() -> None:
    """It gets the last call once the page has ended that had a claim, and has not needed it."""
    budget = CallBudget(1)
    with budget.reserve():
        waiting = asyncio.create_task(budget.take(yields=True))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not waiting.done()
    await waiting
    assert budget.spent == 1


async def test_a_call_that_yields_is_refused_once_the_claim_has_taken_the_last() -> None:
    """It does not wait for what cannot come."""
    budget = CallBudget(1)
    with budget.reserve():
        waiting = asyncio.create_task(budget.take(yields=True))
        await asyncio.sleep(0)
        await budget.take()
        budget.end()
    with pytest.raises(BudgetExceededError):
        await waiting


async def test_a_claim_rests_while_its_call_is_made() -> None:
    """What a page on its way has taken is not kept for it a second time."""
    budget = CallBudget(2)
    with budget.reserve():
        await budget.take()
        await asyncio.wait_for(budget.take(yields=True), 1)
    assert budget.is_spent


async def test_a_call_that_yields_takes_what_no_claim_needs() -> None:
    """Two claims leave one of three calls to it at once."""
    budget = CallBudget(3)
    with budget.reserve(), budget.reserve():
        await asyncio.wait_for(budget.take(yields=True), 1)
        second = asyncio.create_task(budget.take(yields=True))
        await asyncio.sleep(0)
        assert not second.done()
        await budget.take()
        await budget.take()
    with pytest.raises(BudgetExceededError):
        await second


async def test_a_walk_claims_every_call() -> None:
    """Nobody knows how long it is: who yields waits until it has ended."""
    budget = CallBudget(40)
    with budget.reserve(budget.most):
        await budget.take()
        budget.end()
        waiting = asyncio.create_task(budget.take(yields=True))
        await asyncio.sleep(0)
        assert not waiting.done()
    await waiting
    assert budget.spent == 2


async def test_whoever_yields_and_leaves_takes_nothing() -> None:
    """A cancelled wait leaves the call to others."""
    budget = CallBudget(1)
    with budget.reserve():
        leaving = asyncio.create_task(budget.take(yields=True))
        staying = asyncio.create_task(budget.take(yields=True))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.wait([leaving])
    await staying
    assert budget.spent == 1


@pytest.mark.anyio
async def test_calls_that_could_never_start_in_time_are_too_many() -> None:
    """Those that yield are not bounded so: what they bring is kept, and the next try gets on."""
    budget = CallBudget(40, max_startable=2)
    await budget.take()
    await budget.take()
    assert not budget.allows(yields=False)
    with pytest.raises(BudgetExceededError, match="limit of 2 per"):
        await budget.take()
    await budget.take(yields=True)
    budget.end(is_made=False)
    await budget.take()
    assert budget.spent == 3
