"""One definition by its id: in one call, and by the lists where that call is not offered."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.sandbox.definitions import definition_by_id
from gateway.schema.ids import write_id
from tests.sandbox.client import new_world
from tests.support.graph import Graph, graph_over, serve_gateway
from tests.support.metrics import scrape
from tests.support.scripted_platform import Platform, errors_body, platform
from tests.support.valkey import Valkey

BY_ID, LIST = "get", "promotionsV2"
ONE = '{promotion(programId:"9001",promotionId:"90010001"){name definition{sourceType status}}}'
UNDER_CAMPAIGN = "90050035"


def _calls(graph: Graph) -> Counter[str]:
    return Counter(call["path"].rsplit("/", 1)[-1] for call in graph.call_log()["log"])


def _promotion(program_id: str, promotion_id: str, below: str = "definition{sourceType}") -> str:
    return f'{{promotion(programId:"{program_id}",promotionId:"{promotion_id}"){{name {below}}}}}'


@pytest.fixture(params=["compiled", "reference"])
def both(request: pytest.FixtureRequest) -> Iterator[tuple[Platform, Graph]]:
    """Serve a platform of its own to a gateway with each executor."""
    with platform() as (scripted, url), graph_over(url, executor=request.param) as graph:
        yield scripted, graph


@pytest.fixture
def served() -> Iterator[tuple[Platform, Graph]]:
    """Serve a platform and a gateway that remembers nothing yet."""
    with platform() as (scripted, url), graph_over(url) as graph:
        yield scripted, graph


def test_a_promotion_is_one_call_whatever_its_source_type(
    both: tuple[Platform, Graph],
) -> None:
    """By `promotion` and by `node`; its source type is not known then."""
    _, graph = both
    for promotion_id in ("90050001", UNDER_CAMPAIGN):
        found = graph.ask(_promotion("9005", promotion_id))["promotion"]
        assert found["definition"] == {"sourceType": None}
        assert _calls(graph) == {BY_ID: 1}
        global_id = write_id("Promotion", "9005", promotion_id)
        query = f'{{node(id:"{global_id}"){{id ...on Promotion{{name definition{{sourceType}}}}}}}}'
        node = graph.ask(query)["node"]
        assert node == {"id": global_id, "name": found["name"], "definition": {"sourceType": None}}
        assert _calls(graph) == {BY_ID: 1}


def test_a_named_source_type_is_looked_for_in_its_list(asking: Graph) -> None:
    """What was found by its id alone proves nothing about it."""
    for name, expected in (("CAMPAIGN", {"sourceType": "CAMPAIGN"}), ("UI", None)):
        query = _promotion("9005", UNDER_CAMPAIGN, f"definition(sourceType:{name}){{sourceType}}")
        assert asking.ask(query)["promotion"]["definition"] == expected
        assert _calls(asking) == {BY_ID: 1, LIST: 1}


def test_it_is_found_under_a_source_type_that_is_not_configured() -> None:
    """Alone and in a page with others, as one promotion has one definition."""
    world = new_world()
    definitions = world.programs[9001].definitions
    definitions[0] = replace(definitions[0], source_type="GOODWILL")
    page = "promotions(first:10){nodes{promotion{promotionId definition{sourceType}}}}"
    with platform(world) as (_, url), graph_over(url) as graph:
        assert graph.ask(ONE)["promotion"]["definition"]
        assert _calls(graph) == {BY_ID: 1}
        data = graph.ask(f'{{customer(by:{{externalId:"C-TEN"}}){{{page}}}}}')
        promotions = [node["promotion"] for node in data["customer"]["promotions"]["nodes"]]
        assert all(promotion["definition"] for promotion in promotions)
        found = {each["promotionId"]: each["definition"]["sourceType"] for each in promotions}
        assert found["90010001"] is None
        assert Counter(found.values()) == {"UI": 9, None: 1}
        assert _calls(graph) == {"promotionData": 1, LIST: 2, BY_ID: 1}


@pytest.mark.parametrize("code", [4029, 2010, 4027])
@pytest.mark.parametrize("status", [200, 400, 404])
def test_no_such_promotion_or_program_is_null(
    scripted: Platform, asking: Graph, code: int, status: int
) -> None:
    """A documented code is an answer: no list is searched, and the endpoint is there."""
    scripted.responses["promotionById"] = JSONResponse(errors_body(code), status)
    for _ in range(2):
        assert asking.ask(ONE) == {"promotion": None}
        assert _calls(asking) == {BY_ID: 1}


def test_a_page_of_few_missing_is_completed_by_id(asking: Graph) -> None:
    """Five of 3,000 are not in the first hundred: five look-ups rather than 29 pages."""
    page = "promotions(first:5){nodes{promotion{definition{sourceType}}}}"
    data = asking.ask(f'{{customer(by:{{externalId:"C-3000"}}){{{page}}}}}')
    nodes = data["customer"]["promotions"]["nodes"]
    assert [node["promotion"]["definition"] for node in nodes] == [{"sourceType": None}] * 5
    assert _calls(asking) == {"promotionData": 1, LIST: 1, BY_ID: 5}


def test_several_source_types_cost_the_fewer_calls(asking: Graph) -> None:
    """C-MIXED: three pages find ten of twelve; two look-ups prove that the last do not exist."""
    page = "promotions(first:100){nodes{promotion{definition{sourceType}}}}"
    data = asking.ask(f'{{customer(by:{{externalId:"C-MIXED"}}){{{page}}}}}')
    found = [node["promotion"]["definition"] for node in data["customer"]["promotions"]["nodes"]]
    names = [definition and definition["sourceType"] for definition in found]
    assert names == ["UI"] * 4 + ["PROMOTION_API"] * 3 + ["CAMPAIGN"] * 3 + [None] * 2
    assert found[-2:] == [None, None]
    assert _calls(asking) == {"promotionData": 1, LIST: 3, BY_ID: 2}


@pytest.mark.parametrize(
    "answer",
    [
        Response("", 401),
        Response("", 403),
        Response("no route", 404),
        Response("", 405),
        Response("", 410),
        Response("<html>", 200),
        JSONResponse({"data": None}),
    ],
    ids=["401", "403", "404", "405", "410", "HTML", "null"],
)
def test_where_it_is_not_offered_the_lists_serve_and_that_is_remembered(
    both: tuple[Platform, Graph], answer: Response
) -> None:
    """One call is spent on it, also for several that are missing from a page."""
    scripted, graph = both
    scripted.responses["promotionById"] = answer
    page = "promotions(first:5){nodes{promotion{definition{sourceType}}}}"
    data = graph.ask(f'{{customer(by:{{externalId:"C-3000"}}){{{page}}}}}')
    nodes = data["customer"]["promotions"]["nodes"]
    assert [node["promotion"]["definition"] for node in nodes] == [{"sourceType": "UI"}] * 5
    assert _calls(graph) == {"promotionData": 1, BY_ID: 1, LIST: 6}
    assert graph.ask(ONE)["promotion"]["definition"]["sourceType"] == "UI"
    assert _calls(graph) == {LIST: 1}


@pytest.mark.parametrize(
    "answer",
    [
        Response("", 500),
        Response("", 461),
        JSONResponse(errors_body(77), 400),
        JSONResponse({"data": []}),
    ],
    ids=["500", "busy", "an unknown code", "nothing"],
)
def test_where_it_fails_the_lists_serve_and_it_is_asked_again(
    scripted: Platform, asking: Graph, answer: Response
) -> None:
    """It is there, so that nothing is remembered."""
    scripted.responses["promotionById"] = answer
    for _ in range(2):
        assert asking.ask(ONE)["promotion"]["definition"]["sourceType"] == "UI"
        assert _calls(asking) == {BY_ID: 1, LIST: 1}
    scripted.responses.clear()
    assert asking.ask(ONE)["promotion"]["definition"]["sourceType"] is None


def test_nothing_else_is_tried_at_the_rate_limit(scripted: Platform, asking: Graph) -> None:
    """The lists' calls would take from the same quota."""
    scripted.responses["promotionById"] = Response("", 429)
    assert [code for code, _ in asking.errors(ONE)] == ["UPSTREAM_RATE_LIMITED"]
    assert _calls(asking) == {BY_ID: 1}


def test_nothing_else_is_tried_when_the_time_is_over() -> None:
    """The deadline is that of all calls."""
    with platform(faults=()) as (scripted, url), graph_over(url, upstream_deadline_s=0.3) as graph:

        async def hanging(request: Request) -> Response:
            await request.receive()  # the body's end
            await request.receive()  # the end of the connection
            return Response("")

        scripted.responses["promotionById"] = hanging
        assert [code for code, _ in graph.errors(ONE)] == ["UPSTREAM_TIMEOUT"]
        assert _calls(graph) == {BY_ID: 1}


def _changed(scripted: Platform, **changes: Any) -> Any:
    async def answer(_: Request) -> Response:
        body = definition_by_id(scripted.world, 9001, 90010001)
        body["data"][0] |= changes
        return JSONResponse(body)

    return answer


@pytest.mark.parametrize("change", [{"id": 90010002}, {"programId": 9002}, {"id": {"not": "one"}}])
def test_another_promotion_is_not_taken_for_it(
    scripted: Platform, asking: Graph, change: dict[str, Any]
) -> None:
    """The list has it; where the list has none either, its absence is not proven."""
    scripted.responses["promotionById"] = _changed(scripted, **change)
    assert asking.ask(ONE)["promotion"]["definition"]["sourceType"] == "UI"
    scripted.responses["promotionsV2"] = JSONResponse(errors_body(4027), 400)
    assert asking.errors(ONE) == [("UPSTREAM_BAD_PAYLOAD", ["promotion"])]


def test_an_undocumented_value_costs_the_value_and_is_counted() -> None:
    """By the endpoint's name, in the log and in the metrics."""
    with platform() as (scripted, url), serve_gateway(url) as gateway_url:
        scripted.responses["promotionById"] = _changed(scripted, useProportions="perhaps")
        graph = Graph(gateway_url, url)
        below = "definition{useProportions}"
        found = graph.ask(_promotion("9001", "90010001", below))["promotion"]
        assert found["definition"] == {"useProportions": None}
        metrics = scrape(gateway_url)
        labels = 'effect="null",endpoint="promotionById",field="useProportions"'
        assert metrics[f"gateway_upstream_undocumented_values_total{{{labels}}}"] == 1
        calls = 'gateway_upstream_calls_total{endpoint="promotionById",outcome="2xx"}'
        assert metrics[calls] == 1
        graph.close()


def test_another_identifier_is_another_promotion(scripted: Platform, asking: Graph) -> None:
    """The customer's view and the definition have identifiers that differ."""
    world = scripted.world
    own = world.programs[9010].definitions[0]

    async def answer(_: Request) -> Response:
        body = definition_by_id(world, 9010, own.promotion_id)
        body["data"][0]["identifier"] = "another"
        return JSONResponse(body)

    scripted.responses["promotionById"] = answer
    page = "promotions(first:1){nodes{promotion{identifier definition{status}}}}"
    data = asking.ask(f'{{customer(by:{{externalId:"C-ONE"}}){{{page}}}}}')
    (node,) = data["customer"]["promotions"]["nodes"]
    assert node["promotion"]["identifier"]
    assert node["promotion"]["definition"] is None
    assert _calls(asking) == {"promotionData": 1, BY_ID: 1}


def test_the_list_is_gone_and_the_look_up_is_not(scripted: Platform, asking: Graph) -> None:
    """A 410 of the list alone leaves the definitions, without a warning."""
    scripted.responses["promotionsV2"] = Response("", 410)
    page = "promotions(first:3){nodes{promotion{definition{status}}}}"
    for calls in ({LIST: 1, BY_ID: 3}, {BY_ID: 3}):
        answer = asking.answer(f'{{customer(by:{{externalId:"C-3000"}}){{{page}}}}}')
        nodes = answer["data"]["customer"]["promotions"]["nodes"]
        assert all(node["promotion"]["definition"] for node in nodes)
        assert "errors" not in answer
        assert "warnings" not in answer["extensions"]
        assert _calls(asking) == {"promotionData": 1, **calls}


def test_the_look_up_is_gone_and_the_list_is_not(scripted: Platform, asking: Graph) -> None:
    """A 410 of it alone switches nothing else off."""
    scripted.responses["promotionById"] = Response("", 410)
    for _ in range(4):
        assert asking.ask(ONE)["promotion"]["definition"]["sourceType"] == "UI"
    assert asking.ask('{program(programId:"9001"){promotions{totalCount}}}')["program"]


def test_a_tenant_without_it_takes_it_from_no_other() -> None:
    """With passthrough each credential is asked for itself."""
    good, without = "Basic c2FuZGJveDpzYW5kYm94", "Basic YTph"

    async def by_credential(request: Request) -> Response | None:
        return Response("", 403) if request.headers["authorization"] == without else None

    async def lists(request: Request) -> Response | None:
        if request.headers["authorization"] != without:
            return None
        return JSONResponse(errors_body(4027), 400)

    with (
        platform() as (scripted, url),
        graph_over(url, upstream_auth="passthrough") as graph,
    ):
        scripted.responses |= {"promotionById": by_credential, "promotionsV2": lists}
        assert graph.answer(ONE, authorization=without)["data"] == {"promotion": None}
        assert _calls(graph)[BY_ID] == 1
        assert graph.answer(ONE, authorization=without)["data"] == {"promotion": None}
        assert _calls(graph)[BY_ID] == 0
        assert graph.answer(ONE, authorization=good)["data"]["promotion"]
        assert _calls(graph) == {BY_ID: 1}


def test_it_is_remembered_as_definitions_are_and_shared_between_replicas() -> None:
    """Warm it takes no call, on any replica, also where there is none."""
    valkey = Valkey()
    with ExitStack() as stack:
        stack.callback(valkey.stop)
        _, url = stack.enter_context(platform())
        settings = {"cache_url": valkey.url, "cache_key_secret": "sixteen bytes and more"}
        one, other = (
            stack.enter_context(graph_over(url, cache_definition_ttl_s=60, **settings))
            for _ in range(2)
        )
        nowhere = _promotion("9001", "1")
        first = []
        for query in (ONE, nowhere):
            first.append(one.ask(query))
            assert _calls(one) == {BY_ID: 1}
        assert first[0]["promotion"]
        assert first[1] == {"promotion": None}
        for graph in (one, other):
            assert [graph.ask(query) for query in (ONE, nowhere)] == first
            assert _calls(graph) == {}
