"""The fields of a page, at every edge of a list."""

from typing import Any

import pytest

from tests.pagination.listing import Listing, customer, program
from tests.support.graph import Graph

ROOTS = [customer("C-100"), program(9100)]
FIVE = [customer("C-TEN"), program(9001)]


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize(
    ("arguments", "shown", "edges"),
    [
        pytest.param({}, slice(0, 20), (False, True), id="default"),
        pytest.param({"first": 30}, slice(0, 30), (False, True), id="first page"),
        pytest.param({"first": 30, "after": 29}, slice(30, 60), (True, True), id="middle"),
        pytest.param({"first": 30, "after": 69}, slice(70, 100), (True, False), id="exactly full"),
        pytest.param({"first": 50, "after": 89}, slice(90, 100), (True, False), id="past the end"),
        pytest.param({"first": 9, "after": 99}, slice(0, 0), (True, False), id="after the last"),
        pytest.param({"first": 100}, slice(0, 100), (False, False), id="all"),
        pytest.param({"first": 0}, slice(0, 0), (False, True), id="first 0"),
        pytest.param({"first": 0, "after": 4}, slice(0, 0), (True, True), id="first 0 after"),
        pytest.param({"last": 0}, slice(0, 0), (True, False), id="last 0"),
        pytest.param({"last": 0, "before": 4}, slice(0, 0), (True, True), id="last 0 before"),
        pytest.param({"last": 30}, slice(70, 100), (True, False), id="last page"),
        pytest.param({"last": 30, "before": 70}, slice(40, 70), (True, True), id="last middle"),
        pytest.param({"last": 30, "before": 30}, slice(0, 30), (False, True), id="last full"),
        pytest.param({"last": 30, "before": 0}, slice(0, 0), (False, True), id="before the first"),
        pytest.param({"last": 100}, slice(0, 100), (False, False), id="last all"),
        pytest.param({"before": 70}, slice(50, 70), (True, True), id="default before"),
        pytest.param({"after": 9}, slice(10, 30), (True, True), id="default after"),
        pytest.param({"after": 9, "before": 20}, slice(10, 20), (True, False), id="between"),
        pytest.param(
            {"first": 5, "after": 9, "before": 20}, slice(10, 15), (True, True), id="first between"
        ),
        pytest.param(
            {"first": 10, "after": 9, "before": 20}, slice(10, 20), (True, False), id="all between"
        ),
        pytest.param(
            {"last": 5, "after": 9, "before": 20}, slice(15, 20), (True, True), id="last between"
        ),
        pytest.param(
            {"last": 50, "after": 9, "before": 20}, slice(10, 20), (False, True), id="last all"
        ),
        pytest.param({"last": 5, "after": 9}, slice(95, 100), (True, False), id="last after"),
        pytest.param({"first": 5, "before": 20}, slice(0, 5), (False, True), id="first before"),
        pytest.param({"first": 5, "before": 3}, slice(0, 3), (False, False), id="first to before"),
        pytest.param(
            {"first": 5, "after": 20, "before": 9}, slice(0, 0), (True, False), id="crossed"
        ),
        pytest.param(
            {"last": 5, "after": 20, "before": 9}, slice(0, 0), (False, True), id="crossed back"
        ),
    ],
)
def test_a_page_knows_where_it_lies(
    graph: Graph, root: str, arguments: dict[str, int], shown: slice, edges: tuple[bool, bool]
) -> None:
    """Items, page info and cursors are right for every combination, in one call.

    Only a hundred and the item beyond are two windows.
    """
    listing = Listing(graph, root)
    everything = listing.page(first=100)
    given: dict[str, Any] = {
        name: everything.cursors[value] if name in {"after", "before"} else value
        for name, value in arguments.items()
    }
    page = listing.page(**given)
    assert page.ids == everything.ids[shown]
    assert page.edges == edges
    assert page.info["startCursor"] == (page.cursors[0] if page.cursors else None)
    assert page.info["endCursor"] == (page.cursors[-1] if page.cursors else None)
    assert page.total == 100
    assert page.calls == (2 if arguments.get("first") == 100 else 1)


@pytest.mark.parametrize("root", [customer("C-EMPTY"), program(9000)])
@pytest.mark.parametrize("arguments", [{}, {"first": 0}, {"first": 5}, {"last": 0}, {"last": 5}])
def test_an_empty_list_is_an_empty_page(graph: Graph, root: str, arguments: dict[str, int]) -> None:
    """An empty list has no previous or next page, and no cursor."""
    page = Listing(graph, root).page(**arguments)
    assert (page.ids, page.total, page.edges, page.calls) == ([], 0, (False, False), 1)
    assert page.info["startCursor"] is page.info["endCursor"] is None


@pytest.mark.parametrize("root", FIVE)
def test_the_total_costs_no_call_and_is_not_the_page(graph: Graph, root: str) -> None:
    """`totalCount` takes no further call, for any page size."""
    with_total, without = Listing(graph, root), Listing(graph, root, selection="nodes{id}")
    total = with_total.page(first=100).total
    assert total in {10, 40}
    assert with_total.page(first=0).total == total
    graph.ask(without.query(), {"first": 3})
    assert graph.calls == 1
    assert with_total.page(first=3).calls == 1


@pytest.mark.parametrize("root", FIVE)
def test_edges_and_nodes_show_the_same(graph: Graph, root: str) -> None:
    """`nodes` are the edges' nodes, from the same call."""
    listing = Listing(graph, root, selection="edges{node{id}} nodes{id}")
    (root_data,) = graph.ask(listing.query(), {"first": 5}).values()
    page = root_data["promotions"]
    assert page["nodes"] == [edge["node"] for edge in page["edges"]]
    assert graph.calls == 1
