"""When a customer is present or null, and which errors are reported."""

from collections.abc import Iterator

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.schema.ids import write_id
from tests.support.graph import Graph, graph_over
from tests.support.scripted_platform import Platform, errors_body, platform

TWO = "{customerId a:promotions(first:1){totalCount} b:promotions(first:2){totalCount}}"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Platform, Graph]]:
    """Serve one platform and one gateway for this module."""
    with platform() as (scripted, url), graph_over(url) as graph:
        yield scripted, graph


def _only_at_limit(limit: str, response: Response, other: Response | None = None) -> object:
    async def answer(request: Request) -> Response | None:
        return response if request.query_params["limit"] == limit else other

    return answer


@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_nobody_is_null_without_an_error(scripted: Platform, asking: Graph, status: int) -> None:
    """8015, with any HTTP status, does not affect sibling fields."""
    scripted.responses["promotionData"] = _only_at_limit(  # type: ignore[assignment]
        "1", JSONResponse(errors_body(8015), status)
    )
    data = asking.ask(
        '{nobody:customer(by:{externalId:"C-TEN"}){promotions(first:1){totalCount}}'
        ' somebody:customer(by:{externalId:"C-TEN"}){promotions(first:2){totalCount}}'
        ' program(programId:"9001"){name}}'
    )
    assert data == {
        "nobody": None,
        "somebody": {"promotions": {"totalCount": 10}},
        "program": {"name": "Sandbox Coffee"},
    }


@pytest.mark.parametrize("limit", ["1", "2"])
def test_any_8015_makes_the_customer_null(scripted: Platform, asking: Graph, limit: str) -> None:
    """One page with "no such customer" wins over pages that succeed or fail."""
    for other in (None, Response("", 500)):
        scripted.responses["promotionData"] = _only_at_limit(  # type: ignore[assignment]
            limit, JSONResponse(errors_body(8015), 400), other
        )
        assert asking.ask(f'{{customer(by:{{externalId:"C-TEN"}}){TWO}}}') == {"customer": None}


def test_a_page_that_fails_is_null_beside_one_that_succeeds(
    scripted: Platform, asking: Graph
) -> None:
    """One successful page makes the customer present; the failed page has its own error."""
    scripted.responses["promotionData"] = _only_at_limit("1", Response("", 500))  # type: ignore[assignment]
    answer = asking.answer(f'{{customer(by:{{externalId:"C-TEN"}}){TWO}}}')
    assert answer["data"]["customer"] == {
        "customerId": "700000006",
        "a": None,
        "b": {"totalCount": 10},
    }
    assert [(e["extensions"]["code"], e["path"]) for e in answer["errors"]] == [
        ("UPSTREAM_UNAVAILABLE", ["customer", "a"])
    ]


def test_all_pages_failing_is_one_error(scripted: Platform, asking: Graph) -> None:
    """Without another source of the id, the customer is null with one error, not one a page."""
    scripted.responses["promotionData"] = Response("", 503)
    answer = asking.answer(f'{{customer(by:{{externalId:"C-TEN"}}){TWO}}}')
    assert answer["data"] == {"customer": None}
    assert [(e["extensions"]["code"], e["path"]) for e in answer["errors"]] == [
        ("UPSTREAM_UNAVAILABLE", ["customer", "customerId"])
    ]
    assert asking.calls == 2


def test_a_bad_page_beside_a_good_one_is_null_by_itself(asking: Graph) -> None:
    """Bad input in one page is an error of that page and makes no call."""
    answer = asking.answer(
        '{customer(by:{externalId:"C-TEN"})'
        '{a:promotions(first:101){totalCount} b:promotions(after:"x"){totalCount}'
        " c:promotions(first:2){totalCount}}}"
    )
    assert answer["data"] == {"customer": {"a": None, "b": None, "c": {"totalCount": 10}}}
    assert [(e["extensions"]["code"], e["path"][-1]) for e in answer["errors"]] == [
        ("BAD_USER_INPUT", "a"),
        ("CURSOR_INVALID", "b"),
    ]
    assert asking.calls == 1


def test_a_customer_who_vanishes_below_is_null(scripted: Platform, asking: Graph) -> None:
    """8015 for a page of a nested customer is null without an error."""
    scripted.responses["promotionData"] = _only_at_limit(  # type: ignore[assignment]
        "5", JSONResponse(errors_body(8015), 400)
    )
    data = asking.ask(
        '{customer(by:{externalId:"C-TEN"}){promotions(first:1)'
        "{nodes{customer{customerId promotions(first:5){totalCount}}}}}}"
    )
    (node,) = data["customer"]["promotions"]["nodes"]
    assert node["customer"] == {"customerId": "700000006", "promotions": None}


def test_the_source_is_part_of_the_look_up(graph: Graph) -> None:
    """A customer of one source is unknown on another, or has another id there."""
    data = graph.ask(
        """{
          a: customer(by: {externalId: "C-EVERYWHERE"}) { id }
          b: customer(by: {externalId: "C-EVERYWHERE"}, source: LINE) { id }
          c: customer(by: {externalId: "C-ONLINE"}) { id }
          d: customer(by: {externalId: "C-ONLINE"}, source: WEBSITE) { id }
          e: customer(by: {externalId: "C-ONLINE"}, source: ALL) { id }
        }"""
    )
    assert data["c"] is None
    assert len({found["id"] for found in data.values() if found}) == 4
    assert graph.calls == 5


def test_customers_keep_their_order_and_each_their_own_error(
    scripted: Platform, asking: Graph
) -> None:
    """An unknown customer is null without an error, a failure null with an error at its index."""
    scripted.responses["promotionData"] = _failing_for("C-001")  # type: ignore[assignment]
    names = ["C-TEN", "nobody", "C-001", "C-ONE", "", "C-001", "C-TEN"]
    who = ",".join(f'{{externalId:"{name}"}}' for name in names)
    answer = asking.answer(f"{{customers(by:[{who}]){{customerId}}}}")
    found = [c and c["customerId"] for c in answer["data"]["customers"]]
    assert found == ["700000006", None, None, "700000002", None, None, "700000006"]
    assert [(e["extensions"]["code"], e["path"]) for e in answer["errors"]] == [
        ("UPSTREAM_RATE_LIMITED", ["customers", 2]),
        ("BAD_USER_INPUT", ["customers", 4]),
        ("UPSTREAM_RATE_LIMITED", ["customers", 5]),
    ]
    assert "by[4].externalId" in answer["errors"][1]["message"]
    assert asking.calls == 4
    assert asking.ask("{customers(by:[]){customerId}}") == {"customers": []}


def test_nodes_keep_their_order_and_each_their_own_error(scripted: Platform, asking: Graph) -> None:
    """Nodes of every type, an invalid id, a failure and unknown nodes in one query."""

    async def failing(request: Request) -> Response | None:
        return Response("", 503) if request.query_params["identifierValue"] == "1" else None

    scripted.responses["promotionData"] = failing
    ids = [
        write_id("Program", "9001"),
        "broken",
        write_id("Customer", "INSTORE", "1"),
        write_id("Customer", "INSTORE", "2"),
        write_id("Promotion", "9001", "90010001"),
        write_id("Promotion", "9001", "1"),
        write_id("CustomerPromotion", "INSTORE", "700000006", "9001", "90010001"),
    ]
    answer = asking.answer("query($ids:[ID!]!){nodes(ids:$ids){id __typename}}", {"ids": ids})
    found = [node and node["__typename"] for node in answer["data"]["nodes"]]
    assert found == ["Program", None, None, None, "Promotion", None, "CustomerPromotion"]
    for node, id_ in zip(answer["data"]["nodes"], ids, strict=True):
        assert node is None or node["id"] == id_
    assert [(e["extensions"]["code"], e["path"]) for e in answer["errors"]] == [
        ("BAD_USER_INPUT", ["nodes", 1]),
        ("UPSTREAM_UNAVAILABLE", ["nodes", 2]),
    ]


def _failing_for(name: str) -> object:
    async def answer(request: Request) -> Response | None:
        failing = request.query_params["identifierValue"] == name
        return Response("", 429, {"Retry-After": "7"}) if failing else None

    return answer
