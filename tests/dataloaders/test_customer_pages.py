"""Pages of customers: equal windows in one request, in two, and cancellation."""

import asyncio
from typing import Any

import pytest

from gateway.context import CallBudget, Caller, RequestContext
from gateway.dataloaders.customer_pages import CustomerPageByKeyLoader
from gateway.errors import UpstreamTimeoutError, UpstreamUnavailableError
from gateway.upstream.cached_upstream import create_cached_upstream
from gateway.upstream.client import UpstreamClient
from gateway.upstream.credentials import FixedCredential
from gateway.upstream.customer_identities import KnownCustomerIds
from gateway.upstream.customer_view.endpoint import (
    NO_FILTERS,
    CustomerKey,
    CustomerPage,
    CustomerPageKey,
    CustomerViewEndpoint,
)
from gateway.upstream.http_transport import TransportResponse
from gateway.upstream.normalise.enums import CustomerSource
from gateway.upstream.resilience.traffic_shaping import create_traffic_shaping
from tests.sandbox.client import NOW
from tests.support.graph import settings_for

pytestmark = pytest.mark.anyio

BODY = b'{"customerId": 7, "promotions": [], "pageDetails": {"totalEntries": 0}}'
KEY = CustomerPageKey(CustomerKey(CustomerSource.INSTORE, "mobile", "49157"), NO_FILTERS, 0, 11)
Loading = asyncio.Task[CustomerPage]


class Platform:
    """A transport that responds with `status` once released, and counts calls and cancellations."""

    def __init__(self, status: int = 200) -> None:
        self.status, self.calls, self.given_up = status, 0, 0
        self.let_go = asyncio.Event()
        settings = settings_for("http://platform.test")
        credential, traffic = FixedCredential({}), create_traffic_shaping(settings)
        client = UpstreamClient(self, credential, traffic, 1000)
        self.port = CustomerViewEndpoint(
            create_cached_upstream(settings, client), KnownCustomerIds(credential.identity)
        )

    async def send(self, *_: Any, **__: Any) -> TransportResponse:
        """Record a call and wait for its release."""
        self.calls += 1
        try:
            await self.let_go.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        return TransportResponse(self.status, {}, BODY)

    async def aclose(self) -> None:
        """Close nothing."""

    def request(self, within_s: float = 5.0) -> tuple[RequestContext, CustomerPageByKeyLoader]:
        """Create a request."""
        deadline = asyncio.get_running_loop().time() + within_s
        request = RequestContext("1", NOW, Caller(), deadline, CallBudget(40))
        return request, CustomerPageByKeyLoader(self.port, request)


async def _begin(*loaders: CustomerPageByKeyLoader) -> list[Loading]:
    tasks = [asyncio.create_task(loader.load(KEY)) for loader in loaders]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_equal_windows_of_one_request_are_one_call_that_is_read_once() -> None:
    """Concurrently or in succession; only the first counts as a call."""
    platform = Platform()
    request, loader = platform.request()
    loading = await _begin(loader, loader)
    platform.let_go.set()
    first, second = await asyncio.gather(*loading)
    assert first is second is await loader.load(KEY)
    assert (platform.calls, request.report.coalesced) == (1, 0)


async def test_equal_windows_of_two_requests_are_one_call_that_each_reads() -> None:
    """A request that has joined the call reports so, and has a page of its own."""
    platform = Platform()
    (one, first), (other, second) = platform.request(), platform.request()
    loading = await _begin(first, second)
    platform.let_go.set()
    pages = await asyncio.gather(*loading)
    assert pages[0] is not pages[1]
    assert pages[0] == pages[1]
    assert (one.report.coalesced, other.report.coalesced, platform.calls) == (0, 1, 1)


@pytest.mark.parametrize("leaving", [0, 1])
@pytest.mark.parametrize("is_one_request", [True, False])
async def test_who_leaves_costs_the_other_nothing(leaving: int, is_one_request: bool) -> None:  # noqa: FBT001 - a case
    """Cancelling one request, be it the first, does not affect the other."""
    platform = Platform()
    first = platform.request()[1]
    loading = await _begin(first, first if is_one_request else platform.request()[1])
    loading[leaving].cancel()
    await asyncio.wait([loading[leaving]])
    platform.let_go.set()
    assert (await loading[1 - leaving]).customer_id == 7
    assert (platform.calls, platform.given_up) == (1, 0)


async def test_a_request_that_is_given_up_gives_its_call_up() -> None:
    """A call that no request waits for is cancelled."""
    platform = Platform()
    request, loader = platform.request()
    (loading,) = await _begin(loader)
    request.abandon()
    await asyncio.wait([loading])
    await asyncio.sleep(0)
    assert loading.cancelled()
    assert platform.given_up == 1


async def test_a_deadline_ends_all_calls_of_its_request_and_no_others() -> None:
    """A request that has joined a call of one whose deadline has passed makes its own call."""
    platform = Platform()
    hurried, patient = platform.request(within_s=0.02)[1], platform.request()[1]
    first, second = await _begin(hurried, patient)
    with pytest.raises(UpstreamTimeoutError):
        await first
    platform.let_go.set()
    assert (await second).customer_id == 7
    assert (platform.calls, platform.given_up) == (2, 1)


async def test_a_window_that_failed_is_not_asked_for_again() -> None:
    """A failure is one error for all pages of an operation."""
    platform = Platform(status=500)
    platform.let_go.set()
    loader = platform.request()[1]
    for _ in range(2):
        with pytest.raises(UpstreamUnavailableError):
            await loader.load(KEY)
    assert platform.calls == 1
