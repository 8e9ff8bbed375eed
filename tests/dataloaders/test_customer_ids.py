"""A customer's id is looked up once, and is valid as long as its proof."""

import asyncio
import math
from collections.abc import Awaitable
from typing import TypeVar

import pytest

from gateway.context import CallBudget, Caller, RequestContext
from gateway.dataloaders.customer_ids import CustomerIdByKeyLoader
from gateway.dataloaders.customer_pages import CustomerPageByKeyLoader
from gateway.errors import UpstreamNotFoundError
from gateway.upstream.customer_identities import PROOF_S, KnownCustomerIds
from gateway.upstream.customer_view.endpoint import (
    ENDPOINT,
    CustomerKey,
    CustomerPage,
    CustomerPageKey,
)
from gateway.upstream.normalise.enums import CustomerSource
from tests.sandbox.client import NOW
from tests.support.clock import Clock

pytestmark = pytest.mark.anyio

T = TypeVar("T")

KEY = CustomerKey(CustomerSource.INSTORE, "mobile", "49157")


class Port:
    """A port with the customer 49157, which records its calls."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.known = KnownCustomerIds(lambda _: "configured", self.clock)
        self.asked: list[tuple[CustomerPageKey, float]] = []

    async def page(
        self, key: CustomerPageKey, request: RequestContext, max_age_s: float = math.inf
    ) -> CustomerPage:
        """Return an empty page of that customer."""
        self.asked.append((key, max_age_s))
        if key.customer != KEY:
            raise UpstreamNotFoundError(ENDPOINT, 8015)
        self.known.record(request, key.customer, 7, self.known.contradictions)
        return CustomerPage([], 0, customer_id=7)

    def request(self) -> RequestContext:
        """Create a request."""
        return RequestContext("r", NOW, Caller(), deadline=math.inf, budget=CallBudget(40))

    def loader(self, request: RequestContext | None = None) -> CustomerIdByKeyLoader:
        """Create the loader of a request, by default of a new one."""
        request = request or self.request()
        return CustomerIdByKeyLoader(CustomerPageByKeyLoader(self, request), self.known, request)


async def test_it_is_remembered_for_ten_minutes() -> None:
    """A customer's id is shared by all requests."""
    port = Port()
    assert await port.loader().load(KEY) == "7"
    port.clock.advance(599)
    assert port.loader().known(KEY) == "7"
    port.clock.advance(1)
    assert port.loader().known(KEY) is None
    assert [key.limit for key, _ in port.asked] == [1]


async def test_no_older_answer_proves_an_id() -> None:
    """A look-up limits the age of a cached response."""
    port = Port()
    await port.loader().load(KEY)
    assert [max_age_s for _, max_age_s in port.asked] == [PROOF_S]


async def test_what_is_made_of_an_id_lasts_no_longer_than_its_proof() -> None:
    """A response that depends on an id is fresh no longer than the id's proof."""
    port = Port()
    proven_at = port.clock.now
    asking, knowing = port.request(), port.request()
    await port.loader(asking).load(KEY)
    port.clock.advance(300)
    assert port.loader(knowing).known(KEY) == "7"
    for request in (asking, knowing):
        assert request.report.fresh_until == proven_at + PROOF_S


async def test_equal_look_ups_of_one_request_are_one_call() -> None:
    """Twenty ids in one query are one look-up of the claim."""
    port = Port()
    ids = port.loader()
    assert await asyncio.gather(*(ids.load(KEY) for _ in range(20))) == ["7"] * 20
    assert len(port.asked) == 1


async def test_nobody_is_not_remembered() -> None:
    """A negative result is not stored: a customer who registers now can be found."""
    port = Port()
    nobody = KEY._replace(identifier_value="0")
    for _ in range(2):
        assert await port.loader().load(nobody) is None
    assert len(port.asked) == 2
    assert len(port.known) == 0


async def test_answers_that_are_awaited_together_end_together() -> None:
    """A load waits for others of the same customer, and for no other customer's."""
    ids, gate = Port().loader(), asyncio.Event()
    other = KEY._replace(identifier_value="0")

    async def together(key: CustomerKey, response: Awaitable[T]) -> T:
        async with ids.together(key):
            return await response

    held = asyncio.create_task(together(KEY, gate.wait()))
    given_up = asyncio.create_task(together(KEY, asyncio.sleep(0, 0)))
    early = asyncio.create_task(together(KEY, asyncio.sleep(0, 1)))
    assert await together(other, asyncio.sleep(0, 2)) == 2
    given_up.cancel()
    await asyncio.wait([given_up])
    assert not early.done()
    gate.set()
    assert await asyncio.wait_for(early, 1) == 1
    assert await held
    assert await together(KEY, asyncio.sleep(0, 3)) == 3
