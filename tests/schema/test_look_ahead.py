"""A customer and the pages below are one call each, however they are selected."""

from typing import Any

import pytest

from gateway.schema.ids import write_id
from tests.support.graph import Graph

BY = 'by:{externalId:"C-TEN"}'
TEN = write_id("Customer", "INSTORE", "700000006")

# selection below `customer`, variables, the limits and offsets of the calls
SELECTIONS: list[Any] = [
    pytest.param("{promotions(first:3){totalCount}}", {}, ["3"], id="plain"),
    pytest.param("{p:promotions(first:3){totalCount}}", {}, ["3"], id="alias"),
    pytest.param("{promotions(first:$n){totalCount}}", {"n": 5}, ["5"], id="variable"),
    pytest.param("{promotions(first:$n){totalCount}}", {}, ["20"], id="variable left out"),
    pytest.param("{promotions(first:$n){totalCount}}", {"n": None}, ["20"], id="variable null"),
    pytest.param("{promotions(first:$d){totalCount}}", {}, ["7"], id="variable's default"),
    pytest.param("{...{promotions(first:3){totalCount}}}", {}, ["3"], id="bare fragment"),
    pytest.param("{...on Customer{promotions(first:3){totalCount}}}", {}, ["3"], id="inline"),
    pytest.param(
        "{...on Node{...on Customer{promotions{totalCount}}}}", {}, ["20"], id="interface"
    ),
    pytest.param("{...Deep}", {}, ["2", "3"], id="fragments in fragments"),
    pytest.param("{...Page ...Page ...Deep}", {}, ["2", "3"], id="fragments again"),
    pytest.param("{promotions(first:3)@skip(if:true){totalCount}}", {}, ["1"], id="skip"),
    pytest.param("{promotions(first:3)@skip(if:$no){totalCount}}", {"no": False}, ["3"], id="kept"),
    pytest.param("{...Page@include(if:$no)}", {"no": False}, ["1"], id="spread not included"),
    pytest.param("{...Page@include(if:$yes)}", {}, ["3"], id="spread included by default"),
    pytest.param("{...@skip(if:$yes){promotions{totalCount}}}", {}, ["1"], id="fragment skipped"),
    pytest.param("{id __typename}", {}, ["1"], id="no page"),
    pytest.param("{...on Node{id}}", {}, ["1"], id="no page in an interface"),
    pytest.param(
        "{promotions(first:3){totalCount} promotions(first:3){nodes{id}}}", {}, ["3"], id="merged"
    ),
    pytest.param(
        "{a:promotions(first:3){totalCount} b:promotions(first:$n){totalCount}}",
        {"n": 3},
        ["3"],
        id="equal by variable",
    ),
    pytest.param(
        "{a:promotions{totalCount} b:promotions(first:20,after:null){totalCount}}",
        {},
        ["20"],
        id="equal windows",
    ),
    pytest.param(
        '{a:promotions(programIds:["9001","9002"]){totalCount}'
        ' b:promotions(programIds:["9002","9001","9001"]){totalCount}}',
        {},
        ["20"],
        id="equal programs",
    ),
    pytest.param(
        "{a:promotions(type:GENERIC){totalCount} b:promotions(type:$type){totalCount}}",
        {"type": "GENERIC"},
        ["20"],
        id="equal enums",
    ),
    pytest.param(
        "{a:promotions(first:1){totalCount} b:promotions(first:2){totalCount}}",
        {},
        ["1", "2"],
        id="two pages",
    ),
]
FRAGMENTS = """
    fragment Page on Customer { promotions(first: 3) { totalCount } }
    fragment Deep on Node {
        id ... on Customer { ...Page other: promotions(first: 2) { totalCount } }
    }
"""
VARIABLES = "$n:Int $d:Int=7 $no:Boolean=false $yes:Boolean!=true $type:PromotionTypeFilter"
# Every variable and fragment must be used somewhere, whatever a selection does with them.
UNUSED = f"""unused: customer({BY}) @skip(if: true) {{
    x: promotions(first: $n, type: $type) {{ totalCount @skip(if: $no) }}
    y: promotions(first: $d) {{ totalCount @skip(if: $yes) }}
    ...Page ...Deep
}}"""
ROOTS = {
    "customer": f"customer({BY})",
    "customers": f"customers(by:[{BY[3:]}])",
    "node": f'node(id:"{TEN}")',
    "nodes": f'nodes(ids:["{TEN}"])',
}


def _limits(graph: Graph) -> list[str]:
    return sorted(query.split("limit=")[1].split("&")[0] for query in graph.queries())


@pytest.mark.parametrize(("selection", "variables", "limits"), SELECTIONS)
@pytest.mark.parametrize("root", ["customer", "customers", "node", "nodes"])
def test_a_customer_costs_the_pages_below_it_and_no_more(
    graph: Graph, root: str, selection: str, variables: dict[str, Any], limits: list[str]
) -> None:
    """Fragments, aliases, directives and variables are resolved."""
    below = selection
    if root.startswith("node"):
        below = f"{{...on Customer{selection}}}"
    query = f"query({VARIABLES}){{{ROOTS[root]}{below} {UNUSED}}}{FRAGMENTS}"
    graph.ask(query, variables)
    assert _limits(graph) == limits


def test_fields_below_other_types_are_not_looked_at(graph: Graph) -> None:
    """`Program.promotions` below `node` is no page of a customer."""
    query = f"""{{node(id:"{TEN}"){{
        ... on Program {{ promotions(first: 7) {{ totalCount }} }}
        ... on Customer {{ promotions(first: 3) {{ totalCount }} }}
    }}}}"""
    graph.ask(query)
    assert _limits(graph) == ["3"]


def test_pages_deeper_below_are_fetched_where_they_stand(graph: Graph) -> None:
    """An equal page of the same customer at a deeper level is the same call."""
    graph.ask(
        f"{{customer({BY}){{promotions(first:3){{nodes{{customer"
        "{promotions(first:3){totalCount}}}}}}"
    )
    assert _limits(graph) == ["3"]
