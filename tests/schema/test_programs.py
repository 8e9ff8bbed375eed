"""The list of programs, and the names that it makes known."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from tests.support.graph import Graph, graph_over, serve_gateway
from tests.support.metrics import scrape
from tests.support.scripted_platform import Platform, errors_body, platform
from tests.support.valkey import Valkey

LIST = "programs"
NAMES = "{programs{programId name}}"
NAMED = '{program(programId:"9001"){name}}'


@pytest.fixture(params=["compiled", "reference"])
def served(request: pytest.FixtureRequest) -> Iterator[tuple[Platform, Graph]]:
    """Serve a platform and a gateway that remembers nothing yet, with each executor."""
    with platform() as (scripted, url), graph_over(url, executor=request.param) as graph:
        yield scripted, graph


def _calls(graph: Graph) -> Counter[str]:
    return Counter(call["path"].rsplit("/", 1)[-1] for call in graph.call_log()["log"])


def _listed(*programs: Any) -> JSONResponse:
    return JSONResponse({"data": list(programs), "warnings": [], "errors": []})


def test_one_call_names_all_programs(scripted: Platform, asking: Graph) -> None:
    """In the platform's order, with their ids, whatever their number."""
    programs = scripted.world.programs.values()
    listed = asking.ask("{programs{id programId name __typename}}")["programs"]
    assert [each["name"] for each in listed] == [program.name for program in programs]
    assert [int(each["programId"]) for each in listed] == [each.program_id for each in programs]
    assert _calls(asking) == {LIST: 1}
    ids = [each["id"] for each in listed[:20]]
    nodes = asking.ask("query($ids:[ID!]!){nodes(ids:$ids){id}}", {"ids": ids})["nodes"]
    assert [node["id"] for node in nodes] == ids


def test_it_names_the_programs_of_the_same_operation(asking: Graph) -> None:
    """Wherever they are, and whatever the definitions at hand call them."""
    data = asking.ask(
        '{program(programId:"9001"){name} programs{programId}'
        ' customer(by:{externalId:"C-TEN"}){promotions(first:10)'
        "{nodes{promotion{program{programId name}}}}}}"
    )
    nodes = data["customer"]["promotions"]["nodes"]
    named = {(node["promotion"]["program"]["programId"], _name(node)) for node in nodes}
    assert named == {("9001", "Sandbox Coffee"), ("9002", "Sandbox Fashion")}
    assert data["program"]["name"] == "Sandbox Coffee"
    assert _calls(asking) == {LIST: 1, "promotionData": 1}


def _name(node: Any) -> Any:
    return node["promotion"]["program"]["name"]


def test_its_name_goes_before_that_of_a_definition(scripted: Platform, asking: Graph) -> None:
    """A program has one name in an operation."""
    scripted.responses["programs"] = _listed({"programId": 9001, "programName": "Renamed"})
    below = "promotions(first:1){nodes{program{name}}}"
    data = asking.ask(f'{{programs{{name {below}}} program(programId:"9001"){{name {below}}}}}')
    nodes = {"promotions": {"nodes": [{"program": {"name": "Renamed"}}]}}
    assert data == {
        "programs": [{"name": "Renamed"} | nodes],
        "program": {"name": "Renamed"} | nodes,
    }
    assert _calls(asking) == {LIST: 1, "promotionsV2": 1}


def test_what_it_does_not_name_is_named_as_before(scripted: Platform, asking: Graph) -> None:
    """It has active programs only: a promotion names another one."""
    scripted.responses["programs"] = _listed({"programId": 9002, "programName": "Other"})
    data = asking.ask('{programs{name} program(programId:"9001"){name}}')
    assert data == {"programs": [{"name": "Other"}], "program": {"name": "Sandbox Coffee"}}
    assert _calls(asking) == {LIST: 1, "promotionsV2": 1}


@pytest.mark.parametrize(
    "query",
    [
        '{program(programId:"9033"){name}}',
        '{program(programId:"9033"){name promotions(first:2,includeInactive:true){nodes{name}}}}',
        '{promotion(programId:"9033",promotionId:"90330105"){program{name} definition{source}}}',
    ],
)
def test_it_names_programs_that_only_the_successor_has_promotions_of(
    sandbox_url: str, query: str
) -> None:
    """No promotion has the name of its program there, and the legacy list is empty."""

    def named(data: Any) -> Any:
        program = data["promotion"]["program"] if "promotion" in data else data["program"]
        return program["name"]

    with graph_over(sandbox_url, definitions="both", cache_definition_ttl_s=300) as graph:
        for calls in (1, 0):
            assert named(graph.ask(query)) == "Sandbox Catalogue"
            assert _calls(graph)[LIST] == calls
    for status in (403, 404):
        with platform() as (scripted, url), graph_over(url, definitions="both") as graph:
            scripted.responses["programs"] = Response("", status)
            assert named(graph.ask(query)) is None
    with platform() as (scripted, url), graph_over(url, definitions="both") as graph:
        scripted.responses["programs"] = Response("", 500)
        at = ["promotion", "program", "name"] if "promotion(" in query else ["program", "name"]
        assert graph.errors(query) == [("UPSTREAM_UNAVAILABLE", at)]


def test_it_names_programs_without_the_legacy_endpoint(sandbox_url: str) -> None:
    """Whether that is switched off, or gone for any program."""
    wallet = (
        '{customer(by:{externalId:"C-UNIFIED"}){promotions(first:2){nodes{promotion'
        "{program{name}}}}}}"
    )
    both = '{program(programId:"9001"){name promotions(first:2,includeInactive:true){totalCount}}}'
    with graph_over(sandbox_url, definitions="v3", cache_definition_ttl_s=300) as graph:
        nodes = graph.ask(wallet)["customer"]["promotions"]["nodes"]
        assert list(map(_name, nodes)) == ["Sandbox Successor"] * 2
        assert _calls(graph) == {LIST: 1, "promotionData": 1}
        assert graph.ask(NAMED)["program"]["name"] == "Sandbox Coffee"
        assert graph.calls == 0
    for status in (404, 410):
        with platform() as (scripted, url), graph_over(url, definitions="both") as graph:
            scripted.responses["promotionsV2"] = Response("", status)
            assert graph.ask(NAMED)["program"]["name"] == "Sandbox Coffee"
            assert graph.answer(both)["data"]["program"]["name"] == "Sandbox Coffee"
            assert graph.ask('{program(programId:"1"){name}}')["program"]["name"] is None
            scripted.responses["programs"] = Response("", 500)
            assert graph.errors(NAMED) == [("UPSTREAM_UNAVAILABLE", ["program", "name"])]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Response("", 500), "UPSTREAM_UNAVAILABLE"),
        (Response("", 401), "UPSTREAM_AUTH_FAILED"),
        (Response("", 403), "UPSTREAM_AUTH_FAILED"),
        (Response("", 404), "UPSTREAM_GONE"),
        (Response("", 410), "UPSTREAM_GONE"),
        (Response("", 429), "UPSTREAM_RATE_LIMITED"),
        (Response("<html>", 200), "UPSTREAM_BAD_PAYLOAD"),
        (JSONResponse({"data": None}), "UPSTREAM_BAD_PAYLOAD"),
        (JSONResponse(errors_body(77), 400), "UPSTREAM_BAD_PAYLOAD"),
    ],
    ids=["500", "401", "403", "404", "410", "429", "HTML", "null", "an unknown code"],
)
def test_it_is_null_with_a_coded_error_where_it_fails(
    scripted: Platform, asking: Graph, answer: Response, code: str
) -> None:
    """Nothing else suffers: names come from elsewhere."""
    scripted.responses["programs"] = answer
    response = asking.answer('{programs{name} program(programId:"9001"){name}}')
    named = None if code == "UPSTREAM_RATE_LIMITED" else "Sandbox Coffee"  # one quota for all
    assert response["data"] == {"programs": None, "program": {"name": named}}
    failed = [e for e in response["errors"] if e["path"] == ["programs"]]
    assert [error["extensions"]["code"] for error in failed] == [code]
    assert failed[0]["extensions"]["upstream"]["name"] == LIST


@pytest.mark.parametrize("status", [404, 405, 410])
def test_where_it_is_not_offered_it_is_asked_once(
    scripted: Platform, asking: Graph, status: int
) -> None:
    """For five minutes it fails without a call."""
    scripted.responses["programs"] = Response("", status)
    for calls in (1, 0):
        assert asking.errors(NAMES) == [("UPSTREAM_GONE", ["programs"])]
        assert asking.calls == calls


def test_entries_are_read_as_leniently_as_promotions() -> None:
    """An id as text, a double, no name, and two that have no id, which are dropped and counted."""
    with platform() as (scripted, url), serve_gateway(url) as gateway_url:
        scripted.responses["programs"] = _listed(
            {"programId": "1", "programName": "One"},
            {"programName": "without an id"},
            {"programId": "HiddenGemDefaultProgram_ID", "programName": "a word"},
            {"programId": 2},
            {"programId": 1, "programName": "One again"},
        )
        graph = Graph(gateway_url, url)
        assert graph.ask(NAMES)["programs"] == [
            {"programId": "1", "name": "One"},
            {"programId": "2", "name": None},
        ]
        assert graph.calls == 1
        labels = 'endpoint="programs",field="programId",reason="malformed"'
        metrics = scrape(gateway_url)
        assert metrics[f"gateway_upstream_items_dropped_total{{{labels}}}"] == 2
        assert metrics['gateway_upstream_calls_total{endpoint="programs",outcome="2xx"}'] == 1
        graph.close()


def test_a_brand_without_programs_has_an_empty_list(scripted: Platform, asking: Graph) -> None:
    """It is no error."""
    scripted.responses["programs"] = _listed()
    assert asking.ask(NAMES) == {"programs": []}


def test_a_cached_list_names_programs_of_later_operations() -> None:
    """Without any call, as long as it is fresh; without the cache a promotion does."""
    with platform() as (_, url):
        for ttl_s, calls in ((60, {}), (0, {"promotionsV2": 1})):
            with graph_over(url, cache_definition_ttl_s=ttl_s) as graph:
                graph.ask(NAMES)
                answer = graph.answer(NAMED)
                assert answer["data"] == {"program": {"name": "Sandbox Coffee"}}
                assert _calls(graph) == calls
                assert answer["extensions"]["upstream"]["cached"] == (not calls)


def test_it_is_cached_and_shared_between_replicas() -> None:
    """The second replica answers from what the first one has stored."""
    valkey = Valkey()
    with ExitStack() as stack:
        stack.callback(valkey.stop)
        _, url = stack.enter_context(platform())
        settings = {"cache_url": valkey.url, "cache_key_secret": "sixteen bytes and more"}
        one, other = (
            stack.enter_context(graph_over(url, cache_definition_ttl_s=60, **settings))
            for _ in range(2)
        )
        first = one.ask(NAMES)
        assert _calls(one) == {LIST: 1}
        for graph in (one, other):
            assert graph.ask(NAMES) == first
            assert graph.calls == 0


def test_a_stale_list_is_served_where_the_platform_is_down() -> None:
    """As definitions are: stale where the refresh fails."""
    with (
        platform() as (scripted, url),
        graph_over(url, cache_definition_ttl_s=0.001, cache_definition_stale_s=600) as graph,
    ):
        first = graph.ask(NAMES)
        scripted.responses["programs"] = Response("", 503)
        assert graph.ask(NAMES) == first
