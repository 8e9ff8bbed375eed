"""The end of the legacy endpoint, as clients of the graph see it."""

import pytest

from tests.graph import Graph
from tests.upstream.test_traffic import faulty

PAGE = """{ customer(by: {externalId: "C-TEN"}) { promotions(first: 3) {
  totalCount nodes { promotion { name definition { status } } } } } }"""
WARNING = [
    {
        "code": "DEFINITIONS_PHASED_OUT",
        "message": "The loyalty platform no longer offers this.",
    }
]


def _is_told_once(graph: Graph) -> bool:
    answer = graph.answer(PAGE)
    nodes = answer["data"]["customer"]["promotions"]["nodes"]
    assert [node["promotion"]["definition"] for node in nodes] == [None] * 3
    assert all(node["promotion"]["name"] for node in nodes)
    return "errors" not in answer and answer["extensions"]["warnings"] == WARNING


def test_definitions_are_null_with_one_warning_when_the_endpoint_is_gone() -> None:
    """A 410 costs the definitions alone, is told once, and the endpoint is not asked again."""
    with faulty("status=410,endpoint=promotionsV2") as (graph, _):
        assert _is_told_once(graph)
        assert graph.calls == 2
        assert _is_told_once(graph)
        assert graph.calls == 1


def test_three_programs_that_are_not_found_mean_that_the_endpoint_is_gone() -> None:
    """One 404 may be a program's; three different programs' are the endpoint's."""
    with faulty("status=404,endpoint=promotionsV2") as (graph, _):
        codes = [
            graph.errors(f'{{ program(programId: "{number}") {{ promotions {{ totalCount }} }} }}')
            for number in (1, 2, 3, 4)
        ]
        assert [code for ((code, _path),) in codes] == [
            "UPSTREAM_BAD_PAYLOAD",
            "UPSTREAM_BAD_PAYLOAD",
            "UPSTREAM_GONE",
            "UPSTREAM_GONE",
        ]
        assert graph.calls == 0
        assert _is_told_once(graph)


@pytest.mark.parametrize(
    "query",
    [
        '{ program(programId: "9001") { promotions { totalCount } } }',
        '{ promotion(programId: "9001", promotionId: "90010001") { name } }',
    ],
)
def test_what_only_the_legacy_endpoint_knows_is_a_coded_error_when_it_is_off(query: str) -> None:
    """With GATEWAY_LEGACY=off nothing is asked of it, and clients are told why there is nothing."""
    with faulty(legacy="off") as (graph, _):
        assert [code for code, _path in graph.errors(query)] == ["UPSTREAM_GONE"]
        assert graph.calls == 0
        assert _is_told_once(graph)
