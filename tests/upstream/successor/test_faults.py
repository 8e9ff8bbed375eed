"""Faults of one endpoint of definitions, which leave the other one's as they are."""

import json
from collections import Counter
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from tests.support.faulty_platform import faulty
from tests.support.graph import Graph
from tests.support.logged import Lines
from tests.support.metrics import scrape
from tests.support.successor import published, successor_page
from tests.upstream.successor.test_both_endpoints import LEGACY_ID, ONE, PAGE, catalogue, made

NEW_ID = ("9030", "90300001")
OAUTH = {
    "upstream_auth": "oauth",
    "upstream_oauth_key": "sandbox-key",
    "upstream_oauth_secret": "sandbox-secret",
}
LIST = """{ program(programId: "9001") { promotions(first: 100, sources: [V3]) {
  nodes { promotionId } } } }"""


def calls(graph: Graph) -> Counter[str]:
    """Return the calls since the last query, by endpoint."""
    return Counter(call["endpoint"] for call in graph.call_log()["log"])


def tokens(graph: Graph) -> float:
    """Return the number of tokens that were requested."""
    metrics = scrape(str(graph.http.base_url))
    prefix = 'gateway_upstream_calls_total{endpoint="oauthToken"'
    return sum(value for name, value in metrics.items() if name.startswith(prefix))


def shown(answer: Any) -> Counter[str]:
    """Return the number of definitions by their source."""
    nodes = answer["data"]["customer"]["promotions"]["nodes"]
    definitions = [node["promotion"]["definition"] for node in nodes]
    return Counter(each["source"] if each else "none" for each in definitions)


@pytest.mark.parametrize("status", [401, 498])
def test_a_token_that_has_expired_is_renewed_once(status: int) -> None:
    """The successor is not taken for absent."""
    fault = f"status={status},endpoint=promotionsV3,count=1"
    with faulty(fault, definitions="both", **OAUTH) as (graph, _):
        assert graph.ask(ONE % NEW_ID)["promotion"]["definition"] == {"source": "V3"}
        assert tokens(graph) == 2
        assert calls(graph)["promotionsV3"] == 3


@pytest.mark.parametrize("status", [401, 498])
def test_a_token_that_is_refused_for_good_is_renewed_no_more(status: int) -> None:
    """Its renewal does not help; the legacy endpoint takes the same token."""
    fault = f"status={status},endpoint=promotionsV3"
    with faulty(fault, definitions="both", **OAUTH) as (graph, _):
        assert graph.ask(ONE % NEW_ID) == {"promotion": None}
        assert calls(graph)["promotionsV3"] == 2
        assert tokens(graph) == 2
        assert graph.ask(ONE % LEGACY_ID)["promotion"]["definition"] == {"source": "LEGACY"}
        assert graph.ask(ONE % NEW_ID) == {"promotion": None}
        assert "promotionsV3" not in calls(graph)
        assert tokens(graph) == 2


@pytest.mark.parametrize(
    "fault",
    [
        *("status=401", "status=403", "status=404", "status=410", "status=498", "status=500"),
        *("hang", "cut_json", "status=200,body=html", "disconnect"),
    ],
)
def test_a_fault_of_the_legacy_endpoint_leaves_the_successors_definitions(fault: str) -> None:
    """In the same response; of others it may have one, so that they are null with a reason."""
    faults = [f"{fault},endpoint={name}" for name in ("promotionsV2", "promotionById")]
    with faulty(*faults, definitions="both", upstream_deadline_s=1.0) as (graph, _):
        answer = graph.answer(PAGE)
        assert shown(answer)["V3"] >= 10
        assert shown(answer)["LEGACY"] == 0
        reasons = answer.get("errors", []) + answer["extensions"].get("warnings", [])
        assert bool(reasons) is (shown(answer)["none"] > 0)
        assert graph.ask(ONE % NEW_ID)["promotion"]["definition"] == {"source": "V3"}


@pytest.mark.parametrize("total", [4, 250, 10**9, -1, "many", None])
def test_a_total_that_lies_hides_nothing_that_was_listed(total: Any, log: Lines) -> None:
    """All pages are read a second time at most, and what is missing is logged."""
    items = [published(number) for number in (1, 2, 3)]
    with catalogue(catalogue_max_promotions=300) as (graph, scripted, _):
        page = successor_page(*items)
        page["data"]["totalElements"] = total

        async def lying(request: Request) -> Response:
            number = int(request.query_params["page"])
            content = page["data"]["content"] if number == 0 else []
            body = {"data": page["data"] | {"content": content}, "errors": None}
            return Response(json.dumps(body))

        scripted.responses["promotionsV3"] = lying
        nodes = graph.ask(LIST)["program"]["promotions"]["nodes"]
        assert [node["promotionId"] for node in nodes] == ["1", "2", "3"]
        assert made(scripted) <= 6
    is_larger = isinstance(total, int) and total > len(items)
    assert bool(log.of("upstream_catalogue_incomplete")) is is_larger


def test_pages_that_repeat_are_merged(log: Lines) -> None:
    """A platform that ignores the number of the page: each promotion is there once."""
    items = [published(number) for number in range(1, 101)]
    with catalogue() as (graph, scripted, _):

        async def repeated(_request: Request) -> Response:
            return Response(json.dumps(successor_page(*items, total=250)))

        scripted.responses["promotionsV3"] = repeated
        nodes = graph.ask(LIST)["program"]["promotions"]["nodes"]
        assert [node["promotionId"] for node in nodes] == [str(n) for n in range(1, 101)]
        assert made(scripted) == 6
        graph.ask(LIST)
        assert made(scripted) == 0
    assert [line["reason"] for line in log.of("upstream_catalogue_incomplete")] == ["moving"]
