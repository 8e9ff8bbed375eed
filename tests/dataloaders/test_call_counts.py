"""How many upstream calls each query makes: never more than its result needs."""

from collections import Counter
from time import perf_counter
from urllib.parse import unquote

import httpx
import pytest

from tests.support.graph import Graph, graph_over, serve_gateway
from tests.support.http_client import TLS

TEN = "C-TEN"
DEFINED = "promotions(first:10){nodes{promotion{definition{status}}}}"


def _endpoints(graph: Graph) -> Counter[str]:
    return Counter(call["path"].rsplit("/", 1)[-1] for call in graph.call_log()["log"])


def _by(name: str) -> str:
    return f'by:{{externalId:"{name}"}}'


def test_a_page_of_ten_with_definitions_of_two_programs_is_three_calls(graph: Graph) -> None:
    """One page, and one list page a program: not one call a promotion."""
    data = graph.ask(f"{{customer({_by(TEN)}){{{DEFINED}}}}}")
    nodes = data["customer"]["promotions"]["nodes"]
    assert len(nodes) == 10
    assert all(node["promotion"]["definition"] for node in nodes)
    assert _endpoints(graph) == {"promotionData": 1, "promotionsV2": 2}


@pytest.mark.parametrize(
    ("query", "calls"),
    [
        pytest.param('{program(programId:"9001"){id programId}}', 0, id="program"),
        pytest.param('{program(programId:"9001"){name}}', 1, id="program's name"),
        pytest.param(
            '{program(programId:"9001"){name promotions(first:2){nodes{name}}}}', 1, id="with page"
        ),
        pytest.param(
            '{program(programId:"9001"){promotions(first:2){nodes{program{name}}}}}', 1, id="below"
        ),
        pytest.param(
            '{program(programId:"9001"){promotions(first:9){nodes{definition{status}}}}}',
            1,
            id="definitions of a program's page",
        ),
        pytest.param('{program(programId:"9000"){name}}', 1, id="a name that nobody tells"),
        pytest.param(f"{{customer({_by(TEN)}){{id}}}}", 1, id="customer"),
        pytest.param(f"{{customer({_by(TEN)}){{promotions{{totalCount}}}}}}", 1, id="and page"),
        pytest.param(
            f"{{a:customer({_by(TEN)}){{id}} b:customer({_by(TEN)}){{customerId}}}}", 1, id="equal"
        ),
        pytest.param(
            '{customers(by:[{externalId:"C-ONE"},{externalId:"C-ONE"}]){id}}',
            1,
            id="equal in a list",
        ),
        pytest.param(
            f"{{customer({_by(TEN)}){{a:promotions(first:5){{totalCount}}"
            " b:promotions(first:5){nodes{id}}}}",
            1,
            id="two equal pages",
        ),
        pytest.param(
            f"{{customer({_by(TEN)}){{a:promotions(first:5){{totalCount}}"
            " b:promotions(first:6){nodes{id}}}}",
            2,
            id="two pages",
        ),
        pytest.param(
            f"{{customer({_by(TEN)}){{promotions(first:10)"
            "{nodes{customer{promotions(first:3){totalCount}}}}}}",
            2,
            id="back to the customer ten times",
        ),
        pytest.param(
            f"{{customer({_by(TEN)}){{promotions(first:10)"
            "{nodes{promotion{program{name}}}}}}",
            3,
            id="names of two programs",
        ),
        pytest.param(
            f"{{customer({_by(TEN)}){{promotions(first:10)"
            "{nodes{promotion{program{name} definition{status}}}}}}",
            3,
            id="names beside definitions",
        ),
        pytest.param(
            '{promotion(programId:"9001",promotionId:"90010001")'
            "{name program{name} definition{status}}}",
            1,
            id="promotion",
        ),
        pytest.param(
            '{promotion(programId:"9001",promotionId:"1"){name}}', 1, id="no such promotion"
        ),
    ],
)
def test_a_question_costs_its_calls(graph: Graph, query: str, calls: int) -> None:
    """The count is exact, and the gateway reports the same."""
    answer = graph.answer(query)
    assert "errors" not in answer
    assert graph.calls == calls
    assert answer["extensions"]["upstream"]["calls"] == calls


def test_no_page_selected_asks_for_one_item(graph: Graph) -> None:
    """A customer without a page is one call with limit 1."""
    graph.ask(f"{{customer({_by(TEN)}){{id}}}}")
    (query,) = graph.queries()
    assert "limit=1&offset=0" in query


def test_twenty_customers_share_their_programs_pages(graph: Graph) -> None:
    """Twenty customers' definitions of three programs are twenty pages and few list pages."""
    who = ",".join(f'{{externalId:"C-{nth:03}"}}' for nth in range(1, 21))
    data = graph.ask(f"{{customers(by:[{who}]){{{DEFINED}}}}}")
    definitions = [
        node["promotion"]["definition"]
        for found in data["customers"]
        for node in found["promotions"]["nodes"]
    ]
    assert len(definitions) == 200
    assert all(definitions)
    asked = _endpoints(graph)
    assert asked["promotionData"] == 20
    assert asked["promotionsV2"] <= 3 + 1  # 9101 has 101: a second page, or the one that is on it


def test_a_page_of_a_programs_promotions_for_one_customer_is_one_look_up(graph: Graph) -> None:
    """`forCustomer` searches a customer's list of a program once, not once a promotion."""
    query = (
        '{program(programId:"9001"){promotions(first:40)'
        f"{{nodes{{promotionId forCustomer({_by(TEN)}){{id}}}}}}}}}}"
    )
    nodes = graph.ask(query)["program"]["promotions"]["nodes"]
    assert sum(node["forCustomer"] is not None for node in nodes) == 5
    assert _endpoints(graph) == {"promotionsV2": 1, "promotionData": 1}
    assert "programs=9001" in graph.queries()[1]


def test_each_customer_and_source_is_one_look_up(graph: Graph) -> None:
    """Two customers on two sources over a page of promotions are three look-ups."""
    query = f"""{{program(programId:"9001"){{promotions(first:20){{nodes{{
        a:forCustomer({_by(TEN)}){{id}}
        b:forCustomer({_by("C-EVERYWHERE")}){{id}}
        c:forCustomer({_by("C-EVERYWHERE")},source:LINE){{id}}
        d:forCustomer({_by("C-ONLINE")},source:LINE){{id}}
    }}}}}}}}"""
    nodes = graph.ask(query)["program"]["promotions"]["nodes"]
    counts = {name: sum(node[name] is not None for node in nodes) for name in "abcd"}
    assert counts == {"a": 5, "b": 2, "c": 2, "d": 0}
    assert _endpoints(graph) == {"promotionsV2": 1, "promotionData": 4}


def test_nodes_of_one_customer_are_one_look_up(graph: Graph) -> None:
    """Ten CustomerPromotions of one customer by their global ids are one search."""
    page = graph.ask(f"{{customer({_by(TEN)}){{promotions(first:10){{nodes{{id}}}}}}}}")
    ids = [node["id"] for node in page["customer"]["promotions"]["nodes"]]
    found = graph.ask("query($ids:[ID!]!){nodes(ids:$ids){id}}", {"ids": ids})["nodes"]
    assert [node["id"] for node in found] == ids
    assert graph.calls == 1
    assert "programs=9001,9002" in unquote(graph.queries()[0])


@pytest.mark.parametrize("aliased", [True, False], ids=["aliased fields", "a list"])
def test_customers_are_asked_concurrently(sandbox_url: str, *, aliased: bool) -> None:
    """Five customers at 200 ms a call take far less than five times that."""
    names = [f"C-{nth:03}" for nth in range(1, 6)]
    if aliased:
        fields = " ".join(f"c{i}:customer({_by(name)}){{id}}" for i, name in enumerate(names))
    else:
        identifiers = ",".join(f'{{externalId:"{name}"}}' for name in names)
        fields = f"customers(by:[{identifiers}]){{id}}"
    with (
        graph_over(sandbox_url) as graph,
        httpx.Client(base_url=sandbox_url, verify=TLS) as control,
    ):
        graph.ask("{__typename}")
        control.put("/__latency", json={"ms": 200, "endpoint": "promotionData"})
        try:
            started = perf_counter()
            graph.ask(f"{{{fields}}}")
            took = perf_counter() - started
        finally:
            control.put("/__latency", json={"ms": 0})
        assert graph.calls == 5
    assert 0.2 <= took < 0.8


def test_customers_come_first_where_calls_run_short(sandbox_url: str) -> None:
    """Four customers keep their calls although a program comes before them in the query."""
    customers = " ".join(
        f"{name}:customer({_by(f'C-00{number}')}){{{DEFINED}}}"
        for number, name in enumerate("abcd", 1)
    )
    program = 'program(programId:"9001"){promotions(first:1){nodes{name}}}'
    with serve_gateway(sandbox_url, upstream_max_calls_per_operation=4) as url:
        graph = Graph(url, sandbox_url)
        answer = graph.answer(f"{{{program} {customers}}}")
        assert _endpoints(graph) == {"promotionData": 4}
        graph.close()
    assert all(answer["data"][name]["promotions"]["nodes"] for name in "abcd")
    assert answer["data"]["program"]["promotions"] is None
    assert {error["extensions"]["code"] for error in answer["errors"]} == {
        "UPSTREAM_BUDGET_EXCEEDED"
    }
