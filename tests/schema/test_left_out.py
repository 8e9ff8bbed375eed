"""Malformed items are left out with a warning; places, cursors and totals stay right."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.sandbox.customer_view import promotion_data
from gateway.sandbox.definitions import promotion_definitions
from tests.pagination.listing import PAGE, Listing, customer, program
from tests.sandbox.client import NOW
from tests.support.graph import Graph, graph_over
from tests.support.scripted_platform import Platform, platform

BROKEN = {1, 4, 5, 9, 99}
WARNED = PAGE + " nodes{id} warnings{code message}"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Platform, Graph]]:
    """Serve a platform with unreadable items at the indices `BROKEN`."""
    with platform() as (scripted, url), graph_over(url) as graph:

        async def customers(request: Request) -> Response:
            body = promotion_data(scripted.world, lambda: NOW, request.query_params)
            _break(body["promotions"], request, "promotionName")
            return JSONResponse(body)

        async def definitions(request: Request) -> Response:
            program_id = int(request.url.path.split("/")[-2])
            body = promotion_definitions(scripted.world, program_id, request.query_params)
            _break(body["data"], request, "id")
            return JSONResponse(body)

        scripted.responses |= {"promotionData": customers, "promotionsV2": definitions}
        yield scripted, graph


def _break(items: list[dict[str, Any]], request: Request, key: str) -> None:
    offset = int(request.query_params["offset"])
    for place in BROKEN:
        if offset <= place < offset + len(items):
            items[place - offset][key] = None


@pytest.fixture(params=[customer("C-100"), program(9100)], ids=["customer", "program"])
def listing(request: pytest.FixtureRequest, served: tuple[Platform, Graph]) -> Listing:
    """Return both connections."""
    return Listing(served[1], request.param, selection=WARNED)


def test_the_others_are_shown_and_the_missing_counted(listing: Listing) -> None:
    """A page of ten places with four unreadable items has six, and a warning about four."""
    data = listing.graph.ask(listing.query(), {"first": 10})
    (root,) = data.values()
    page = root["promotions"]
    assert len(page["edges"]) == len(page["nodes"]) == 6
    assert page["totalCount"] == 100
    assert page["warnings"] == [
        {
            "code": None,
            "message": "4 promotions were dropped: they are malformed, or belong to another"
            " program.",
        }
    ]


def test_one_left_out_is_told_in_the_singular(listing: Listing) -> None:
    """The warning agrees in number, and is absent where nothing is left out."""
    for size, expected in (
        (2, ["1 promotion was dropped: it is malformed, or belongs to another program."]),
        (1, []),
    ):
        (root,) = listing.graph.ask(listing.query(), {"first": size}).values()
        assert [warning["message"] for warning in root["promotions"]["warnings"]] == expected


def test_a_page_ends_at_its_last_place_even_where_that_is_left_out(listing: Listing) -> None:
    """`endCursor` is after the last place, so that nothing is repeated."""
    page = listing.page(first=2)
    assert len(page.cursors) == 1
    assert page.info["endCursor"] != page.cursors[-1]
    behind = listing.page(first=2, after=page.info["endCursor"])
    again = listing.page(first=2, after=page.cursors[-1])
    assert behind.drift == again.drift == "NONE"
    assert len(behind.ids) == 2
    assert again.ids == behind.ids[:1]


def test_a_page_of_nothing_readable_still_leads_on(listing: Listing) -> None:
    """A page of places without readable items has cursors."""
    page = listing.page(first=2, after=listing.page(first=4).info["endCursor"])
    assert page.ids == []
    assert page.edges == (True, True)
    assert len(listing.page(first=2, after=page.info["endCursor"]).ids) == 2


@pytest.mark.parametrize("size", [3, 20, 100])
def test_walks_show_all_that_can_be_read_once(listing: Listing, size: int) -> None:
    """Forward and backward, for any page size, no drift is suspected."""
    there, back = listing.forward(size), listing.backward(size)
    seen = [id_ for page in there for id_ in page.ids]
    assert len(seen) == len(set(seen)) == 95
    assert [id_ for page in back[::-1] for id_ in page.ids] == seen
    assert {page.drift for page in there + back} == {"NONE"}
    assert {page.total for page in there + back} == {100}


def test_the_upstreams_own_warnings_are_shown(graph: Graph) -> None:
    """A warning of the platform (C-MERGED) is on the page once."""
    data = graph.ask(
        '{customer(by:{externalId:"C-MERGED"}){promotions{totalCount warnings{code message}}}}'
    )
    assert data["customer"]["promotions"] == {
        "totalCount": 2,
        "warnings": [{"code": 8069, "message": "The customer was found through a merged customer"}],
    }
