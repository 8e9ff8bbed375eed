"""`viewer`: the customers of the caller's own token."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.schema.ids import write_id
from tests.support.graph import Graph, graph_over
from tests.support.scripted_platform import Platform, platform
from tests.support.tokens import JWT, Issuer

ISSUER = Issuer()
TEN, CURRENT, ONE = "700000006", "700000008", "700000001"
BY_TEN, BY_CURRENT = {"externalId": "C-TEN"}, {"mobile": f"4915{CURRENT}"}
IDS = "{ viewer { customerId } }"
PAGE = "{ viewer { id promotions(first: 3) { totalCount nodes { id } } } }"


@pytest.fixture(scope="module", params=["compiled", "reference"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Platform, Graph]]:
    """Serve one platform and one gateway with tokens for this module, with either executor."""
    key_file = tmp_path_factory.mktemp("keys") / "key.pem"
    key_file.write_bytes(ISSUER.pem())
    settings = JWT | {"auth_key_file": str(key_file), "auth_customer_claim": "customers"}
    with (
        platform() as (scripted, url),
        graph_over(url, executor=request.param, **settings) as graph,
    ):
        yield scripted, graph


def ask(graph: Graph, customers: list[dict[str, Any]] | None, query: str) -> dict[str, Any]:
    """Send a query as a caller with these customers; None omits the claim."""
    graph.http.headers.update(ISSUER.bearer(customers=customers))
    return graph.answer(query)


def ids(answer: dict[str, Any]) -> list[str]:
    """Return the ids of the customers in an answer without errors."""
    assert "errors" not in answer
    return [customer["customerId"] for customer in answer["data"]["viewer"]]


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ([BY_TEN], [TEN]),
        ([BY_TEN, BY_CURRENT], [TEN, CURRENT]),
        ([BY_CURRENT, BY_TEN], [CURRENT, TEN]),
        ([BY_CURRENT, BY_TEN, BY_CURRENT], [CURRENT, TEN]),
        ([{"customerId": TEN}, {"customerId": ONE}], [TEN, ONE]),
    ],
)
def test_the_customers_are_in_the_order_of_the_token(
    asking: Graph, claim: list[dict[str, Any]], expected: list[str]
) -> None:
    """One call for each, with limit 1."""
    assert ids(ask(asking, claim, IDS)) == expected
    assert asking.calls == len(expected)
    assert all("limit=1&" in query for query in asking.queries())


@pytest.mark.parametrize("claim", [None, []])
def test_without_a_claim_there_is_nobody(asking: Graph, claim: list[Any] | None) -> None:
    """An empty list, without any call, and at no cost."""
    answer = ask(asking, claim, PAGE)
    assert answer["data"] == {"viewer": []}
    assert asking.calls == 0
    assert answer["extensions"]["cost"]["requested"] == 0


def test_a_gateway_without_tokens_knows_nobody(graph: Graph) -> None:
    """The field is there, and empty."""
    assert graph.ask(PAGE) == {"viewer": []}
    assert graph.calls == 0


def test_pages_and_counts_come_with_their_customer(asking: Graph) -> None:
    """No customer takes a call of its own beside them."""
    query = """{ viewer { customerId promotions(first: 3) { totalCount nodes { id } }
      promotionCounts { all expired } } }"""
    answer = ask(asking, [BY_TEN, BY_CURRENT], query)
    assert ids(answer) == [TEN, CURRENT]
    assert [each["promotionCounts"]["all"] for each in answer["data"]["viewer"]] == [10, 20]
    assert asking.calls == 4
    leaves = 1 + 1 + 3 + 2
    assert answer["extensions"]["cost"]["requested"] == 2 * (leaves + 100 * 3)


def test_the_cost_is_that_of_the_tokens_customers(asking: Graph) -> None:
    """One document costs each caller what their own customers take."""
    for claim in ([BY_TEN], [BY_TEN, BY_CURRENT], [], [BY_TEN]):
        answer = ask(asking, claim, PAGE)
        assert answer["extensions"]["cost"]["requested"] == len(claim) * (1 + 1 + 3 + 100)


def test_whom_the_platform_does_not_know_is_left_out(asking: Graph) -> None:
    """The token may name somebody who is no customer any more."""
    claim = [{"externalId": "nobody"}, BY_TEN, {"customerId": "1"}]
    assert ids(ask(asking, claim, IDS)) == [TEN]


def test_one_customer_by_two_identifiers_is_one(asking: Graph) -> None:
    """The first of them is shown; on another source it would be another customer."""
    claim = [{"email": "c-ten@example.com"}, BY_CURRENT, {"customerId": TEN}, BY_TEN]
    assert ids(ask(asking, claim, IDS)) == [TEN, CURRENT]
    sources = [{"externalId": "C-EVERYWHERE", "source": name} for name in ("WEBSITE", "INSTORE")]
    answer = ask(asking, sources, "{ viewer { id customerId } }")
    first, second = answer["data"]["viewer"]
    assert first["customerId"] == second["customerId"]
    assert first["id"] == write_id("Customer", "WEBSITE", first["customerId"])
    assert second["id"] == write_id("Customer", "INSTORE", second["customerId"])


async def _down_for_ten(request: Request) -> Response | None:
    value = request.query_params["identifierValue"]
    return Response("", 503) if value == "C-TEN" else None


def test_one_that_fails_leaves_the_others(scripted: Platform, asking: Graph) -> None:
    """Its page is null with its error, as below `customer`."""
    scripted.responses["promotionData"] = _down_for_ten
    query = "{ viewer { promotions(first: 3) { totalCount } promotionCounts { all } } }"
    answer = ask(asking, [BY_TEN, BY_CURRENT], query)
    assert answer["data"]["viewer"] == [
        {"promotions": None, "promotionCounts": {"all": None}},
        {"promotions": {"totalCount": 20}, "promotionCounts": {"all": 20}},
    ]
    paths = [error["path"] for error in answer["errors"]]
    assert sorted(paths, key=str) == [
        ["viewer", 0, "promotionCounts", "all"],
        ["viewer", 0, "promotions"],
    ]
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"UPSTREAM_UNAVAILABLE"}


def test_an_id_that_nothing_tells_is_one_error(scripted: Platform, asking: Graph) -> None:
    """The list has no null: without the id there is no data, unless the token has it."""
    scripted.responses["promotionData"] = Response("", 503)
    answer = ask(asking, [BY_TEN], IDS)
    assert answer["data"] is None
    (error,) = answer["errors"]
    assert error["path"] == ["viewer", 0, "customerId"]
    assert error["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
    page = "{ viewer { customerId promotions { totalCount } } }"
    answer = ask(asking, [{"customerId": TEN}], page)
    assert answer["data"] == {"viewer": [{"customerId": TEN, "promotions": None}]}


def test_the_gate_holds_below_it(asking: Graph) -> None:
    """A promotion of one's own opens nobody else's."""
    other = '{ id forCustomer(by: {externalId: "C-ONE"}) { id } }'
    query = f"{{ viewer {{ promotions(first: 1) {{ nodes {{ promotion {other} }} }} }} }}"
    answer = ask(asking, [BY_TEN], query)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
    assert not [query for query in asking.queries() if "C-ONE" in query]


def test_a_cached_answer_is_the_own_callers(tmp_path: Path) -> None:
    """Two tokens with the same customers in another order have answers of their own."""
    key_file = tmp_path / "key.pem"
    key_file.write_bytes(ISSUER.pem())
    settings = JWT | {"auth_key_file": str(key_file), "auth_customer_claim": "customers"}
    claims: list[list[dict[str, Any]]] = [[BY_TEN, BY_CURRENT], [BY_CURRENT, BY_TEN], [BY_TEN], []]
    expected: list[list[str]] = [[TEN, CURRENT], [CURRENT, TEN], [TEN], []]
    with platform() as (_, url), graph_over(url, cache_customer_ttl_s=60, **settings) as graph:
        for _ in range(2):
            for claim, customers in zip(claims, expected, strict=True):
                assert ids(ask(graph, claim, IDS)) == customers
        assert graph.calls == 0


def test_more_customers_than_calls(asking: Graph) -> None:
    """A token's customers are bounded by the calls of one operation."""
    claim = [{"externalId": f"nobody {number}"} for number in range(60)]
    answer = ask(asking, claim, "{ viewer { promotions { totalCount } } }")
    assert answer["extensions"]["cost"]["requested"] == 60 + 100 * 40
    assert asking.calls == 40
    assert {error["extensions"]["code"] for error in answer["errors"]} == {
        "UPSTREAM_BUDGET_EXCEEDED"
    }


def test_a_response_may_not_mix_customers(scripted: Platform, asking: Graph) -> None:
    """What one identifier returned first is still compared with what it returns next."""
    ask(asking, [BY_TEN], IDS)
    page = {"customerId": 5, "promotions": [], "pageDetails": {"totalEntries": 0}}
    scripted.responses["promotionData"] = JSONResponse(page)
    answer = ask(asking, [BY_TEN], "{ viewer { promotionCounts { all } } }")
    assert answer["data"] == {"viewer": [{"promotionCounts": {"all": None}}]}
    assert answer["errors"][0]["extensions"]["code"] == "UPSTREAM_BAD_PAYLOAD"
