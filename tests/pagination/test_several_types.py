"""Several source types as one connection: program 9005 has UI 30, CAMPAIGN 25, PROMOTION_API 7."""

import pytest

from tests.pagination.listing import PAGE, Listing, program
from tests.support.graph import Graph

TYPES = "sourceTypes:[UI,IMPORT,CAMPAIGN,PROMOTION_API]"  # there is nothing under IMPORT
NO_TOTAL = PAGE.replace("totalCount", "")


@pytest.fixture
def listing(graph: Graph) -> Listing:
    """Return the connection over all four types, without its total."""
    return Listing(graph, program(9005), TYPES, NO_TOTAL)


@pytest.fixture(scope="module")
def everything(graph: Graph) -> Listing:
    """Return the connection with its total."""
    return Listing(graph, program(9005), TYPES)


def _types_asked(graph: Graph) -> list[str]:
    return [query.split("&")[0].removeprefix("sourceType=") for query in graph.queries()]


def test_several_types_are_one_list_in_the_order_asked(graph: Graph, everything: Listing) -> None:
    """One page of 62 has type after type, each item once, with the sum of totals."""
    page = everything.page(first=100)
    assert page.total == len(page.ids) == len(set(page.ids)) == 62
    assert page.edges == (False, False)
    assert _types_asked(graph) == ["UI", "IMPORT", "CAMPAIGN", "PROMOTION_API"]
    ui, campaign, api = (
        Listing(graph, program(9005), f"sourceTypes:[{name}]").page(first=100).ids
        for name in ("UI", "CAMPAIGN", "PROMOTION_API")
    )
    assert page.ids == [*ui, *campaign, *api]
    other_order = Listing(graph, program(9005), "sourceTypes:[PROMOTION_API,UI]").page(first=100)
    assert other_order.ids == [*api, *ui]


@pytest.mark.parametrize("size", [1, 7, 20, 30, 31, 55, 62, 98])
def test_a_walk_crosses_the_borders_either_way(everything: Listing, size: int) -> None:
    """For any page size, each item is seen once, forward and backward."""
    whole = everything.page(first=100).ids
    there, back = everything.forward(size), everything.backward(size)
    assert [id_ for page in there for id_ in page.ids] == whole
    assert [id_ for page in back[::-1] for id_ in page.ids] == whole
    assert {page.drift for page in there + back} == {"NONE"}
    assert {page.total for page in there + back} == {62}


@pytest.mark.parametrize(
    ("size", "after", "asked"),
    [
        pytest.param(20, None, [("UI", 21)], id="inside a type"),
        pytest.param(29, None, [("UI", 30)], id="one before the end"),
        pytest.param(
            30, None, [("UI", 31), ("IMPORT", 1), ("CAMPAIGN", 1)], id="to the end: one further"
        ),
        pytest.param(
            20, 19, [("UI", 22), ("IMPORT", 11), ("CAMPAIGN", 11)], id="across the border"
        ),
        pytest.param(5, 29, [("UI", 7), ("IMPORT", 6), ("CAMPAIGN", 6)], id="from the border"),
        pytest.param(10, 34, [("CAMPAIGN", 12)], id="inside the third"),
        pytest.param(7, 54, [("CAMPAIGN", 9), ("PROMOTION_API", 8)], id="to the list's end"),
    ],
)
def test_forward_asks_only_the_types_it_reaches(
    graph: Graph, listing: Listing, size: int, after: int | None, asked: list[tuple[str, int]]
) -> None:
    """A type is fetched only where the page reaches it, with the least calls."""
    cursors = listing.page(first=100).cursors
    page = listing.page(first=size, after=None if after is None else cursors[after])
    assert len(page.ids) == size
    assert list(zip(_types_asked(graph), listing.limits, strict=True)) == asked


@pytest.mark.parametrize(
    ("size", "before", "asked"),
    [
        pytest.param(5, None, [("PROMOTION_API", 100)], id="inside the last"),
        pytest.param(7, None, [("PROMOTION_API", 100), ("CAMPAIGN", 1)], id="all of the last"),
        pytest.param(9, None, [("PROMOTION_API", 100), ("CAMPAIGN", 100)], id="across"),
        pytest.param(10, 50, [("CAMPAIGN", 12)], id="inside the middle"),
        pytest.param(
            10, 35, [("CAMPAIGN", 6), ("IMPORT", 100), ("UI", 100)], id="across the empty one"
        ),
        pytest.param(
            5, 35, [("CAMPAIGN", 6), ("IMPORT", 1), ("UI", 1)], id="to the start: one further"
        ),
    ],
)
def test_backward_asks_only_the_types_it_reaches(
    graph: Graph, listing: Listing, size: int, before: int | None, asked: list[tuple[str, int]]
) -> None:
    """The same from the end."""
    cursors = listing.page(first=100).cursors
    page = listing.page(last=size, before=None if before is None else cursors[before])
    assert len(page.ids) == size
    assert page.info["hasPreviousPage"] is True
    assert list(zip(_types_asked(graph), listing.limits, strict=True)) == asked


def test_the_total_asks_each_further_type_for_one_item(graph: Graph, everything: Listing) -> None:
    """`totalCount` takes a call with limit 1 for each type beyond the page."""
    page = everything.page(first=5)
    assert page.total == 62
    assert dict(zip(_types_asked(graph), everything.limits, strict=True)) == {
        "UI": 6,
        "IMPORT": 1,
        "CAMPAIGN": 1,
        "PROMOTION_API": 1,
    }


def test_cursors_crossed_between_types_are_an_empty_page(listing: Listing) -> None:
    """`after` beyond `before` is an empty page, in whichever types they are."""
    cursors = listing.page(first=100).cursors
    for size in ({"first": 5}, {"last": 5}):
        page = listing.page(after=cursors[40], before=cursors[10], **size)
        assert page.ids == []


def test_a_type_named_twice_is_listed_once(graph: Graph) -> None:
    """Repeating a source type changes nothing."""
    page = Listing(graph, program(9005), "sourceTypes:[UI,UI]").page(first=100)
    assert (page.total, page.calls) == (30, 1)


def test_inactive_promotions_are_listed_on_request(graph: Graph) -> None:
    """`includeInactive` adds the four that are switched off."""
    page = Listing(graph, program(9005), "includeInactive:true").page(first=100)
    assert (page.total, len(page.ids)) == (34, 34)
