"""One promotion of one customer, for which the upstream has no look-up."""

import asyncio
import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from structlog.testing import capture_logs

from gateway.context import CallBudget, Caller
from gateway.context import RequestContext as GatewayRequest
from gateway.dataloaders.customer_pages import CustomerPageByKeyLoader
from gateway.dataloaders.customer_promotions import (
    CustomerPromotionByIdLoader,
    CustomerPromotionKey,
)
from gateway.errors import CustomerMismatchError
from gateway.sandbox.customer_view import promotion_data
from gateway.schema.ids import write_id
from gateway.upstream.customer_view.endpoint import (
    ENDPOINT,
    CustomerKey,
    CustomerPage,
    CustomerPageKey,
)
from gateway.upstream.normalise.enums import CustomerSource
from tests.sandbox.client import NOW
from tests.support.graph import Graph, graph_over
from tests.support.scripted_platform import Platform, platform

FOR = '{promotion(programId:"%d",promotionId:"%d"){forCustomer(by:{%s}){id customer{customerId}}}}'
FIRST_OF_3000 = write_id("CustomerPromotion", "INSTORE", "700000005", "9003", "90033000")
LAST_OF_3000 = write_id("CustomerPromotion", "INSTORE", "700000005", "9003", "90030001")
NODE = "query($id:ID!){node(id:$id){id}}"


def test_for_customer_shows_the_customers_own(graph: Graph) -> None:
    """By any identifier it is the same node that `node` returns."""
    data = graph.ask(FOR % (9001, 90_010_001, 'mobile:"4915700000006"'))
    found = data["promotion"]["forCustomer"]
    assert found["customer"] == {"customerId": "700000006"}
    assert found["id"] == write_id("CustomerPromotion", "INSTORE", "700000006", "9001", "90010001")
    assert graph.calls == 2
    assert graph.ask(NODE, {"id": found["id"]}) == {"node": {"id": found["id"]}}
    assert graph.calls == 1


@pytest.mark.parametrize("who", ['externalId:"C-ONE"', 'externalId:"nobody"', 'mobile:"+0"'])
def test_for_customer_is_null_where_they_do_not_have_it(graph: Graph, who: str) -> None:
    """Another customer, or no such customer, is null without an error."""
    assert graph.ask(FOR % (9001, 90_010_001, who)) == {"promotion": {"forCustomer": None}}


def test_the_walk_ends_where_it_has_found_them(graph: Graph) -> None:
    """The first of 3,000 takes one call, the last thirty: windows of a hundred."""
    assert graph.ask(NODE, {"id": FIRST_OF_3000})["node"] == {"id": FIRST_OF_3000}
    assert graph.calls == 1
    assert graph.ask(NODE, {"id": LAST_OF_3000})["node"] == {"id": LAST_OF_3000}
    assert graph.calls == 30
    assert all("limit=100&" in query and "programs=9003" in query for query in graph.queries())


def test_the_budget_ends_a_walk_with_an_error(sandbox_url: str) -> None:
    """Beyond the call budget it is null with UPSTREAM_BUDGET_EXCEEDED."""
    with graph_over(sandbox_url, upstream_max_calls_per_operation=2) as graph:
        assert graph.ask(NODE, {"id": FIRST_OF_3000})["node"] == {"id": FIRST_OF_3000}
        assert graph.errors(NODE, {"id": LAST_OF_3000}) == [("UPSTREAM_BUDGET_EXCEEDED", ["node"])]
        assert graph.calls == 2
        answer = graph.answer(FOR % (9003, 90_030_001, 'externalId:"C-3000"'))
        assert answer["data"] == {"promotion": {"forCustomer": None}}
        assert [error["path"] for error in answer["errors"]] == [["promotion", "forCustomer"]]
        assert "limit of 2 per operation" in answer["errors"][0]["message"]


def test_what_one_customer_lacks_costs_their_whole_list_once(graph: Graph) -> None:
    """Missing promotions are null after the last page; the others are returned."""
    ids = [
        write_id("CustomerPromotion", "INSTORE", "700000004", "9101", promotion_id)
        for promotion_id in ("91010101", "1", "91010001")
    ]
    data = graph.ask("query($ids:[ID!]!){nodes(ids:$ids){id}}", {"ids": ids})
    assert data["nodes"] == [{"id": ids[0]}, None, {"id": ids[2]}]
    assert graph.calls == 2


def test_nobody_is_null(graph: Graph) -> None:
    """A customer who no longer exists, or not on that source, is null."""
    for source, customer_id in (("INSTORE", "1"), ("LINE", "700000006")):
        id_ = write_id("CustomerPromotion", source, customer_id, "9001", "90010001")
        assert graph.ask(NODE, {"id": id_}) == {"node": None}


def test_more_programs_than_a_filter_takes_are_walked_without_it(sandbox_url: str) -> None:
    """More than a hundred programs are not filtered for."""
    programs = [*range(20_000, 20_150), 9001]
    ids = [
        write_id("CustomerPromotion", "INSTORE", "700000006", str(program), "90010001")
        for program in programs
    ]
    with graph_over(sandbox_url, max_list_length=200) as graph:
        data = graph.ask("query($ids:[ID!]!){nodes(ids:$ids){id}}", {"ids": ids})
        assert data["nodes"] == [None] * 150 + [{"id": ids[-1]}]
        assert graph.calls == 1
        assert "programs" not in graph.queries()[0]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Platform, Graph]]:
    """Serve a platform whose responses a test may replace."""
    with platform() as (scripted, url), graph_over(url) as graph:
        yield scripted, graph


def test_an_unreadable_item_on_the_way_makes_absence_an_error(
    served: tuple[Platform, Graph],
) -> None:
    """Found promotions are returned; missing ones fail, because they may be unreadable."""
    scripted, graph = served

    async def first_is_garbage(request: Request) -> Response:
        body = promotion_data(scripted.world, lambda: NOW, request.query_params)
        body["promotions"][0]["promotionName"] = None
        return JSONResponse(body)

    scripted.responses["promotionData"] = first_is_garbage
    with capture_logs() as logs:
        assert graph.errors(NODE, {"id": FIRST_OF_3000}) == [("UPSTREAM_BAD_PAYLOAD", ["node"])]
    assert "upstream_list_incomplete" in {line["event"] for line in logs}
    ten = [
        write_id("CustomerPromotion", "INSTORE", "700000006", "9001", promotion_id)
        for promotion_id in ("90010001", "90010002")
    ]
    answer = graph.answer("query($ids:[ID!]!){nodes(ids:$ids){id}}", {"ids": ten})
    assert answer["data"]["nodes"] == [None, {"id": ten[1]}]
    assert [(e["extensions"]["code"], e["path"]) for e in answer["errors"]] == [
        ("UPSTREAM_BAD_PAYLOAD", ["nodes", 0])
    ]


@pytest.mark.anyio
async def test_a_walk_over_two_customers_finds_nothing() -> None:
    """Found promotions are discarded if a later window is about another customer."""

    class Port:
        async def page(
            self, key: CustomerPageKey, request: GatewayRequest, max_age_s: float = math.inf
        ) -> CustomerPage:
            if key.offset:
                raise CustomerMismatchError(ENDPOINT)
            item: Any = SimpleNamespace(program_id=1, promotion_id=1)
            return CustomerPage([item], 2, customer_id=7)

    request = GatewayRequest("r", NOW, Caller(), deadline=math.inf, budget=CallBudget(40))
    loader = CustomerPromotionByIdLoader(CustomerPageByKeyLoader(Port(), request))
    customer = CustomerKey(CustomerSource.INSTORE, "mobile", "49157")
    found, sought = (
        loader.load(CustomerPromotionKey(customer, "1", promotion_id)) for promotion_id in "12"
    )
    results = await asyncio.gather(found, sought, return_exceptions=True)
    assert [type(result) for result in results] == [CustomerMismatchError] * 2
