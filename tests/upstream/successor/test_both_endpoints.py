"""Definitions of both endpoints, as GraphQL clients see them."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from tests.support.commands import until
from tests.support.faulty_platform import WORLD, faulty
from tests.support.graph import Graph, graph_over
from tests.support.scripted_platform import Platform, platform
from tests.support.successor import full_item, published, successor_page
from tests.support.webhooks import SECRET, Sender, definition_event

PAGE = """{ customer(by: {externalId: "C-UNIFIED"}) { promotions(first: 20) { nodes { promotion {
  promotionId definition { source sourceType status } } } } } }"""
TEN = PAGE.replace("first: 20", "first: 10")
ONE = '{ promotion(programId: "%s", promotionId: "%s") { name definition { source } } }'
LEGACY_ID = ("9001", "90010001")


def sources(graph: Graph, query: str = PAGE) -> list[str | None]:
    """Return the source of each promotion's definition."""
    nodes = graph.ask(query)["customer"]["promotions"]["nodes"]
    definitions = [node["promotion"]["definition"] for node in nodes]
    return [definition and definition["source"] for definition in definitions]


def calls_of(graph: Graph, endpoint: str) -> int:
    """Return the number of calls to an endpoint since the last query."""
    return sum(call["endpoint"] == endpoint for call in graph.call_log()["log"])


@contextmanager
def catalogue(*items: Any, **settings: Any) -> Iterator[tuple[Graph, Platform, list[Any]]]:
    """Serve a gateway on a platform whose successor has these items, in pages."""
    listed = list(items)

    async def page(request: Request) -> Response:
        number, size = (int(request.query_params[key]) for key in ("page", "size"))
        some = listed[number * size : (number + 1) * size]
        return Response(json.dumps(successor_page(*some, total=len(listed), number=number)))

    fitting = {"definitions": "both", "cache_definition_ttl_s": 300} | settings
    with platform(WORLD) as (scripted, url), graph_over(url, **fitting) as graph:
        scripted.responses["promotionsV3"] = page
        yield graph, scripted, listed


def made(scripted: Platform) -> int:
    """Return the number of calls to the successor."""
    return sum(request.url.path == "/v3/promotions" for request in scripted.requests)


def test_a_page_has_the_definitions_of_both_endpoints(sandbox_url: str) -> None:
    """Cold it takes the page, its program's list and the catalogue's pages; warm the page alone."""
    with graph_over(sandbox_url, definitions="both", cache_definition_ttl_s=300) as graph:
        assert set(sources(graph, TEN)) == {"V3"}
        cold = graph.call_log()
        assert calls_of(graph, "promotionData") == 1
        assert calls_of(graph, "promotionsV3") == 2
        assert calls_of(graph, "promotionsV2") == 1
        assert calls_of(graph, "promotionById") == 1  # one was made in the old interface
        assert cold["total"] == 1 + 1 + 1 + 2
        assert set(sources(graph, TEN)) == {"V3"}
        assert graph.calls == 1
        assert sorted(map(str, sources(graph))) == ["LEGACY"] * 2 + ["V3"] * 14


def test_each_endpoint_alone(sandbox_url: str) -> None:
    """The other is not asked."""
    with graph_over(sandbox_url, definitions="legacy") as graph:
        assert sources(graph).count(None) == 14
        assert calls_of(graph, "promotionsV3") == 0
    with graph_over(sandbox_url, definitions="v3", cache_definition_ttl_s=300) as graph:
        assert set(sources(graph)) == {"V3"}
        assert calls_of(graph, "promotionsV2") == 0
        assert graph.ask(ONE % LEGACY_ID)["promotion"] is None
        assert graph.calls == 0


def test_one_that_both_have_is_the_legacy_ones() -> None:
    """Also while the catalogue is in memory, unless it was made in the successor."""
    old = published(90010001, promotionMode="LEGACY")
    with catalogue(old, published(1)) as (graph, _, _):
        for _ in range(2):
            assert graph.ask(ONE % LEGACY_ID)["promotion"]["definition"] == {"source": "LEGACY"}
            assert graph.ask(ONE % ("9001", "1"))["promotion"]["definition"] == {"source": "V3"}
        assert graph.calls == 0


def test_one_that_neither_has_is_null_without_an_error() -> None:
    """Both have said so."""
    with catalogue(published(1)) as (graph, _, _):
        assert graph.ask(ONE % ("9001", "2")) == {"promotion": None}
        assert graph.ask(ONE % ("9002", "1")) == {"promotion": None}


def test_another_identifier_is_another_promotion() -> None:
    """As in the legacy list."""
    page = """{ customer(by: {externalId: "C-UNIFIED"}) { promotions(first: 1) { nodes { promotion {
      programId promotionId identifier definition { source } } } } } }"""
    with catalogue() as (graph, _, listed):
        (node,) = graph.ask(page)["customer"]["promotions"]["nodes"]
        own = node["promotion"]
        ids = int(own["promotionId"]), own["programId"]
    for identifier, source in (("another", None), (own["identifier"], {"source": "V3"})):
        with catalogue(published(*ids, promoIdentifier=identifier)) as (graph, _, listed):
            (node,) = graph.ask(page)["customer"]["promotions"]["nodes"]
            assert len(listed) == 1
            assert node["promotion"]["definition"] == (
                source if own["identifier"] else {"source": "V3"}
            )


@pytest.mark.parametrize(
    "fault",
    ["status=401", "status=403", "status=404", "status=410"],
)
def test_a_successor_that_is_not_offered_costs_its_definitions(fault: str) -> None:
    """They are null with a warning; the others are there, and it is asked again after a while."""
    with faulty(f"{fault},endpoint=promotionsV3", definitions="both") as (graph, _):
        answer = graph.answer(PAGE)
        assert "errors" not in answer
        assert [one["code"] for one in answer["extensions"]["warnings"]] == [
            "DEFINITIONS_PHASED_OUT"
        ]
        assert calls_of(graph, "promotionsV3") == 1
        assert sorted(map(str, sources(graph))) == ["LEGACY"] * 2 + ["None"] * 14
        assert calls_of(graph, "promotionsV3") == 0
        assert graph.ask(ONE % LEGACY_ID)["promotion"]["definition"] == {"source": "LEGACY"}
        assert graph.ask(ONE % ("9001", "2")) == {"promotion": None}


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("status=500", "UPSTREAM_UNAVAILABLE"),
        ("cut_json", "DEFINITIONS_PHASED_OUT"),
        ("status=200,body=html", "DEFINITIONS_PHASED_OUT"),
        ("hang", "UPSTREAM_TIMEOUT"),
    ],
)
def test_a_successor_that_fails_costs_its_definitions(fault: str, code: str) -> None:
    """Each is an error or a warning; the legacy endpoint's are there."""
    settings: dict[str, Any] = {"definitions": "both", "upstream_deadline_s": 0.5}
    with faulty(f"{fault},endpoint=promotionsV3", **settings) as (graph, _):
        answer = graph.answer(PAGE)
        warned = [one["code"] for one in answer["extensions"].get("warnings", [])]
        failed = [one["extensions"]["code"] for one in answer.get("errors", [])]
        assert set(warned + failed) == {code}
        nodes = answer["data"]["customer"]["promotions"]["nodes"]
        assert [bool(node["promotion"]["definition"]) for node in nodes].count(True) == 2
        assert graph.ask(ONE % LEGACY_ID)["promotion"]["definition"] == {"source": "LEGACY"}


def test_a_legacy_endpoint_that_is_gone_costs_its_definitions() -> None:
    """Those of the successor are there, with its own of those that both have."""
    faults = ("status=410,endpoint=promotionsV2", "status=410,endpoint=promotionById")
    with faulty(*faults, definitions="both") as (graph, _):
        assert set(sources(graph)) == {"V3"}
        assert graph.errors(ONE % LEGACY_ID) == [("UPSTREAM_GONE", ["promotion"])]


def test_an_outage_of_the_legacy_endpoint_shows_no_other_definition() -> None:
    """Only what was made in the successor is certain to be its own."""
    old = published(90010001, promotionMode="LEGACY")
    with catalogue(old, published(1)) as (graph, scripted, _):
        scripted.responses["promotionsV2"] = Response("", 500)
        scripted.responses["promotionById"] = Response("", 500)
        assert graph.errors(ONE % LEGACY_ID) == [("UPSTREAM_UNAVAILABLE", ["promotion"])]
        assert graph.ask(ONE % ("9001", "1"))["promotion"]["definition"] == {"source": "V3"}


def test_nodes_are_found_in_both(sandbox_url: str) -> None:
    """By their global ids, in one query."""
    query = """{ customer(by: {externalId: "C-UNIFIED"}) { promotions(first: 20) { nodes {
      promotion { id } } } } }"""
    nodes = (
        "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Promotion { definition { source } } } }"
    )
    with graph_over(sandbox_url, definitions="both", cache_definition_ttl_s=300) as graph:
        found = graph.ask(query)["customer"]["promotions"]["nodes"]
        ids = [node["promotion"]["id"] for node in found]
        shown = [
            node["definition"]["source"]
            for start in (0, 10)
            for node in graph.ask(nodes, {"ids": ids[start : start + 10]})["nodes"]
        ]
        assert sorted(shown) == ["LEGACY"] * 2 + ["V3"] * 14


def test_what_is_not_cached_is_read_once_an_operation(sandbox_url: str) -> None:
    """Without a time to live each operation reads the catalogue, and only once."""
    two = PAGE[:-1] + PAGE[1:].replace("customer(", "again: customer(")
    with graph_over(sandbox_url, definitions="both") as graph:
        for _ in range(2):
            graph.ask(two)
            assert calls_of(graph, "promotionsV3") == 2


LIST = """query List($sources: [DefinitionSource!]!, $after: String, $event: String) {
  program(programId: "9001") { promotions(
    first: 2, sources: $sources, after: $after, eventName: $event, includeInactive: true
  ) {
    totalCount pageInfo { hasNextPage endCursor } warnings { message }
    nodes { promotionId definition { source } }
  } } }"""
BOTH = {"sources": ["LEGACY", "V3"]}


def walk(graph: Graph, **variables: Any) -> list[str]:
    """Return the ids of a program's promotions, page by page."""
    found: list[str] = []
    while True:
        page = graph.ask(LIST, variables)["program"]["promotions"]
        found += [node["promotionId"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(found)
            return found
        variables["after"] = page["pageInfo"]["endCursor"]


def test_a_program_lists_the_legacy_promotions_and_then_those_of_the_successor() -> None:
    """Over the pages; one that was not made in the successor is listed by the legacy endpoint."""
    old = published(90010001, promotionMode="LEGACY")
    with catalogue(published(3), published(1), old, published(2)) as (graph, _, _):
        legacy = walk(graph, sources=["LEGACY"])
        assert len(legacy) > 2
        assert walk(graph, sources=["V3"]) == ["1", "2", "3", "90010001"]
        assert walk(graph, **BOTH) == [*legacy, "1", "2", "3"]


def test_filters_are_those_of_the_legacy_list() -> None:
    """Any event counts; without `includeInactive` only what is on is listed."""
    full = full_item(programId=9001)
    with catalogue(full, published(1, status="PAUSED"), published(2)) as (graph, _, _):
        assert walk(graph, sources=["V3"], event="storevisit") == ["81001"]
        listed = '{ program(programId: "9001") { promotions(sources: [V3]%s) { totalCount } } }'
        for more, count in (("", 2), (', promotionId: "2"', 1), (', startRuleId: "5"', 0)):
            promotions = graph.ask(listed % more)["program"]["promotions"]
            assert promotions == {"totalCount": count}


def test_an_event_that_only_the_successor_has_filters_a_list_of_both() -> None:
    """The legacy endpoint refuses its name, and so it is unknown where neither has it."""
    with catalogue(full_item(programId=9001), published(2)) as (graph, scripted, _):
        assert walk(graph, **BOTH, event="storevisit") == ["81001"]
        other = LIST.replace("9001", "9002")
        assert graph.ask(other, BOTH | {"event": "storevisit"})["program"]["promotions"] == {
            "totalCount": 0,
            "pageInfo": {"hasNextPage": False, "endCursor": None},
            "warnings": [],
            "nodes": [],
        }
        refused = [("BAD_USER_INPUT", ["program", "promotions"])]
        assert graph.errors(LIST, BOTH | {"event": "WidgetSpun"}) == refused
        assert graph.errors(LIST, {"sources": ["LEGACY"], "event": "storevisit"}) == refused
    failed = [("UPSTREAM_UNAVAILABLE", ["program", "promotions"])]
    for status, errors in ((404, refused), (403, refused), (500, failed)):
        with catalogue(full_item(programId=9001)) as (graph, scripted, _):
            scripted.responses["promotionsV3"] = Response("", status)
            assert graph.errors(LIST, BOTH | {"event": "storevisit"}) == errors


@pytest.mark.parametrize("status", [401, 403, 404, 410, 500])
def test_a_list_of_both_has_the_other_ones_part_where_one_fails(status: int) -> None:
    """With a warning; alone it is an error."""
    with catalogue(published(1)) as (graph, scripted, _):
        legacy = walk(graph, sources=["LEGACY"])
        scripted.responses["promotionsV3"] = Response("", status)
        assert walk(graph, **BOTH) == legacy
        last = graph.ask(LIST.replace("first: 2", "first: 100"), BOTH)["program"]["promotions"]
        assert len(last["warnings"]) == 1
        (code,) = [code for code, _ in graph.errors(LIST, {"sources": ["V3"]})]
        assert code in {"UPSTREAM_AUTH_FAILED", "UPSTREAM_GONE", "UPSTREAM_UNAVAILABLE"}


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_list_of_both_has_the_successors_part_where_there_is_no_legacy_one(status: int) -> None:
    """With a warning; where neither is there, and in an outage, it is an error."""
    with catalogue(published(1)) as (graph, scripted, _):
        scripted.responses["promotionsV2"] = Response("", status)
        page = graph.ask(LIST, BOTH)["program"]["promotions"]
        assert page["nodes"] == [{"promotionId": "1", "definition": {"source": "V3"}}]
        assert len(page["warnings"]) == 1
        assert len(graph.errors(LIST, {"sources": ["LEGACY"]})) == 1
    for legacy, successor in ((status, 403), (status, 500), (500, 200)):
        with catalogue(published(1)) as (graph, scripted, _):
            scripted.responses["promotionsV2"] = Response("", legacy)
            if successor != 200:
                scripted.responses["promotionsV3"] = Response("", successor)
            assert len(graph.errors(LIST, BOTH)) == 1


def test_a_list_of_no_source_is_refused(sandbox_url: str) -> None:
    """And one of a source that is not configured is gone."""
    with graph_over(sandbox_url, definitions="legacy") as graph:
        assert graph.errors(LIST, {"sources": []})[0][0] == "BAD_USER_INPUT"
        assert graph.errors(LIST, {"sources": ["V3"]})[0][0] == "UPSTREAM_GONE"
        assert walk(graph, **BOTH) == walk(graph, sources=["LEGACY"])


def _change(graph: Graph, program_id: int, promotion_id: int) -> None:
    with Sender(str(graph.http.base_url)) as sender:
        assert sender.send(definition_event(program_id, promotion_id)) == "evicted"


def test_a_promotion_that_the_legacy_endpoint_gains_is_its_own_from_then_on() -> None:
    """After an event about it, until which the successor's is shown without asking again."""
    item = published(5, promotionMode="LEGACY")
    own = ONE % ("9001", "5")
    with catalogue(item, webhook_secret=SECRET) as (graph, scripted, _):
        for _ in range(2):
            assert graph.ask(own)["promotion"]["definition"] == {"source": "V3"}
        assert graph.calls == 0
        legacy = {"id": 5, "programId": 9001, "name": "Old"}
        body = {"status": {"code": 200}, "data": [legacy]}
        scripted.responses["promotionById"] = Response(json.dumps(body))
        assert graph.ask(own)["promotion"]["definition"] == {"source": "V3"}
        _change(graph, 9001, 5)
        assert graph.ask(own)["promotion"] == {"name": "Old", "definition": {"source": "LEGACY"}}


def test_a_changed_promotion_that_a_search_does_not_find_is_shown_as_it_was() -> None:
    """Until all is read again: that ids are searched is not documented."""
    with catalogue(published(5), webhook_secret=SECRET) as (graph, scripted, listed):
        held = asyncio.Event()

        async def page(request: Request) -> Response:
            if "searchText" in request.query_params:
                return Response(json.dumps(successor_page()))
            await held.wait()
            return Response(json.dumps(successor_page(*listed)))

        assert graph.ask(ONE % ("9001", "5"))["promotion"]["name"] == "Promotion 5"
        scripted.responses["promotionsV3"] = page
        listed[0] = published(5, name="Other")
        _change(graph, 9001, 5)
        for calls in (2, 0):
            assert graph.ask(ONE % ("9001", "5"))["promotion"]["name"] == "Promotion 5"
            assert graph.calls == calls, "a search, and a page in the background"
        held.set()
        assert until(lambda: bool(graph.ask(ONE % ("9001", "5"))["promotion"]["name"] == "Other"))
