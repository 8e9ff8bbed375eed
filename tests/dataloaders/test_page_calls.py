"""The windows of pages: the item beyond is fetched only where its field is selected."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.pagination.listing import ARGUMENTS, customer, program
from tests.support.graph import Graph

README = re.findall(
    r"```graphql\n(.*?)```", (Path(__file__).parents[2] / "README.md").read_text(), re.DOTALL
)
WITHOUT = "nodes{id} totalCount pageInfo{startCursor endCursor}"
WITH = "nodes{id} pageInfo{hasNextPage hasPreviousPage startCursor endCursor}"
Window = tuple[int, int]


def _ask(
    graph: Graph, root: str, selection: str, filters: str = "", **arguments: Any
) -> tuple[dict[str, Any], list[Window]]:
    """Query a page; return its `pageInfo`, and the offset and limit of each call."""
    paging = "first:$first,after:$after,last:$last,before:$before"
    query = f"query({ARGUMENTS}){{{root}{{promotions({paging} {filters}){{{selection}}}}}}}"
    (data,) = graph.ask(query, arguments).values()
    asked = [parse_qs(each) for each in graph.queries()]
    windows = [(int(each["offset"][0]), int(each["limit"][0])) for each in asked]
    return data["promotions"].get("pageInfo", {}), windows


@pytest.mark.parametrize("root", [customer("C-3000"), program(9003)], ids=["customer", "program"])
@pytest.mark.parametrize(
    ("selection", "size", "first", "following", "preceding"),
    [
        (WITHOUT, 1, [(0, 1)], [(0, 2)], [(2998, 2)]),
        (WITHOUT, 98, [(0, 98)], [(97, 99)], [(2804, 99)]),
        (WITHOUT, 99, [(0, 99)], [(98, 100)], [(2802, 100)]),
        (WITHOUT, 100, [(0, 100)], [(99, 100), (198, 2)], [(2801, 100), (2800, 2)]),
        (WITH, 1, [(0, 2)], [(0, 3)], [(2997, 3)]),
        (WITH, 98, [(0, 99)], [(97, 100)], [(2803, 100)]),
        (WITH, 99, [(0, 100)], [(98, 100)], [(2802, 100)]),
        (WITH, 100, [(0, 100)], [(99, 100), (198, 3)], [(2801, 100), (2799, 3)]),
    ],
)
def test_a_page_inside_a_long_list(
    graph: Graph,
    root: str,
    selection: str,
    size: int,
    first: list[Window],
    following: list[Window],
    preceding: list[Window],
) -> None:
    """Up to 99 items are one call; a hundred with the cursor's own item are two."""
    info, asked = _ask(graph, root, selection, first=size)
    assert asked == first
    info, asked = _ask(graph, root, selection, first=size, after=info["endCursor"])
    assert asked == following
    assert info.get("hasNextPage", True)
    info, asked = _ask(graph, root, selection, last=size)
    assert len(asked) == 2
    info, asked = _ask(graph, root, selection, last=size, before=info["startCursor"])
    assert asked == preceding
    assert info.get("hasPreviousPage", True)


@pytest.mark.parametrize("root", [customer("C-100"), program(9100)], ids=["customer", "program"])
@pytest.mark.parametrize(
    ("selection", "arguments", "asked", "more"),
    [
        (WITH, {"first": 100}, [(0, 100), (99, 2)], False),
        (WITHOUT, {"first": 100}, [(0, 100)], None),
        ("nodes{id} pageInfo{hasPreviousPage}", {"first": 100}, [(0, 100)], None),
        (WITH, {"first": 99}, [(0, 100)], True),
        (WITH, {"first": 0}, [(0, 1)], True),
        ("totalCount", {"first": 0}, [(0, 1)], None),
        (WITH, {"last": 100}, [(0, 100)], False),
        (WITHOUT, {"last": 100}, [(0, 100)], None),
    ],
)
def test_the_item_beyond_is_looked_for_only_where_the_total_says_no_more(
    graph: Graph,
    root: str,
    selection: str,
    arguments: dict[str, int],
    asked: list[Window],
    more: bool | None,  # noqa: FBT001 - a column of the table
) -> None:
    """A list of a hundred takes one call where the field is not selected."""
    info, windows = _ask(graph, root, selection, "", **arguments)
    assert windows == asked
    assert info.get("hasPreviousPage" if "last" in arguments else "hasNextPage") is more


def test_ninety_nine_behind_a_cursor_look_where_the_total_ends(graph: Graph) -> None:
    """A page of 99 takes two calls where the list ends with it and `hasNextPage` is selected.

    The list has 101 items, of which 2 have been shown.
    """
    root = customer("C-101")
    info, _ = _ask(graph, root, WITH, first=2)
    cursor = info["endCursor"]
    info, asked = _ask(graph, root, WITH, first=99, after=cursor)
    assert (asked, info["hasNextPage"]) == ([(1, 100), (100, 2)], False)
    _, asked = _ask(graph, root, WITHOUT, first=99, after=cursor)
    assert asked == [(1, 100)]


def test_a_type_behind_the_page_is_asked_only_for_has_next_page(graph: Graph) -> None:
    """Program 9005 has 30 under UI: `hasNextPage` takes a call, where it is selected."""
    root, types = program(9005), "sourceTypes:[UI,CAMPAIGN]"
    _, asked = _ask(graph, root, "nodes{id} pageInfo{endCursor}", types, first=30)
    assert asked == [(0, 30)]
    _, asked = _ask(graph, root, WITH, types, first=30)
    assert asked == [(0, 31), (0, 1)]
    _, asked = _ask(graph, root, "nodes{id} totalCount", types, first=30)
    assert asked == [(0, 30), (0, 1)]
    info, _ = _ask(graph, root, WITH, types, first=31)
    before = {"last": 1, "before": info["endCursor"]}
    _, asked = _ask(graph, root, "nodes{id}", types, **before)
    assert asked == [(0, 1), (0, 100)]


def test_a_type_in_front_of_the_page_is_asked_only_for_has_previous_page(graph: Graph) -> None:
    """From the end: 25 under CAMPAIGN are the page, and UI precedes it."""
    root, types = program(9005), "sourceTypes:[UI,CAMPAIGN]"
    _, asked = _ask(graph, root, "nodes{id}", types, last=25)
    assert asked == [(0, 100)]
    info, asked = _ask(graph, root, WITH, types, last=25)
    assert asked == [(0, 100), (0, 1)]
    assert info["hasPreviousPage"]


@pytest.mark.parametrize(
    ("number", "calls"), [(0, 1), (1, 1), (2, 3), (3, 1), (4, 2), (5, 3)], ids=str
)
def test_the_queries_of_the_readme_cost_what_it_says(graph: Graph, number: int, calls: int) -> None:
    """The README's queries in their order, the one at its top first."""
    assert len(README) == 6
    graph.ask(README[number])
    assert graph.calls == calls
