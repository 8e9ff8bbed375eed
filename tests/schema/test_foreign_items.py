"""Items of other programs are left out with a warning, and never returned as results."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.sandbox.customer_view import promotion_data
from gateway.sandbox.definitions import promotion_definitions
from tests.pagination.listing import PAGE, Listing
from tests.sandbox.client import NOW
from tests.support.graph import Graph, graph_over
from tests.support.scripted_platform import Platform, platform

FOREIGN = {0, 3, 4, 50, 99}
WARNED = PAGE + " nodes{id} warnings{code message}"
CUSTOMER = 'customer(by:{externalId:"C-100"})'
ID_KEYS = {"promotionData": "promotionId", "promotionsV2": "id"}
LISTS = {"promotionData": "promotions", "promotionsV2": "data"}


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Platform, Graph]]:
    """Serve a platform with items of another program at the indices `FOREIGN`."""
    with platform(lists_alone=True) as (scripted, url), graph_over(url) as graph:

        async def customers(request: Request) -> Response:
            parameters = dict(request.query_params)
            parameters.pop("programs", None)
            return _answer(promotion_data(scripted.world, lambda: NOW, parameters), request)

        async def definitions(request: Request) -> Response:
            program_id = int(request.url.path.split("/")[-2])
            parameters = dict(request.query_params)
            parameters.pop("promotionId", None)
            body = promotion_definitions(scripted.world, program_id, parameters)
            return _answer(body, request)

        scripted.responses |= {"promotionData": customers, "promotionsV2": definitions}
        yield scripted, graph


def _answer(body: dict[str, Any], request: Request) -> Response:
    endpoint = request.url.path.rsplit("/", 1)[-1]
    offset = int(request.query_params["offset"])
    items = [dict(item) for item in body[LISTS[endpoint]]]
    for place, item in enumerate(items, offset):
        if place in FOREIGN:
            item["programId"] += 1
    return JSONResponse(body | {LISTS[endpoint]: items})


@pytest.fixture(scope="module")
def programs(served: tuple[Platform, Graph]) -> str:
    """Return the programs of all of the customer's promotions, as an argument."""
    data = served[1].ask(
        f"{{{CUSTOMER}{{promotions(first:100){{nodes{{promotion{{programId}}}}}}}}}}"
    )
    nodes = data["customer"]["promotions"]["nodes"]
    found = {node["promotion"]["programId"] for node in nodes[5:49]}
    return f"programIds: {sorted(found)}".replace("'", '"')


@pytest.fixture(params=["customer", "program"])
def listing(
    request: pytest.FixtureRequest, served: tuple[Platform, Graph], programs: str
) -> Listing:
    """Return both connections, filtered by programs."""
    if request.param == "customer":
        return Listing(served[1], CUSTOMER, programs, selection=WARNED)
    return Listing(served[1], 'program(programId:"9100")', selection=WARNED)


def test_an_item_of_another_program_is_left_out_and_told(listing: Listing) -> None:
    """A page of ten places with three foreign items has seven, and a warning about three."""
    (root,) = listing.graph.ask(listing.query(), {"first": 10}).values()
    page = root["promotions"]
    assert len(page["edges"]) == len(page["nodes"]) == 7
    assert page["totalCount"] == 100
    message = "3 promotions were dropped: they are malformed, or belong to another program."
    assert page["warnings"] == [{"code": None, "message": message}]


@pytest.mark.parametrize("size", [3, 100])
def test_walks_show_each_of_the_others_once(listing: Listing, size: int) -> None:
    """Cursors count the upstream's items, forward and backward."""
    there, back = listing.forward(size), listing.backward(size)
    seen = [id_ for page in there for id_ in page.ids]
    assert len(seen) == len(set(seen)) == 95
    assert [id_ for page in back[::-1] for id_ in page.ids] == seen
    assert {page.drift for page in there + back} == {"NONE"}
    assert {page.total for page in there + back} == {100}


def test_one_that_was_asked_for_by_its_id_is_that_one_or_none(
    served: tuple[Platform, Graph],
) -> None:
    """A response with another promotion of the program is not shown."""
    query = (
        'query($id:ID!){program(programId:"9100"){promotions(first:1,promotionId:$id){'
        "nodes{promotionId} warnings{message}}}}"
    )
    for wanted in ("1", "910077"):
        page = served[1].ask(query, {"id": wanted})["program"]["promotions"]
        assert page["nodes"] == []
        message = "1 promotion was dropped: it is malformed, or belongs to another program."
        assert [warning["message"] for warning in page["warnings"]] == [message]


def test_a_look_up_by_id_that_brings_another_has_not_said_that_there_is_none(
    served: tuple[Platform, Graph],
) -> None:
    """Null would mean that the promotion does not exist."""
    query = '{promotion(programId:"9100",promotionId:"1"){name}}'
    assert served[1].errors(query) == [("UPSTREAM_BAD_PAYLOAD", ["promotion"])]


def test_definitions_beside_another_programs_are_found(served: tuple[Platform, Graph]) -> None:
    """An item of another program hides nothing, and takes no further call."""
    graph = served[1]
    listed = graph.ask('{program(programId:"9100"){promotions(first:98){nodes{promotionId}}}}')
    ids = [node["promotionId"] for node in listed["program"]["promotions"]["nodes"]][:3]
    wanted = " ".join(
        f'a{id_}:promotion(programId:"9100",promotionId:"{id_}"){{promotionId}}' for id_ in ids
    )
    found = graph.ask(f"{{{wanted}}}")
    assert [found[f"a{id_}"]["promotionId"] for id_ in ids] == ids
    assert len(graph.queries()) == 1


def test_a_program_is_not_named_by_another_programs_promotion() -> None:
    """The first item of the list is another program's; its name is not used."""
    with platform() as (scripted, url), graph_over(url) as graph:

        async def definitions(request: Request) -> Response:
            body = promotion_definitions(scripted.world, 9100, request.query_params)
            item = body["data"][0] | {"programId": 9101, "programName": "another"}
            return JSONResponse(body | {"data": [item]})

        scripted.responses["promotionsV2"] = definitions
        assert graph.ask('{program(programId:"9100"){name}}')["program"]["name"] is None
