"""A response for an identifier is compared with the proven customer id."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.app import create_app
from gateway.cache.options import CacheClocks
from gateway.sandbox.customer_view import promotion_data
from gateway.schema.ids import write_id
from tests.sandbox.client import NOW
from tests.support.clock import Clock
from tests.support.graph import Graph, graph_over, settings_for
from tests.support.scripted_platform import Platform, platform
from tests.support.serving import serve
from tests.support.tokens import JWT, Issuer

TEN, OTHER = 700000006, 700000008
IDENTIFIERS = [
    ("mobile", "4915700000006"),
    ("email", "c-ten@example.com"),
    ("externalId", "C-TEN"),
    ("cuid", "cuid-c-ten"),
]
CUSTOMER = "query($by:CustomerIdentifier!){customer(by:$by){customerId}}"
PAGES = """query($by:CustomerIdentifier!,$after:String){customer(by:$by){
  customerId promotions(first:2,after:$after){nodes{id} pageInfo{endCursor}}}}"""
BAD, INVALID = "UPSTREAM_BAD_PAYLOAD", "CURSOR_INVALID"


class ConfusingPlatform:
    """The sandbox, which confuses customers as `confuses` says."""

    def __init__(self, scripted: Platform) -> None:
        self.confuses: bool | Callable[[Request], bool] = False
        self._world = scripted.world
        scripted.responses["promotionData"] = self.answer

    async def answer(self, request: Request) -> Response | None:
        """Return the page of another customer."""
        confuses = self.confuses(request) if callable(self.confuses) else self.confuses
        if request.query_params["identifierName"] == "id" or not confuses:
            return None
        asked = {**request.query_params, "identifierName": "id", "identifierValue": str(OTHER)}
        return JSONResponse(promotion_data(self._world, lambda: NOW, asked))


@contextmanager
def confusing(**overrides: Any) -> Iterator[tuple[Graph, ConfusingPlatform]]:
    """Serve a new gateway on a platform that can confuse customers."""
    with platform() as (scripted, url), graph_over(url, **overrides) as graph:
        yield graph, ConfusingPlatform(scripted)


def errors_of(answer: dict[str, Any]) -> list[tuple[str, list[str | int]]]:
    """Return the code and path of each error."""
    return [(one["extensions"]["code"], one["path"]) for one in answer.get("errors", ())]


def identified(answer: dict[str, Any]) -> str | None:
    """Return the id of a response; None with an error about its payload."""
    customer = answer["data"]["customer"]
    if customer is None:
        assert [code for code, _ in errors_of(answer)] == [BAD]
        assert answer["errors"][0]["extensions"]["retryable"] is True
        return None
    assert not errors_of(answer)
    customer_id: str = customer["customerId"]
    return customer_id


@pytest.mark.parametrize(("name", "value"), IDENTIFIERS, ids=[name for name, _ in IDENTIFIERS])
def test_one_mismatch_is_served_to_nobody(name: str, value: str) -> None:
    """It is one retryable error, and the next operation's one call returns the true customer."""
    with confusing() as (graph, confusing_platform):
        for is_confused, expected in ((False, TEN), (True, None), (False, TEN), (False, TEN)):
            confusing_platform.confuses = is_confused
            answer = graph.answer(CUSTOMER, {"by": {name: value}})
            assert identified(answer) == (expected and str(expected))
            assert str(OTHER) not in str(answer)
            assert graph.calls == 1


@pytest.mark.parametrize(("name", "value"), IDENTIFIERS, ids=[name for name, _ in IDENTIFIERS])
def test_a_customer_who_has_moved_is_found_at_the_second_look(name: str, value: str) -> None:
    """An identifier that was reassigned, or customers that were merged, cause one error."""
    with confusing() as (graph, confusing_platform):
        for is_confused, expected in ((False, TEN), (True, None), (True, OTHER), (True, OTHER)):
            confusing_platform.confuses = is_confused
            answer = graph.answer(CUSTOMER, {"by": {name: value}})
            assert identified(answer) == (expected and str(expected))


def test_page_two_of_another_customer_costs_that_page() -> None:
    """The customer of page one is kept; a retry returns the page."""
    with confusing() as (graph, confusing_platform):
        by = {"externalId": "C-TEN"}
        first = graph.ask(PAGES, {"by": by})["customer"]
        after = first["promotions"]["pageInfo"]["endCursor"]
        confusing_platform.confuses = True
        answer = graph.answer(PAGES, {"by": by, "after": after})
        assert answer["data"]["customer"] == {"customerId": str(TEN), "promotions": None}
        assert errors_of(answer) == [(BAD, ["customer", "promotions"])]
        confusing_platform.confuses = False
        second = graph.ask(PAGES, {"by": by, "after": after})["customer"]
        assert second["customerId"] == str(TEN)
        assert len(second["promotions"]["nodes"]) == 2


def test_a_cursor_is_held_against_the_answer_where_nothing_else_is_known() -> None:
    """A new gateway serves no other customer's page after a cursor, and records nothing of it."""
    with confusing() as (other, _):
        by = {"externalId": "C-TEN"}
        after = other.ask(PAGES, {"by": by})["customer"]["promotions"]["pageInfo"]["endCursor"]
    with confusing() as (graph, confusing_platform):
        confusing_platform.confuses = True
        answer = graph.answer(PAGES, {"by": by, "after": after})
        assert answer["data"]["customer"] == {"customerId": str(TEN), "promotions": None}
        assert errors_of(answer) == [(INVALID, ["customer", "promotions"])]
        confusing_platform.confuses = False
        assert identified(graph.answer(CUSTOMER, {"by": by})) is None
        assert identified(graph.answer(CUSTOMER, {"by": by})) == str(TEN)


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("{customer(by:$by){a:promotions(first:2){drift} b:promotions(first:5){drift}}}",
         [["customer", "a"], ["customer", "b"]]),
        ("{customer(by:$by){a:promotions(first:2){drift} b:promotions(first:5){drift} id}}",
         [["customer", "id"]]),
        ("{a:customer(by:$by){promotions(first:2){drift}}b:customer(by:$by){promotions(first:5){drift}}}",
         [["a", "promotions"], ["b", "promotions"]]),
        ("{customers(by:[$by,$by]){a:promotions(first:2){drift} b:promotions(first:5){drift}}}",
         [["customers", 0, "a"], ["customers", 0, "b"],
          ["customers", 1, "a"], ["customers", 1, "b"]]),
        ("{a:customer(by:$by){customerId} b:customer(by:$by){promotions(first:5){drift}}}",
         [["a"], ["b", "promotions"]]),
    ],
    ids=["pages", "with the id", "aliases", "list", "look-up"],
)  # fmt: skip
@pytest.mark.parametrize("executor", ["compiled", "reference"])
def test_of_two_answers_of_one_operation_neither_is_believed(
    query: str, paths: list[list[str | int]], executor: str
) -> None:
    """In either order, and by either field; the next operation decides."""
    with confusing(executor=executor) as (graph, confusing_platform):
        confusing_platform.confuses = lambda request: request.query_params["limit"] == "5"
        variables = {"by": {"externalId": "C-TEN"}}
        answer = graph.answer(f"query($by:CustomerIdentifier!){query}", variables)
        assert sorted(errors_of(answer), key=str) == sorted(
            ((BAD, path) for path in paths), key=str
        )
        assert "NONE" not in str(answer["data"])
        assert graph.calls == 2
        confusing_platform.confuses = False
        graph.ask(f"query($by:CustomerIdentifier!){query}", variables)


@pytest.mark.parametrize("executor", ["compiled", "reference"])
def test_a_customer_below_a_promotion_is_the_one_above(executor: str) -> None:
    """Another customer's later page is an error of that page."""
    with confusing(executor=executor) as (graph, confusing_platform):
        confusing_platform.confuses = lambda request: request.query_params["limit"] == "5"
        answer = graph.answer(
            '{customer(by:{externalId:"C-TEN"}){promotions(first:1){nodes{'
            "customer{customerId promotions(first:5){totalCount}}}}}}"
        )
        (node,) = answer["data"]["customer"]["promotions"]["nodes"]
        assert node["customer"] == {"customerId": str(TEN), "promotions": None}
        assert [code for code, _ in errors_of(answer)] == [BAD]


def test_tenants_know_nothing_of_each_others_customers() -> None:
    """With passthrough one identifier may be two customers, under two credentials."""
    with confusing(upstream_auth="passthrough") as (graph, confusing_platform):
        confusing_platform.confuses = lambda request: (
            request.headers["authorization"] == "Basic b3RoZXI6b3RoZXI="
        )
        variables = {"by": {"externalId": "C-TEN"}}
        for _ in range(2):
            own = graph.answer(CUSTOMER, variables, Authorization="Basic c2FuZGJveDpzYW5kYm94")
            others = graph.answer(CUSTOMER, variables, Authorization="Basic b3RoZXI6b3RoZXI=")
            assert (identified(own), identified(others)) == (str(TEN), str(OTHER))


def test_one_mismatch_opens_no_other_customer(tmp_path: Any) -> None:
    """A token's customer gets no access to the customer it was confused with."""
    issuer = Issuer()
    (tmp_path / "key.pem").write_bytes(issuer.pem())
    settings = JWT | {"auth_key_file": str(tmp_path / "key.pem"), "auth_customer_claim": "c"}
    node = "query($id:ID!){node(id:$id){id}}"
    own, other = (write_id("Customer", "INSTORE", str(one)) for one in (TEN, OTHER))
    with confusing(**settings) as (graph, confusing_platform):
        graph.http.headers.update(issuer.bearer(c=[{"mobile": "4915700000006"}]))
        assert graph.ask(node, {"id": own}) == {"node": {"id": own}}
        confusing_platform.confuses = True
        identified(graph.answer(CUSTOMER, {"by": {"mobile": "4915700000006"}}))
        confusing_platform.confuses = False
        answer = graph.answer(node, {"id": other})
        assert errors_of(answer) == [("FORBIDDEN", ["node"])]
        assert graph.ask(node, {"id": own}) == {"node": {"id": own}}


@contextmanager
def caching(ttl_s: float) -> Iterator[tuple[Graph, ConfusingPlatform, Clock]]:
    """Serve a gateway that caches customers' data; return it and its clock."""
    clock = Clock(NOW.timestamp())
    with platform() as (scripted, url):
        app = create_app(
            settings_for(url, cache_customer_ttl_s=ttl_s),
            clock=lambda: NOW,
            cache_clocks=CacheClocks(clock, clock),
        )
        with serve(app) as gateway:
            graph = Graph(gateway, url)
            yield graph, ConfusingPlatform(scripted), clock
            graph.close()


def test_what_is_not_believed_is_kept_in_no_cache() -> None:
    """Neither it nor earlier cached pages and results are served again."""
    with caching(3600) as (graph, confusing_platform, clock):
        by = {"by": {"externalId": "C-TEN"}}
        first = "query($by:CustomerIdentifier!){customer(by:$by){customerId promotions{drift}}}"
        assert identified(graph.answer(first, by)) == str(TEN)
        assert identified(graph.answer(first, by)) == str(TEN)
        assert graph.calls == 0
        confusing_platform.confuses = True
        clock.advance(1)
        assert identified(graph.answer(CUSTOMER, by)) is None
        clock.advance(1)
        assert identified(graph.answer(CUSTOMER, by)) == str(OTHER)
        assert graph.calls == 1
        assert identified(graph.answer(first, by)) == str(OTHER)
        assert graph.calls == 1
        assert identified(graph.answer(first, by)) == str(OTHER)
        assert graph.calls == 0


def test_an_answer_of_a_cache_proves_nothing_anew() -> None:
    """The ten minutes begin with the call, not with a cached response."""
    with caching(3600) as (graph, confusing_platform, clock):
        by = {"by": {"externalId": "C-TEN"}}
        assert identified(graph.answer(CUSTOMER, by)) == str(TEN)
        clock.advance(599)
        fields = "query($by:CustomerIdentifier!){customer(by:$by){customerId id}}"
        assert identified(graph.answer(fields, by)) == str(TEN)
        assert graph.calls == 0
        clock.advance(2)
        confusing_platform.confuses = True
        page = "query($by:CustomerIdentifier!){customer(by:$by){customerId promotions{drift}}}"
        assert identified(graph.answer(page, by)) == str(OTHER)
        assert identified(graph.answer(fields, by)) == str(OTHER)
        assert graph.calls == 1
