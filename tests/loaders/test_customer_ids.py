"""A customer's id is asked for once in ten minutes, for callers who are bound to customers."""

import asyncio

import pytest

from gateway.errors import NotHereError
from gateway.loaders.customer_ids import CustomerIdByKeyLoader, KnownCustomerIds
from gateway.loaders.customer_pages import CustomerPageByKeyLoader
from gateway.request import CallBudget, Caller, Request
from gateway.upstream.customer_promotions import (
    ENDPOINT,
    CustomerKey,
    CustomerPage,
    CustomerPageKey,
)
from gateway.wire.vocabulary import CustomerSource
from tests.cache.clock import Clock
from tests.sandbox.client import NOW

pytestmark = pytest.mark.anyio

KEY = CustomerKey(CustomerSource.INSTORE, "mobile", "49157")


class Port:
    """Knows the customer with the number 49157, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[CustomerPageKey] = []

    async def page(self, key: CustomerPageKey, request: Request) -> CustomerPage:
        """Give an empty page of that customer."""
        self.asked.append(key)
        if key.customer != KEY:
            raise NotHereError(ENDPOINT, 8015)
        return CustomerPage([], 0, customer_id=7)


def loader(
    port: Port, known: KnownCustomerIds, caller: Caller | None = None
) -> CustomerIdByKeyLoader:
    """Make a new request's loader."""
    caller = caller or Caller(customers=frozenset())
    request = Request("r", NOW, caller, deadline=float("inf"), budget=CallBudget(40))
    return CustomerIdByKeyLoader(CustomerPageByKeyLoader(port, request), known, request)


async def test_it_is_remembered_for_ten_minutes() -> None:
    """Whoever asks: what is known of a customer is the same for all."""
    port, clock = Port(), Clock()
    known = KnownCustomerIds(clock)
    assert await loader(port, known).load(KEY) == "7"
    clock.advance(599)
    assert loader(port, known).known(KEY) == "7"
    clock.advance(1)
    assert loader(port, known).known(KEY) is None
    assert [key.limit for key in port.asked] == [1]


async def test_equal_look_ups_of_one_request_are_one_call() -> None:
    """Twenty ids in one query are not twenty calls for the same claim."""
    port = Port()
    ids = loader(port, KnownCustomerIds(Clock()))
    assert await asyncio.gather(*(ids.load(KEY) for _ in range(20))) == ["7"] * 20
    assert len(port.asked) == 1


async def test_nobody_is_not_remembered() -> None:
    """A customer who registers now can be served now."""
    port, known = Port(), KnownCustomerIds(Clock())
    nobody = KEY._replace(identifier_value="0")
    for _ in range(2):
        assert await loader(port, known).load(nobody) is None
    assert len(port.asked) == 2
    assert len(known.by_key) == 0


async def test_callers_whom_nothing_binds_leave_no_trace() -> None:
    """Identifiers are kept for no longer, and for no one, than is needed."""
    known = KnownCustomerIds(Clock())
    loader(Port(), known, Caller()).learn(KEY, "7")
    assert len(known.by_key) == 0
    loader(Port(), known).learn(KEY._replace(identifier_name="id"), "7")
    assert len(known.by_key) == 0
