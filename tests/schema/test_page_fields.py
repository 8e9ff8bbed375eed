"""Whether a page fetches the item beyond it, by the fields that are selected."""

from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.support.graph import Graph, graph_over

BY = 'by:{externalId:"C-TEN"}'
FRAGMENTS = """
    fragment More on PageInfo { hasNextPage }
    fragment Edge on CustomerPromotionConnection { pageInfo { ...More } }
    fragment Page on Customer { promotions(first: 3) { nodes { id } pageInfo { hasNextPage } } }
"""
VARIABLES = "$n:Int=3 $no:Boolean=false $yes:Boolean=true"
UNUSED = f"""unused: customer({BY}) @skip(if: true) {{
    x: promotions(first: $n) {{ totalCount @skip(if: $no) drift @skip(if: $yes) ...Edge }} ...Page
}}"""

# below `customer`, and the limits of the calls: three, or four where one more is looked for
SELECTIONS: list[Any] = [
    pytest.param("promotions(first:3){nodes{id}}", ["3"], id="not selected"),
    pytest.param("promotions(first:3){pageInfo{endCursor}}", ["3"], id="a cursor alone"),
    pytest.param("promotions(first:3){pageInfo{hasPreviousPage}}", ["3"], id="the other end"),
    pytest.param("promotions(last:3){pageInfo{hasNextPage}}", ["100"], id="backward"),
    pytest.param("promotions(first:3){pageInfo{hasNextPage}}", ["4"], id="selected"),
    pytest.param("p:promotions(first:3){i:pageInfo{h:hasNextPage}}", ["4"], id="aliases"),
    pytest.param("promotions(first:3){...Edge}", ["4"], id="fragments"),
    pytest.param("...{promotions(first:3){...{pageInfo{...{hasNextPage}}}}}", ["4"], id="inline"),
    pytest.param("...Page", ["4"], id="the page in a fragment"),
    pytest.param(
        "promotions(first:3){pageInfo @skip(if:$yes){hasNextPage} drift}", ["3"], id="skip"
    ),
    pytest.param(
        "promotions(first:3){pageInfo{hasNextPage @include(if:$yes)}}", ["4"], id="include"
    ),
    pytest.param(
        "promotions(first:3){...Edge @include(if:$no) drift}", ["3"], id="spread left out"
    ),
    pytest.param(
        "promotions(first:3){nodes{id}} promotions(first:3){pageInfo{hasNextPage}}",
        ["4"],
        id="merged",
    ),
    pytest.param(
        "a:promotions(first:3){nodes{id}} b:promotions(first:3){pageInfo{hasNextPage}}",
        ["4"],
        id="another selection of the page",
    ),
    pytest.param(
        "a:promotions(first:20){nodes{id}} b:promotions(after:null){pageInfo{hasNextPage}}",
        ["21"],
        id="by its default size",
    ),
    pytest.param(
        "a:promotions(first:$n){nodes{id}} b:promotions(first:3){pageInfo{hasNextPage}}",
        ["4"],
        id="by variable",
    ),
    pytest.param(
        "a:promotions(first:3){nodes{id}} b:promotions(first:5){pageInfo{hasNextPage}}",
        ["3", "6"],
        id="another page",
    ),
    pytest.param(
        "a:promotions(first:3){nodes{id}}"
        " b:promotions(first:3,type:GENERIC){pageInfo{hasNextPage}}",
        ["3", "4"],
        id="another list",
    ),
    pytest.param(
        "promotions(first:3){nodes{customer{promotions(first:3){pageInfo{hasNextPage}}}}}",
        ["4"],
        id="further down",
    ),
    pytest.param(
        "promotions(first:3){pageInfo{hasNextPage}"
        " nodes{customer{promotions(first:3){nodes{id}}}}}",
        ["4"],
        id="further up",
    ),
]


@pytest.fixture(scope="module", params=["compiled", "reference"])
def either(request: pytest.FixtureRequest, sandbox_url: str) -> Any:
    """Serve a gateway with each executor."""
    with graph_over(sandbox_url, executor=request.param) as graph:
        yield graph


def _limits(graph: Graph) -> list[str]:
    return sorted(parse_qs(query)["limit"][0] for query in graph.queries())


@pytest.mark.parametrize(("selection", "limits"), SELECTIONS)
def test_one_more_is_asked_for_where_it_is_selected(
    either: Graph, selection: str, limits: list[str]
) -> None:
    """However it is written, with both executors, at the first and the second time."""
    query = f"query({VARIABLES}){{customer({BY}){{{selection}}} {UNUSED}}}{FRAGMENTS}"
    for _ in range(3):
        either.ask(query)
        assert _limits(either) == limits


@pytest.mark.parametrize("root", [f"customer({BY})", 'program(programId:"9001")'])
def test_two_selections_of_one_page_are_one_call_wherever_they_are(
    either: Graph, root: str
) -> None:
    """Two equal root fields, of which one selects the field, are one window."""
    either.ask(
        f"{{a:{root}{{promotions(first:3){{nodes{{id}}}}}}"
        f" b:{root}{{p:promotions(first:3){{pageInfo{{hasNextPage}}}}}}"
        f" c:{root}{{promotions(first:2){{nodes{{id}}}}}}}}"
    )
    assert _limits(either) == ["2", "4"]


def test_who_does_not_ask_makes_no_call_for_the_item_beyond(either: Graph) -> None:
    """A list of a hundred: only the selection with the field makes the further call."""
    data = either.ask(
        '{a:customer(by:{externalId:"C-100"}){promotions(first:100){nodes{id}}}'
        ' b:customer(by:{externalId:"C-3000"}){promotions(first:100){pageInfo{hasNextPage}}}'
        ' c:customer(by:{externalId:"C-100"}){promotions(first:99){pageInfo{hasNextPage}}}}'
    )
    assert _limits(either) == ["100", "100"]
    assert data["b"]["promotions"]["pageInfo"] == data["c"]["promotions"]["pageInfo"]


def test_conditions_change_from_request_to_request(either: Graph) -> None:
    """One document with and without the field, by its variables."""
    query = (
        'query($more:Boolean!){program(programId:"9001"){promotions(first:3)'
        "{nodes{id} pageInfo @include(if:$more){hasNextPage}}}}"
    )
    for more in (True, False, True, False):
        either.ask(query, {"more": more})
        assert _limits(either) == ["4" if more else "3"]
