"""Cached and coalesced responses, as GraphQL clients see them."""

import asyncio
from typing import Any

import httpx
import pytest

from gateway.context import CallBudget, Caller, RequestContext
from gateway.errors import UpstreamBadPayloadError
from gateway.upstream.cached_upstream import create_cached_upstream
from gateway.upstream.client import UpstreamClient
from gateway.upstream.credentials import credential_from
from gateway.upstream.customer_identities import KnownCustomerIds
from gateway.upstream.customer_view.endpoint import (
    CustomerFilters,
    CustomerKey,
    CustomerPageKey,
    CustomerViewEndpoint,
)
from gateway.upstream.normalise.enums import CustomerSource
from gateway.upstream.resilience.traffic_shaping import create_traffic_shaping
from tests.sandbox.client import NOW
from tests.support.faulty_platform import QUERY, calls, faulty
from tests.support.graph import settings_for
from tests.support.http_client import post_at_once
from tests.support.httpx_transport import HttpxTransport

DEFINITION = '{ promotion(programId: "9001", promotionId: "90010001") { name } }'
LIST = '{ program(programId: "9001") { promotions { totalCount } } }'
NOWHERE = '{ promotion(programId: "9001", promotionId: "1") { name } }'


def _post(client: httpx.Client, query: str, **headers: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.post("/graphql", json={"query": query}, headers=headers).json()
    return answer


def _upstream(answer: dict[str, Any]) -> dict[str, int]:
    report: dict[str, int] = answer["extensions"]["upstream"]
    return report


def test_a_definition_is_asked_for_once() -> None:
    """The second client gets the cached response, and `upstream` reports that."""
    with faulty(cache_definition_ttl_s=300) as (graph, platform):
        first, second = _post(graph.http, DEFINITION), _post(graph.http, DEFINITION)
        assert first["data"] == second["data"]
        assert _upstream(second) == {
            "calls": 0,
            "coalesced": 0,
            "cached": 1,
            "stale": 0,
            "quotaLeft": None,
        }
        assert calls(platform) == 1


def test_that_there_is_no_definition_is_remembered_too() -> None:
    """A promotion that does not exist is looked up once."""
    with faulty(cache_definition_ttl_s=300) as (graph, platform):
        answers = [_post(graph.http, NOWHERE) for _ in range(2)]
        assert [answer["data"] for answer in answers] == [{"promotion": None}] * 2
        assert calls(platform) == 1


def test_customers_data_is_not_kept() -> None:
    """By default each query calls the platform for the customer."""
    with faulty(cache_definition_ttl_s=300) as (graph, platform):
        for _ in range(2):
            _post(graph.http, QUERY)
        assert calls(platform) == 2


def test_customers_data_is_kept_for_its_own_caller_only() -> None:
    """A cached response is never served to another credential."""
    with faulty(cache_customer_ttl_s=60, upstream_auth="passthrough") as (graph, platform):
        basic = "Basic c2FuZGJveDpzYW5kYm94"
        answers = [_post(graph.http, QUERY, Authorization=basic) for _ in range(2)]
        assert [_upstream(answer)["cached"] for answer in answers] == [0, 1]
        stranger = _post(graph.http, QUERY, Authorization="Basic d3Jvbmc6d3Jvbmc=")
        assert stranger["data"] == {"customer": {"promotions": None}}
        assert stranger["errors"][0]["extensions"]["code"] == "UPSTREAM_AUTH_FAILED"
        assert calls(platform) == 2


def test_forty_equal_queries_at_once_are_one_call() -> None:
    """Equal calls in flight are one call."""
    with faulty("slow=300") as (graph, platform):
        answers = asyncio.run(post_at_once(str(graph.http.base_url), [QUERY] * 40))
        assert all(answer["data"]["customer"] for answer in answers)
        assert sum(_upstream(answer)["coalesced"] for answer in answers) == 39
        assert calls(platform) == 1


def test_an_outage_is_bridged_by_what_is_stale() -> None:
    """A stale definition is served while the platform is down, and reported as stale."""
    with faulty(cache_definition_ttl_s=0.05) as (graph, platform):
        fresh = _post(graph.http, DEFINITION)
        platform.put("/__faults", json=["status=503"])
        for _ in range(2_000):  # its time takes 50 ms to pass, however fast the gateway is
            answer = _post(graph.http, DEFINITION)
            assert answer["data"] == fresh["data"]
            if _upstream(answer)["stale"]:
                break
        assert _upstream(answer)["stale"] == 1


def test_an_answer_that_cannot_be_read_is_not_kept() -> None:
    """The next client's call is made, and succeeds."""
    with faulty("cut_json,count=1", cache_definition_ttl_s=300) as (graph, platform):
        broken, whole = _post(graph.http, LIST), _post(graph.http, LIST)
        assert broken["errors"][0]["extensions"]["code"] == "UPSTREAM_BAD_PAYLOAD"
        assert whole["data"]["program"]["promotions"]["totalCount"]
        assert calls(platform) == 2


class Interrupting(httpx.AsyncBaseTransport):
    """Responds with a page that cannot be read, and starts another load of it right before."""

    def __init__(self) -> None:
        self.count = 0
        self.load: Any = None
        self.second: asyncio.Task[object] | None = None

    async def handle_async_request(self, _request: httpx.Request) -> httpx.Response:
        """Count a call; the second load starts in the turn in which the first call ends."""
        self.count += 1
        if self.second is None:
            self.second = asyncio.create_task(self.load())
        return httpx.Response(200, content=b"{}")


@pytest.mark.anyio
async def test_a_failure_serves_an_equal_call_that_starts_as_it_ends() -> None:
    """Between the end of a call and its waiting task, one request does not make it again."""
    transport = Interrupting()
    settings = settings_for("http://platform.test")
    traffic, http = create_traffic_shaping(settings), HttpxTransport(transport)
    client = UpstreamClient(http, credential_from(settings), traffic, 10**6)
    cached = create_cached_upstream(settings, client)
    deadline = asyncio.get_running_loop().time() + 60
    request = RequestContext("r", NOW, Caller(frozenset()), deadline, CallBudget(10))
    endpoint = CustomerViewEndpoint(cached, KnownCustomerIds(cached.credential.identity))
    customer = CustomerKey(CustomerSource.INSTORE, "externalId", "C-1")
    key = CustomerPageKey(customer, CustomerFilters(), 0, 10)
    transport.load = lambda: endpoint.page(key, request)
    with pytest.raises(UpstreamBadPayloadError):
        await transport.load()
    assert transport.second is not None
    with pytest.raises(UpstreamBadPayloadError):
        await transport.second
    assert transport.count == 1
