"""What definitions of both endpoints cost in calls, as docs/cost.md and docs/operations.md say."""

from collections import Counter

import pytest

from tests.support.faulty_platform import faulty
from tests.support.graph import Graph, graph_over
from tests.support.successor import published
from tests.upstream.successor.test_both_endpoints import ONE, catalogue

PAGE = """query Page($by: CustomerIdentifier!) { customer(by: $by) { promotions(first: 10) { nodes {
  promotion { programId promotionId definition { source } } } } } }"""
UNIFIED, MIXED = {"by": {"externalId": "C-UNIFIED"}}, {"by": {"externalId": "C-MIXED"}}


def calls(graph: Graph) -> Counter[str]:
    """Return the calls since the last query, by endpoint."""
    return Counter(call["endpoint"] for call in graph.call_log()["log"])


def test_one_promotion_by_its_ids_is_one_call_and_then_none(sandbox_url: str) -> None:
    """One that only the successor has takes the catalogue's pages in addition, once for all."""
    with graph_over(sandbox_url, definitions="both", cache_definition_ttl_s=300) as graph:
        for expected in ({"promotionById": 1}, {}):
            found = graph.ask(ONE % ("9001", "90010001"))["promotion"]
            assert found["definition"] == {"source": "LEGACY"}
            assert calls(graph) == expected
        for expected in ({"promotionById": 1, "promotionsV3": 2}, {}):
            found = graph.ask(ONE % ("9030", "90300001"))["promotion"]
            assert found["definition"] == {"source": "V3"}
            assert calls(graph) == expected
        assert graph.ask(ONE % ("9030", "90300002"))["promotion"]
        assert calls(graph) == {}


@pytest.mark.parametrize("pages", [1, 3])
def test_a_page_of_ten_is_one_call_for_each_program_and_the_catalogues_pages(pages: int) -> None:
    """In addition to its own; while they are remembered it is its own alone."""
    with catalogue() as (graph, _, _):
        nodes = graph.ask(PAGE, UNIFIED)["customer"]["promotions"]["nodes"]
        ids = [(n["promotion"]["promotionId"], n["promotion"]["programId"]) for n in nodes]
    items = [published(int(promotion_id), program_id) for promotion_id, program_id in ids]
    others = [published(number) for number in range(1, 100 * pages - len(items))]
    with catalogue(*items, *others) as (graph, scripted, _):
        for expected in (1 + len({program_id for _, program_id in ids}) + pages, 1):
            scripted.requests.clear()
            nodes = graph.ask(PAGE, UNIFIED)["customer"]["promotions"]["nodes"]
            found = [node["promotion"]["definition"] for node in nodes]
            assert found == [{"source": "V3"}] * 10
            assert len(scripted.requests) == expected


def test_a_successor_that_hangs_leaves_time_to_search_the_legacy_lists() -> None:
    """Some definitions are in the list of another source type, which is asked after it."""
    faults = ("hang,endpoint=promotionsV3",)
    with faulty(*faults, definitions="both", upstream_deadline_s=1.5) as (graph, _):
        nodes = graph.ask(PAGE, MIXED)["customer"]["promotions"]["nodes"]
        assert [node["promotion"]["definition"]["source"] for node in nodes] == ["LEGACY"] * 10
        assert calls(graph)["promotionsV2"] == 2
