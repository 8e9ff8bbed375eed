"""A promotion of a customer's list is found by its id while the list has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.context import CallBudget, Caller, CustomerClaim
from gateway.context import RequestContext as GatewayRequest
from gateway.schema.ids import write_id
from gateway.upstream.shown_promotions import ShownPromotions, ShownTo
from tests.sandbox.client import NOW
from tests.support.clock import Clock
from tests.support.graph import Graph, graph_over
from tests.support.scripted_platform import Platform, errors_body, platform
from tests.support.tokens import JWT, Issuer

NODE = "query($id:ID!){node(id:$id){id ...on Promotion{name definition{status}}}}"
LIST = '{customer(by:{externalId:"%s"}){promotions(first:3){nodes{id promotion{id name}}}}}'
TEN, OTHER = "700000006", "700000008"
NONE = JSONResponse(errors_body(4027), 400)


@contextmanager
def undefined(*, lists_alone: bool = False, **overrides: Any) -> Iterator[tuple[Platform, Graph]]:
    """Serve a gateway on a platform without definitions."""
    with (
        platform(lists_alone=lists_alone) as (scripted, url),
        graph_over(url, **overrides) as graph,
    ):
        scripted.responses |= {"promotionsV2": NONE, "promotionById": NONE}
        yield scripted, graph


def shown(graph: Graph, name: str = "C-TEN") -> dict[str, Any]:
    """Query a customer's list; return its first entry."""
    nodes: list[dict[str, Any]] = graph.ask(LIST % name)["customer"]["promotions"]["nodes"]
    return nodes[0]


def list_calls(graph: Graph) -> list[str]:
    """Return the calls for customers' lists since the last query."""
    return [query for query in graph.queries() if "fetchAllUsage" in query]


def codes(answer: dict[str, Any]) -> list[str]:
    """Return the code of each error."""
    return [error["extensions"]["code"] for error in answer.get("errors", ())]


@pytest.mark.parametrize("executor", ["compiled", "reference"])
def test_it_is_found_in_the_list_that_has_shown_it(executor: str) -> None:
    """One call more than for the definition, which stays null."""
    with undefined(executor=executor) as (_, graph):
        promotion = shown(graph)["promotion"]
        found = graph.ask(NODE, {"id": promotion["id"]})
        assert found == {"node": promotion | {"definition": None}}
        (asked,) = list_calls(graph)
        assert f"identifierName=id&identifierValue={TEN}&" in asked
        assert graph.calls == 2


def test_it_is_null_where_the_list_has_it_no_longer() -> None:
    """And one that was never shown is null without an error and without a further call."""
    with undefined() as (scripted, graph):
        promotion = shown(graph)["promotion"]
        page = {"customerId": int(TEN), "promotions": [], "pageDetails": {"totalEntries": 0}}
        scripted.responses["promotionData"] = JSONResponse(page)
        assert graph.ask(NODE, {"id": promotion["id"]}) == {"node": None}
        assert len(list_calls(graph)) == 1
        assert graph.ask(NODE, {"id": write_id("Promotion", "9001", "1")}) == {"node": None}
        assert list_calls(graph) == []


def test_a_customer_who_is_gone_has_no_list() -> None:
    """8015 is null."""
    with undefined() as (scripted, graph):
        promotion = shown(graph)["promotion"]
        scripted.responses["promotionData"] = JSONResponse(errors_body(8015), 400)
        assert graph.ask(NODE, {"id": promotion["id"]}) == {"node": None}


def test_a_list_that_fails_is_the_nodes_error() -> None:
    """A list that fails is an error, because it may have the promotion."""
    with undefined() as (scripted, graph):
        promotion = shown(graph)["promotion"]
        scripted.responses["promotionData"] = Response("", 500)
        answer = graph.answer(NODE, {"id": promotion["id"]})
        assert answer["data"] == {"node": None}
        assert codes(answer) == ["UPSTREAM_UNAVAILABLE"]


def test_without_definitions_it_is_found_all_the_same() -> None:
    """An outage or phase-out of definitions affects `definition` only."""
    for status, code in ((500, "UPSTREAM_UNAVAILABLE"), (410, "UPSTREAM_GONE")):
        with undefined() as (scripted, graph):
            promotion = shown(graph)["promotion"]
            gone = Response("", status)
            scripted.responses |= {"promotionsV2": gone, "promotionById": gone}
            found = graph.ask("query($id:ID!){node(id:$id){id}}", {"id": promotion["id"]})
            assert found == {"node": {"id": promotion["id"]}}
            answer = graph.answer(NODE, {"id": write_id("Promotion", "9001", "1")})
            assert answer["data"] == {"node": None}
            assert codes(answer) in ([code], ["UPSTREAM_UNAVAILABLE"])
    with undefined(definitions="v3") as (_, graph):
        promotion = shown(graph)["promotion"]
        assert graph.ask("query($id:ID!){node(id:$id){id}}", {"id": promotion["id"]})["node"]
        assert graph.calls == 2 + 1  # the catalogue's pages, and a page of the customer


def test_it_may_have_been_shown_by_itself() -> None:
    """It is found where it was shown as a CustomerPromotion by its own id."""
    with undefined() as (_, graph):
        ids = [OTHER, "9020", "90200001"]
        theirs = write_id("CustomerPromotion", "INSTORE", *ids)
        query = "query($id:ID!){node(id:$id){...on CustomerPromotion{promotion{id}}}}"
        promotion = graph.ask(query, {"id": theirs})["node"]["promotion"]
        assert graph.ask(NODE, {"id": promotion["id"]})["node"]["id"] == promotion["id"]


def test_several_of_one_customer_are_one_walk() -> None:
    """Several promotions of one list are found by one search."""
    with undefined() as (_, graph):
        nodes = graph.ask(LIST % "C-TEN")["customer"]["promotions"]["nodes"]
        ids = [node["promotion"]["id"] for node in nodes]
        found = graph.ask("query($ids:[ID!]!){nodes(ids:$ids){id}}", {"ids": ids})
        assert [node["id"] for node in found["nodes"]] == ids
        assert len(list_calls(graph)) == 1


def test_tenants_find_nothing_in_each_others_lists() -> None:
    """Promotions that one platform user has seen are not searched for another."""
    own, other = ({"Authorization": f"Basic {word}"} for word in ("b3duOm93bg==", "b3RoZXI6"))
    page = {
        "customerId": int(TEN),
        "promotions": [{"promotionId": 1, "programId": 2, "promotionName": "P"}],
        "pageDetails": {"totalEntries": 1},
    }
    with undefined(upstream_auth="passthrough") as (scripted, graph):
        scripted.responses["promotionData"] = JSONResponse(page)
        (node,) = graph.answer(LIST % "C-TEN", None, **own)["data"]["customer"]["promotions"][
            "nodes"
        ]
        id_ = node["promotion"]["id"]
        assert graph.answer(NODE, {"id": id_}, **other)["data"] == {"node": None}
        assert list_calls(graph) == []
        assert graph.answer(NODE, {"id": id_}, **own)["data"]["node"]["id"] == id_


def test_a_token_looks_in_its_own_customers_lists(tmp_path: Path) -> None:
    """A token's own customers are searched, whatever was shown, and no others."""
    issuer = Issuer()
    (tmp_path / "key.pem").write_bytes(issuer.pem())
    settings = JWT | {"auth_key_file": str(tmp_path / "key.pem"), "auth_customer_claim": "c"}
    with undefined(**settings) as (_, graph):
        graph.http.headers.update(issuer.bearer(c=[{"externalId": "C-TEN"}]))
        promotion = shown(graph)["promotion"]
        assert graph.ask(NODE, {"id": promotion["id"]})["node"]["id"] == promotion["id"]
        (asked,) = list_calls(graph)
        assert "identifierValue=C-TEN&" in asked
        graph.http.headers.update(issuer.bearer(c=[{"externalId": "C-CURRENT"}]))
        assert graph.ask(NODE, {"id": promotion["id"]}) == {"node": None}
        assert all("identifierValue=C-CURRENT&" in asked for asked in list_calls(graph))
        graph.http.headers.update(
            issuer.bearer(c=[{"externalId": "C-CURRENT"}, {"customerId": TEN}])
        )
        assert graph.ask(NODE, {"id": promotion["id"]})["node"]["id"] == promotion["id"]
        graph.http.headers.update(issuer.bearer())
        assert graph.ask(NODE, {"id": promotion["id"]}) == {"node": None}
        assert list_calls(graph) == []


def test_a_definition_that_a_programs_list_has_shown_is_found() -> None:
    """Also one of a source type that is not configured."""

    async def badges(request: Request) -> Response | None:
        return None if request.query_params["sourceType"] == "UI" else NONE

    settings = {"definition_source_types": ("CAMPAIGN",)}
    with undefined(lists_alone=True, **settings) as (scripted, graph):
        scripted.responses["promotionsV2"] = badges
        program = graph.ask('{program(programId:"9001"){promotions(first:2){nodes{id name}}}}')
        for node in program["program"]["promotions"]["nodes"]:
            found = graph.ask("query($id:ID!){node(id:$id){id ...on Promotion{name}}}", node)
            assert found == {"node": node}
            assert graph.calls == 2


class TestMemory:
    """The cache of shown promotions."""

    clock: Clock
    memory: ShownPromotions

    @pytest.fixture(autouse=True)
    def begin(self) -> None:
        """Create an empty cache."""
        self.clock = Clock()
        self.memory = ShownPromotions(lambda request: request.caller.subject, self.clock)

    def show(self, customer_id: str, *promotion_ids: int, caller: Caller | None = None) -> None:
        """Store promotions of a customer's list."""
        items: Any = [SimpleNamespace(program_id=1, promotion_id=one) for one in promotion_ids]
        request = self.request(caller or Caller())
        self.memory.remember(request, ShownTo("INSTORE", customer_id), [*items, None])

    def recall(self, promotion_id: int, caller: Caller | None = None) -> list[str]:
        """Return the customers whose lists had a promotion."""
        found = self.memory.recall(self.request(caller or Caller()), "1", str(promotion_id))
        return [each.customer_id for each in found]

    @staticmethod
    def request(caller: Caller) -> GatewayRequest:
        """Create a request."""
        return GatewayRequest("r", NOW, caller, 0.0, CallBudget(1))

    def test_the_latest_list_is_the_first_to_look_in(self) -> None:
        """The customer before may be returned as well."""
        self.show("7", 1, 2)
        self.show("8", 1)
        assert (self.recall(1), self.recall(2), self.recall(3)) == (["8"], ["7"], [])
        self.clock.advance(3600)
        self.show("9", 2)
        self.show("9", 1)
        assert (self.recall(1), self.recall(2)) == (["9", "8"], ["9", "7"])

    def test_it_is_forgotten_in_time(self) -> None:
        """An entry expires after one to two hours."""
        self.show("7", 1)
        for seconds, found in ((3599, ["7"]), (1, ["7"]), (3599, ["7"]), (1, [])):
            self.clock.advance(seconds)
            assert self.recall(1) == found
        self.show("7", 1)
        self.clock.advance(7200)
        assert self.recall(1) == []

    def test_it_is_bounded(self) -> None:
        """The most recent entries are kept when the cache is full."""
        for first in range(0, 200_000, 100):
            self.show("7", *range(first, first + 100))
        assert len(self.memory) <= 50_200
        assert self.recall(199_999) == ["7"]
        assert self.recall(0) == []

    def test_each_identity_has_its_own_and_a_bound_caller_none(self) -> None:
        """Entries of another identity, or of a caller with customers, are not stored."""
        bound = Caller(customers=(CustomerClaim("INSTORE", "mobile", "1"),))
        self.show("7", 1, caller=Caller(subject="own"))
        self.show("8", 2, caller=bound)
        assert self.recall(1, Caller(subject="other")) == []
        assert self.recall(1, Caller(subject="own")) == ["7"]
        assert self.recall(2, bound) == []
