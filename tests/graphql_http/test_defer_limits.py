"""What bounds a response in parts: the deadline, the calls, the time slices, and its documents."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gateway.answer_budget import leaves_of
from tests.graphql_http.test_answer_size import EVERYTHING
from tests.graphql_http.test_defer import CARDS, in_parts, whole
from tests.support.graph import Graph, graph_over, serve_gateway
from tests.support.held import Held
from tests.support.http_client import client
from tests.support.parts_client import ID, PATH, reading
from tests.support.scripted_platform import platform

PAGE = Path(__file__).parents[2] / "docs" / "defer.md"


@pytest.mark.timeout(30)
def test_the_deadline_is_that_of_the_whole_operation() -> None:
    """The first part has been sent; calls that end too late are errors of their parts."""
    with (
        platform() as (scripted, url),
        serve_gateway(url, upstream_deadline_s=1) as gateway,
    ):
        Held(scripted, "promotionsV2")
        with reading(gateway, CARDS) as payloads:
            first = next(payloads)
            rest = list(payloads)
    assert "errors" not in first
    errors = [error for payload in rest for part in payload.get("incremental", [])
              for error in part.get("errors", [])]  # fmt: skip
    assert {error["extensions"]["code"] for error in errors} == {"UPSTREAM_TIMEOUT"}
    assert rest[-1]["hasNext"] is False


def test_the_calls_are_those_of_one_operation(sandbox_url: str) -> None:
    """A budget that the first part has spent leaves none to the others."""
    with graph_over(sandbox_url, upstream_max_calls_per_operation=1) as graph:
        parts = in_parts(graph.http, CARDS)
    assert {error["extensions"]["code"] for error in parts.errors} == {"UPSTREAM_BUDGET_EXCEEDED"}
    assert all(error["path"][-1] == "definition" for error in parts.errors)


@pytest.mark.parametrize("accept", [PATH, ID])
def test_a_large_part_is_executed_in_slices(sandbox_url: str, accept: str) -> None:
    """It has more leaves than one time slice takes, and is the same as in the whole."""
    more = " ".join(f"a{number}: edges {{ node {{ ...All }} }}" for number in range(6))
    query = EVERYTHING.replace("edges { cursor node { ...All } }", f"... @defer {{ {more} }}")
    query = query.replace("000003873354", "C-100")
    with graph_over(sandbox_url, max_cost=1_000_000) as graph:
        for _ in range(2):
            parts = in_parts(graph.http, query, accept)
            assert leaves_of(json.dumps(parts.data, separators=(",", ":")).encode()) > 20_000
            assert parts.data == whole(graph.http, query)["data"]
            assert parts.errors == []


def test_the_documented_query_is_sent_in_parts(graph: Graph) -> None:
    """That of docs/defer.md, with the label that it has there."""
    (query,) = re.findall(r"```graphql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    parts = in_parts(graph.http, query)
    assert [label for _, label in parts.sent] == [None, *["definition"] * 10]
    assert parts.data == whole(graph.http, query)["data"]


def test_without_a_second_response_nothing_is_kept(sandbox_url: str) -> None:
    """A connection that has carried parts carries whatever follows."""
    with serve_gateway(sandbox_url) as gateway, client(gateway) as http:
        answers: list[Any] = [in_parts(http, CARDS).data, whole(http, CARDS)["data"]]
    assert answers[0] == answers[1]
