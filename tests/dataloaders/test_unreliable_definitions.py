"""Definitions when their lists fail or are wrong: an error in their place only."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.sandbox.definitions import promotion_definitions
from tests.support.graph import Graph, graph_over
from tests.support.scripted_platform import Platform, errors_body, platform

PAGE = "promotions(first:%d){nodes{promotion{name definition{sourceType}}}}"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Platform, Graph]]:
    """Serve one platform and one gateway for this module."""
    with platform(lists_alone=True) as (scripted, url), graph_over(url) as graph:
        yield scripted, graph


def _ask(graph: Graph, name: str, size: int = 100) -> tuple[list[Any], list[tuple[str, int]]]:
    answer = graph.answer(f'{{customer(by:{{externalId:"{name}"}}){{{PAGE % size}}}}}')
    nodes = answer["data"]["customer"]["promotions"]["nodes"]
    errors = [(error["extensions"]["code"], error["path"][3]) for error in answer.get("errors", [])]
    assert all(node["promotion"]["name"] for node in nodes)
    return [(node["promotion"]["definition"] or {}).get("sourceType") for node in nodes], errors


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Response("down", 503), "UPSTREAM_UNAVAILABLE"),
        (Response("<html>", 200), "UPSTREAM_BAD_PAYLOAD"),
        (Response("", 429), "UPSTREAM_RATE_LIMITED"),
        (JSONResponse(errors_body(4086), 400), "INTERNAL_SERVER_ERROR"),
        (JSONResponse({"status": {"code": 4055}, "data": None}), "INTERNAL_SERVER_ERROR"),
    ],
    ids=["down", "HTML", "rate", "misuse", "status body"],
)
def test_an_outage_costs_the_definitions_and_nothing_else(
    scripted: Platform, asking: Graph, answer: Response, code: str
) -> None:
    """Each definition is null with a coded error; names and the page are present."""
    scripted.responses["promotionsV2"] = answer
    found, errors = _ask(asking, "C-TEN", 10)
    assert found == [None] * 10
    assert errors == [(code, nth) for nth in range(10)]
    assert asking.calls == 3


def test_a_list_that_is_not_here_is_looked_past(scripted: Platform, asking: Graph) -> None:
    """4027 for one source type continues with the next, also for list pages."""

    async def not_under_ui(request: Request) -> Response | None:
        under_ui = request.query_params["sourceType"] == "UI"
        return JSONResponse(errors_body(4027), 404) if under_ui else None

    scripted.responses["promotionsV2"] = not_under_ui
    found, errors = _ask(asking, "C-MIXED")
    assert found == [None] * 4 + ["PROMOTION_API"] * 3 + ["CAMPAIGN"] * 3 + [None] * 2
    assert errors == []


def test_nowhere_is_null_without_an_error(scripted: Platform, asking: Graph) -> None:
    """4027 from every source type: no definitions, no name, no error."""
    scripted.responses["promotionsV2"] = JSONResponse(errors_body(4027), 400)
    assert _ask(asking, "C-MIXED") == ([None] * 12, [])
    assert asking.calls == 5
    assert _ask(asking, "C-ONE") == ([None], [])
    assert asking.calls == 5
    assert asking.ask('{program(programId:"9001"){name}}') == {"program": {"name": None}}


def test_a_failing_source_type_ends_the_search() -> None:
    """Found definitions stay; the rest fails, because their absence is not proven."""

    async def fails_later(request: Request) -> Response | None:
        late = request.query_params["sourceType"] == "PROMOTION_API"
        return Response("", 500) if late else None

    with (
        platform(lists_alone=True) as (scripted, url),
        graph_over(url) as graph,
    ):  # which remembers nothing yet
        scripted.responses["promotionsV2"] = fails_later
        found, errors = _ask(graph, "C-MIXED")
        assert found == ["UI"] * 4 + [None] * 8
        assert errors == [("UPSTREAM_UNAVAILABLE", nth) for nth in range(4, 12)]
        assert graph.calls == 3


def test_one_failing_page_of_a_long_list_fails_what_it_may_hold(
    scripted: Platform, asking: Graph
) -> None:
    """Definitions on readable pages are found; the others fail."""

    async def one_page_fails(request: Request) -> Response | None:
        return Response("", 500) if request.query_params["offset"] == "2900" else None

    scripted.responses["promotionsV2"] = one_page_fails
    found, errors = _ask(asking, "C-3000")  # the customer's list is the program's reversed
    assert found == [None] * 100
    assert {code for code, _ in errors} == {"UPSTREAM_UNAVAILABLE"}


def _changed(scripted: Platform, **changes: Any) -> Any:
    """Respond as the sandbox does, with another envelope."""

    async def answer(request: Request) -> Response:
        program_id = int(request.url.path.split("/")[-2])
        body = promotion_definitions(scripted.world, program_id, request.query_params)
        return JSONResponse(body | changes)

    return answer


def test_a_list_without_a_total_is_not_taken_for_the_whole(
    scripted: Platform, asking: Graph
) -> None:
    """A full page without a total proves nothing about later pages: ids are looked up."""
    scripted.responses["promotionsV2"] = _changed(scripted, pageDetails=None)
    assert _ask(asking, "C-3000", 5) == (["UI"] * 5, [])
    assert asking.calls == 7
    assert _ask(asking, "C-TEN", 10) == (["UI"] * 10, [])
    assert asking.calls == 3


def test_an_unreadable_definition_is_an_error_rather_than_not_here(
    scripted: Platform, asking: Graph
) -> None:
    """An unreadable definition fails and the others are found, in a list page and by id."""

    async def first_is_garbage(request: Request) -> Response:
        program_id = int(request.url.path.split("/")[-2])
        body = promotion_definitions(scripted.world, program_id, request.query_params)
        if body["data"] and program_id in {9001, 9010}:
            body["data"][0]["id"] = {"not": "an id"}
        return JSONResponse(body)

    scripted.responses["promotionsV2"] = first_is_garbage
    found, errors = _ask(asking, "C-TEN", 10)
    assert found == [None] + ["UI"] * 9
    assert errors == [("UPSTREAM_BAD_PAYLOAD", 0)]
    assert _ask(asking, "C-ONE") == ([None], [("UPSTREAM_BAD_PAYLOAD", 0)])


def test_an_answer_about_another_promotion_is_not_taken(scripted: Platform, asking: Graph) -> None:
    """Results are matched by program and id, never by position."""

    async def reversed_order(request: Request) -> Response:
        program_id = int(request.url.path.split("/")[-2])
        parameters = dict(request.query_params)
        parameters.pop("promotionId", None)
        body = promotion_definitions(scripted.world, program_id, parameters)
        return JSONResponse(body | {"data": body["data"][::-1]})

    scripted.responses["promotionsV2"] = reversed_order
    assert _ask(asking, "C-TEN", 10) == (["UI"] * 10, [])
    query = '{promotion(programId:"9001",promotionId:"90010003"){name}}'
    assert asking.errors(query) == [("UPSTREAM_BAD_PAYLOAD", ["promotion"])]


def test_a_name_is_null_with_an_error_when_the_endpoint_is_down(
    scripted: Platform, asking: Graph
) -> None:
    """The program itself takes no call and is present."""
    scripted.responses["promotionsV2"] = Response("", 503)
    answer = asking.answer('{program(programId:"9001"){programId name}}')
    assert answer["data"] == {"program": {"programId": "9001", "name": None}}
    assert [(e["extensions"]["code"], e["path"]) for e in answer["errors"]] == [
        ("UPSTREAM_UNAVAILABLE", ["program", "name"])
    ]
