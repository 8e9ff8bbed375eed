"""Several operations in one request: an array, with the results in its order."""

from typing import Any

import httpx
import pytest

from gateway.sandbox.app import create_sandbox
from tests.sandbox.client import NOW, shared_world
from tests.support.graph import graph_over, serve_gateway
from tests.support.http_client import GRAPHQL, client, code
from tests.support.logged import Lines
from tests.support.serving import serve

WORLD = shared_world()
TYPENAME = {"query": "{ __typename }"}


def post(http: httpx.Client, body: Any, accept: str = "application/json") -> httpx.Response:
    """Send a batch."""
    return http.post("/graphql", json=body, headers={"Accept": accept})


def codes(answer: httpx.Response) -> list[list[str]]:
    """Return the error codes of each operation."""
    assert answer.status_code == 200
    return [
        [error["extensions"]["code"] for error in one.get("errors", [])] for one in answer.json()
    ]


@pytest.mark.parametrize("accept", ["application/json", GRAPHQL, "*/*"])
def test_operations_are_answered_in_order(http: httpx.Client, accept: str) -> None:
    """Each with its own name, variables and data."""
    query = "query Q($id: ID!) { program(programId: $id) { programId } }"
    batch = [{"query": query, "variables": {"id": str(n)}, "operationName": "Q"} for n in (3, 1, 2)]
    answer = post(http, batch, accept)
    assert [one["data"]["program"]["programId"] for one in answer.json()] == ["3", "1", "2"]
    assert answer.headers["cache-control"] == "private, no-store"


def test_each_operation_has_its_own_errors(http: httpx.Client) -> None:
    """An invalid one does not affect the others."""
    batch = [
        TYPENAME,
        {"query": "{"},
        {"query": "{ nothing }"},
        {"query": '{ program(programId: "x") { id } }'},
        {"query": 3},
        {},
        {"query": "query A { __typename } query B { __typename }"},
        {"query": "mutation { x }"},
        TYPENAME,
    ]
    assert codes(post(http, batch)) == [
        [],
        ["GRAPHQL_PARSE_FAILED"],
        ["GRAPHQL_VALIDATION_FAILED"],
        ["BAD_USER_INPUT"],
        ["BAD_REQUEST"],
        ["BAD_REQUEST"],
        ["BAD_REQUEST"],
        ["GRAPHQL_VALIDATION_FAILED"],
        [],
    ]


@pytest.mark.parametrize(
    "batch",
    [[], [TYPENAME] * 11, [[TYPENAME]], [TYPENAME, []], [None], [TYPENAME, 3], ["{ __typename }"]],
    ids=["empty", "too many", "nested", "nested second", "null", "number", "text"],
)
def test_what_is_no_batch_is_refused_as_a_whole(http: httpx.Client, batch: list[Any]) -> None:
    """An array of 1 to 10 objects, or nothing is executed."""
    answer = post(http, batch)
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")
    assert "1 to 10" in answer.text


def test_batching_can_be_switched_off(sandbox_url: str) -> None:
    """With GATEWAY_MAX_BATCH=1 an array is refused."""
    with serve_gateway(sandbox_url, max_batch=1) as url, client(url) as http:
        answer = post(http, [TYPENAME])
        assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")
        assert post(http, TYPENAME).json()["data"] == {"__typename": "Query"}


def test_a_batch_has_the_calls_of_one_operation(sandbox_url: str) -> None:
    """Ten operations share the call budget of one."""
    query = '{ customer(by: {externalId: "%s"}) { promotions(first: 1) { totalCount } } }'
    names = ["C-CURRENT", "C-TEN", "C-101", "C-MIXED"]
    with graph_over(sandbox_url, upstream_max_calls_per_operation=2) as graph:
        graph.answer("{ __typename }")
        answer = post(graph.http, [{"query": query % name} for name in names])
        assert graph.calls == 2
    told = sorted(codes(answer))
    assert told == [[], [], ["UPSTREAM_BUDGET_EXCEEDED"], ["UPSTREAM_BUDGET_EXCEEDED"]]
    spent = [one["extensions"]["upstream"]["calls"] for one in answer.json()]
    assert sorted(spent) == [0, 0, 1, 1]


def test_a_batch_costs_what_one_operation_may(sandbox_url: str) -> None:
    """Costs add up; one that exceeds the rest is refused, and smaller ones run."""
    dear, cheap = TYPENAME | {"query": "{ a: __typename b: __typename c: __typename }"}, TYPENAME
    with graph_over(sandbox_url, max_cost=5) as graph:
        answer = post(graph.http, [dear, dear, cheap, cheap, cheap])
    refused = ["QUERY_TOO_COMPLEX"]
    assert codes(answer) == [[], refused, [], [], refused]
    told = [one.get("extensions") or one["errors"][0]["extensions"] for one in answer.json()]
    assert [one["cost"]["requested"] for one in told] == [3, 6, 1, 1, 6]
    assert [one["cost"]["maximum"] for one in told] == [5] * 5


def test_equal_operations_of_a_batch_are_one_call() -> None:
    """They run concurrently, and share the calls to a slow upstream."""
    query = '{ customer(by: {externalId: "C-CURRENT"}) { promotions(first: 1) { totalCount } } }'
    sandbox = create_sandbox(WORLD, clock=lambda: NOW, latency_ms=200)
    with serve(sandbox) as url, graph_over(url) as graph:
        graph.answer("{ __typename }")
        answer = post(graph.http, [{"query": query}] * 5)
        assert codes(answer) == [[]] * 5
        assert graph.calls == 1
    told = [one["extensions"]["upstream"] for one in answer.json()]
    assert [(one["calls"], one["coalesced"]) for one in told] == [(1, 0), *[(0, 1)] * 4]


def test_each_operation_reports_its_own(sandbox_url: str, log: Lines) -> None:
    """Calls, cached and stale responses, cost and warnings, in the response and in the log."""
    page = '{ customer(by: {externalId: "C-TEN"}) { promotions(first: %d) { nodes { %s } } } }'
    definition = "promotion { definition(sourceType: UI) { status } }"
    queries = [page % (1, "id"), page % (2, definition), "{ __typename }", page % (1, "id")]
    with graph_over(sandbox_url, definitions="v3", cache_customer_ttl_s=60) as graph:
        graph.answer(queries[0])
        answers = post(graph.http, [{"query": query} for query in queries]).json()
        assert graph.calls == 2
    reports = [one["extensions"]["upstream"] for one in answers]
    assert [one["calls"] for one in reports] == [0, 1, 0, 0]
    assert [one["cached"] for one in reports] == [1, 0, 0, 1]
    warned = [one["extensions"].get("warnings") for one in answers]
    assert [bool(one) for one in warned] == [False, True, False, False]
    costs = [one["extensions"]["cost"]["requested"] for one in answers]
    assert costs[0] == costs[3] != costs[1]
    assert costs[2] == 1
    _first, *lines = log.of("operation")
    assert sorted(line["upstream_calls"] for line in lines) == [0, 0, 0, 1]


def test_a_get_is_never_a_batch(http: httpx.Client) -> None:
    """A query string has one operation."""
    answer = http.get("/graphql", params=[("query", "{ a: __typename }"), ("query", "{ b }")])
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")
