"""Definitions in pages shorter than their limit, and names of programs without any."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.sandbox.definitions import promotion_definitions
from tests.support.graph import Graph, graph_over
from tests.support.scripted_platform import Platform, errors_body, platform

UNDER_UI = "nodes{promotion{definition{sourceType}}}"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Platform, Graph]]:
    """Serve one platform and one gateway for this module."""
    calls = 200  # a hundred ids, and thirty pages
    with (
        platform(lists_alone=True) as (scripted, url),
        graph_over(url, upstream_max_calls_per_operation=calls) as graph,
    ):
        yield scripted, graph


def _kept(scripted: Platform, kept: Callable[[int], int]) -> Any:
    """Respond as the sandbox does, with a number of items that depends on the offset."""

    async def answer(request: Request) -> Response:
        program_id = int(request.url.path.split("/")[-2])
        body = promotion_definitions(scripted.world, program_id, request.query_params)
        if "promotionId" not in request.query_params:
            body["data"] = body["data"][: kept(int(request.query_params["offset"]))]
        return JSONResponse(body)

    return answer


def _found(graph: Graph, name: str, size: int) -> list[str | None]:
    page = f"promotions(first:{size}){{{UNDER_UI}}}"
    nodes = graph.ask(f'{{customer(by:{{externalId:"{name}"}}){{{page}}}}}')["customer"]
    definitions = [node["promotion"]["definition"] for node in nodes["promotions"]["nodes"]]
    return [definition and definition["sourceType"] for definition in definitions]


def _sources_asked(graph: Graph) -> set[str]:
    asked = [query.split("&")[0] for query in graph.queries()]
    return {query for query in asked if query.startswith("sourceType=")}


def _calls(graph: Graph) -> tuple[int, int]:
    """Return the number of calls for list pages, and of those for one promotion."""
    asked = [query for query in graph.queries() if query.startswith("sourceType=")]
    by_id = sum("promotionId=" in query for query in asked)
    return len(asked) - by_id, by_id


@pytest.mark.parametrize("most", [0, 1, 50, 99])
def test_a_first_page_shorter_than_its_total_hides_no_definition(
    scripted: Platform, asking: Graph, most: int
) -> None:
    """Missing definitions are looked up by id, under the same source type."""
    scripted.responses["promotionsV2"] = _kept(scripted, lambda _: most)
    assert _found(asking, "C-101", 100) == ["UI"] * 100
    assert _sources_asked(asking) == {"sourceType=UI"}
    # The customer's page is the program's list without its first, which the list page holds.
    assert _calls(asking) == (1, 100 - max(0, most - 1))


def test_a_look_up_that_counts_a_promotion_and_has_none_is_not_believed(
    scripted: Platform, asking: Graph
) -> None:
    """It does not prove absence: null with an error, which is not stored."""

    async def answer(_: Request) -> Response:
        body = {"data": [], "pageDetails": {"totalEntries": 1, "limit": 1, "offset": 0}}
        return JSONResponse(body)

    scripted.responses["promotionsV2"] = answer
    query = f'{{customer(by:{{externalId:"C-ONE"}}){{promotions(first:1){{{UNDER_UI}}}}}}}'
    assert [code for code, _ in asking.errors(query)] == ["UPSTREAM_BAD_PAYLOAD"]
    assert _calls(asking) == (0, 1)


@pytest.mark.parametrize(("offset", "most"), [(2900, 40), (2900, 99), (2900, 0)])
def test_a_later_page_shorter_than_its_total_hides_no_definition(
    scripted: Platform, asking: Graph, offset: int, most: int
) -> None:
    """Definitions missing from the page of a hundred are looked up by id."""
    scripted.responses["promotionsV2"] = _kept(
        scripted, lambda asked: most if asked == offset else 100
    )
    assert _found(asking, "C-3000", 100) == ["UI"] * 100
    assert _sources_asked(asking) == {"sourceType=UI"}
    assert _calls(asking) == (30, 100 - most)


def test_a_name_is_not_asked_for_where_all_that_was_asked_has_failed(
    scripted: Platform, asking: Graph
) -> None:
    """During an outage only the page's call is made; both fields have errors."""
    scripted.responses["promotionsV2"] = Response("", 503)
    answer = asking.answer('{program(programId:"9001"){name promotions(first:2){nodes{name}}}}')
    assert answer["data"] == {"program": {"name": None, "promotions": None}}
    codes = {error["path"][-1]: error["extensions"]["code"] for error in answer["errors"]}
    assert codes == dict.fromkeys(("name", "promotions"), "UPSTREAM_UNAVAILABLE")
    assert asking.calls == 1


def test_a_name_is_not_asked_for_where_a_definition_has_failed(
    scripted: Platform, asking: Graph
) -> None:
    """The failed call for a definition serves for the name, too."""
    scripted.responses["promotionsV2"] = Response("", 503)
    page = "promotions(first:1){nodes{promotion{program{name} definition{status}}}}"
    answer = asking.answer(f'{{customer(by:{{externalId:"C-ONE"}}){{{page}}}}}')
    fields = {error["path"][-1] for error in answer["errors"]}
    assert fields == {"name", "definition"}
    assert asking.calls == 2


@pytest.mark.parametrize("answer", [None, JSONResponse(errors_body(4027), 404)], ids=["[]", "4027"])
def test_a_name_is_not_asked_for_where_the_whole_list_is_empty(
    scripted: Platform, asking: Graph, answer: Response | None
) -> None:
    """An empty window without filters proves that there is no name."""
    if answer is not None:
        scripted.responses["promotionsV2"] = answer
    page = "promotions(first:2,includeInactive:true){nodes{name}}"
    data = asking.ask(f'{{program(programId:"9000"){{name {page}}}}}')
    assert data["program"] == {"name": None, "promotions": {"nodes": []}}
    assert asking.calls == 1


def test_a_name_is_asked_for_where_only_active_promotions_were(asking: Graph) -> None:
    """An empty window with filters proves nothing."""
    asking.ask('{program(programId:"9000"){name promotions(first:2){nodes{name}}}}')
    assert asking.calls == 2
