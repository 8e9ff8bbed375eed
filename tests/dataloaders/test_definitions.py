"""Where a definition is searched in lists, in which order, and with how many calls."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gateway.sandbox.world import World
from tests.sandbox.client import new_world
from tests.support.graph import Graph, graph_over, serve_gateway
from tests.support.scripted_platform import Platform, platform

PAGE = "promotions(first:100){nodes{promotion{promotionId definition{sourceType status}}}}"


@pytest.fixture(scope="module")
def lists_url() -> Iterator[str]:
    """Return the URL of a platform where definitions are in lists only."""
    with platform(lists_alone=True) as (_, url):
        yield url


@pytest.fixture(scope="module")
def lists(lists_url: str) -> Iterator[Graph]:
    """Return a client of a gateway on that platform."""
    with graph_over(lists_url) as graph:
        yield graph


def _definitions(graph: Graph, name: str, page: str = PAGE) -> dict[str, str | None]:
    data = graph.ask(f'{{customer(by:{{externalId:"{name}"}}){{{page}}}}}')
    promotions = [node["promotion"] for node in data["customer"]["promotions"]["nodes"]]
    return {
        promotion["promotionId"]: promotion["definition"] and promotion["definition"]["sourceType"]
        for promotion in promotions
    }


def _asked(graph: Graph) -> list[str]:
    return [call["query"] for call in graph.call_log()["log"] if "sourceType=" in call["query"]]


def test_source_types_are_tried_in_their_order_until_all_are_found(lists_url: str) -> None:
    """C-MIXED: four under UI, then three, three, and two that have none."""
    with graph_over(lists_url) as graph:
        found = _definitions(graph, "C-MIXED")
        assert list(found.values()) == (
            ["UI"] * 4 + ["PROMOTION_API"] * 3 + ["CAMPAIGN"] * 3 + [None] * 2
        )
        assert _asked(graph) == [
            f"sourceType={name}&limit=100&offset=0&includeInactivePromotions=true"
            for name in ("UI", "PROMOTION_API", "CAMPAIGN", "USER_CREATED")
        ]


def test_a_second_look_up_begins_where_the_first_one_ended(lists_url: str) -> None:
    """Found under the third source type: three calls the first time, then one."""
    with graph_over(lists_url) as graph:
        found = _definitions(graph, "C-MIXED")
        campaign = next(key for key, source_type in found.items() if source_type == "CAMPAIGN")
    query = f'{{promotion(programId:"9005",promotionId:"{campaign}"){{name}}}}'
    with graph_over(lists_url) as graph:
        for calls in (3, 1):
            assert graph.ask(query)["promotion"]
            assert len(_asked(graph)) == calls
        assert _asked(graph)[0].startswith("sourceType=CAMPAIGN&limit=1&")


def test_each_promotion_of_a_page_is_looked_for_where_it_was_found(lists_url: str) -> None:
    """The second time, all source types are searched concurrently with no more calls."""
    with graph_over(lists_url) as graph:
        first = _definitions(graph, "C-MIXED")
        calls = sorted(_asked(graph))
        assert _definitions(graph, "C-MIXED") == first
        assert sorted(_asked(graph)) == calls


def test_a_definition_that_has_moved_is_found_all_the_same(
    edited: tuple[Graph, World, Platform],
) -> None:
    """The stored source type is only searched first."""
    graph, world, _ = edited
    definitions = world.programs[9010].definitions
    kept = definitions[0]
    assert list(_definitions(graph, "C-ONE").values()) == ["UI"]
    definitions[0] = replace(kept, source_type="CAMPAIGN")
    assert list(_definitions(graph, "C-ONE").values()) == ["CAMPAIGN"]
    definitions[0] = kept
    assert list(_definitions(graph, "C-ONE").values()) == ["UI"]
    assert [query.split("&")[0] for query in _asked(graph)] == [
        "sourceType=CAMPAIGN",
        "sourceType=UI",
    ]


def test_the_order_is_a_setting(lists_url: str) -> None:
    """GATEWAY_DEFINITION_SOURCE_TYPES sets the source types and their order."""
    with graph_over(lists_url, definition_source_types="CAMPAIGN,UI") as graph:
        found = _definitions(graph, "C-MIXED")
        assert list(found.values()).count("CAMPAIGN") == 3
        assert list(found.values()).count(None) == 5
        assert [query.split("&")[0] for query in _asked(graph)] == [
            "sourceType=CAMPAIGN",
            "sourceType=UI",
        ]


def test_the_search_ends_where_all_are_found(lists: Graph) -> None:
    """No further source type is searched once nothing is missing."""
    page = PAGE.replace("first:100", "first:4")
    assert list(_definitions(lists, "C-MIXED", page).values()) == ["UI"] * 4
    assert len(_asked(lists)) == 1


def test_one_that_is_wanted_alone_is_asked_for_by_its_id(lists: Graph) -> None:
    """A single promotion is filtered by `promotionId`, inactive ones included."""
    assert list(_definitions(lists, "C-ONE").values()) == ["UI"]
    assert _asked(lists) == [
        "sourceType=UI&limit=1&offset=0&includeInactivePromotions=true&promotionId=90100001"
    ]


def test_the_one_missing_from_a_list_page_costs_one_call_more(lists: Graph) -> None:
    """C-101: a list page has a hundred, and one more call returns the last."""
    assert list(_definitions(lists, "C-101").values()) == ["UI"] * 100
    assert len(_asked(lists)) == 2


def test_few_missing_of_a_long_list_are_asked_for_by_id(lists: Graph) -> None:
    """Five of 3,000: a list page, then five ids rather than 29 pages."""
    page = PAGE.replace("first:100", "first:5")
    assert list(_definitions(lists, "C-3000", page).values()) == ["UI"] * 5
    asked = _asked(lists)
    assert len(asked) == 6
    assert sum("promotionId=" in query for query in asked) == 5


def test_many_missing_of_a_long_list_are_found_page_by_page(lists_url: str) -> None:
    """A hundred of 3,000: thirty pages rather than a hundred ids."""
    with graph_over(lists_url) as graph:
        assert list(_definitions(graph, "C-3000").values()) == ["UI"] * 100
        asked = _asked(graph)
        assert len(asked) == 30
        assert not any("promotionId=" in query for query in asked)


def test_a_source_type_can_be_named(lists: Graph) -> None:
    """`definition(sourceType:)` searches that source type only."""
    page = PAGE.replace("definition", "definition(sourceType:CAMPAIGN)")
    found = list(_definitions(lists, "C-MIXED", page).values())
    assert found == [None] * 7 + ["CAMPAIGN"] * 3 + [None] * 2
    assert [query.split("&")[0] for query in _asked(lists)] == ["sourceType=CAMPAIGN"]


def test_what_came_as_a_definition_is_not_looked_for(lists: Graph) -> None:
    """A definition as payload takes calls only for another source type."""
    query = (
        '{program(programId:"9005"){promotions(first:5,sourceTypes:[CAMPAIGN])'
        "{nodes{own:definition{sourceType} same:definition(sourceType:CAMPAIGN){sourceType}"
        " other:definition(sourceType:UI){sourceType}}}}}"
    )
    nodes = lists.ask(query)["program"]["promotions"]["nodes"]
    for node in nodes:
        assert node["own"] == node["same"] == {"sourceType": "CAMPAIGN"}
        assert node["other"] is None
    assert lists.calls == 2


@pytest.fixture(scope="module")
def edited() -> Iterator[tuple[Graph, World, Platform]]:
    """Serve a world whose lists a test may change."""
    with (
        platform(new_world(), lists_alone=True) as (scripted, url),
        graph_over(url) as graph,
    ):
        yield graph, scripted.world, scripted


def test_another_identifier_is_another_promotion(edited: tuple[Graph, World, Platform]) -> None:
    """Where the identifiers of both endpoints differ, there is no definition."""
    graph, world, _ = edited
    definitions = world.programs[9010].definitions
    kept = definitions[0]
    for identifier, expected in (("another", None), ("", "UI"), (kept.identifier, "UI")):
        definitions[0] = replace(kept, identifier=identifier)
        assert list(_definitions(graph, "C-ONE").values()) == [expected]
    definitions[0] = kept


def test_the_budget_cuts_a_search_short_with_an_error(lists_url: str) -> None:
    """Missing definitions are null with a coded error; found ones stay."""
    with serve_gateway(lists_url, upstream_max_calls_per_operation=3) as url:
        graph = Graph(url, lists_url)
        answer = graph.answer(f'{{customer(by:{{externalId:"C-MIXED"}}){{{PAGE}}}}}')
        nodes = answer["data"]["customer"]["promotions"]["nodes"]
        found = [node["promotion"]["definition"] is not None for node in nodes]
        assert found == [True] * 7 + [False] * 5
        assert {error["extensions"]["code"] for error in answer["errors"]} == {
            "UPSTREAM_BUDGET_EXCEEDED"
        }
        assert [error["path"][3] for error in answer["errors"]] == list(range(7, 12))
        assert answer["errors"][0]["path"][-1] == "definition"
        assert graph.calls == 3
        graph.close()
