"""What bounds a response in parts: the deadline, the calls, the time slices, and its documents."""

import json
import re
from pathlib import Path

import pytest

from gateway.answer_budget import leaves_of
from tests.graphql_http.test_answer_size import EVERYTHING
from tests.graphql_http.test_defer import CARDS, in_parts, whole
from tests.support.graph import Graph, graph_over, serve_gateway
from tests.support.held import Held
from tests.support.http_client import client
from tests.support.parts import merged, payloads_of
from tests.support.parts_client import ID, PATH, reading
from tests.support.raw_http import connect, parse, until_closed
from tests.support.scripted_platform import platform

JSON = "application/json"
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


@pytest.mark.parametrize("mode", ["allow", "only"])
def test_a_trusted_document_is_sent_in_parts(sandbox_url: str, tmp_path: Path, mode: str) -> None:
    """By its id in the manifest."""
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"cards": CARDS}), encoding="utf-8")
    settings = {"trusted_documents": str(manifest), "trusted_documents_mode": mode}
    with graph_over(sandbox_url, **settings) as graph:
        response = graph.http.post(
            "/graphql", json={"documentId": "cards"}, headers={"Accept": PATH}
        )
        parts = merged(payloads_of(response.content))
    assert len(parts.sent) == 1 + 3


def test_both_ways_send_the_same_headers(sandbox_url: str) -> None:
    """The fast path and ASGI, to a page of an allowed origin; which may read them."""
    shop = "https://shop.example"
    sent = {"Accept": PATH, "Origin": shop, "X-Request-Id": "one", "Content-Type": "a/b"}
    with serve_gateway(sandbox_url, cors_origins=shop) as gateway, client(gateway) as http:
        responses = [
            http.post("/graphql", json={"query": CARDS}, headers=sent | {"Content-Type": JSON}),
            http.get("/graphql", params={"query": CARDS}, headers=sent),
        ]
    fast, asgi = ({**response.headers, "date": ""} for response in responses)
    assert fast == asgi
    assert fast["access-control-allow-origin"] == shop
    assert fast["x-request-id"] == "one"
    assert "Origin" in fast["vary"]


def test_a_client_of_http_1_0_gets_one_response(gateway_url: str) -> None:
    """It knows no chunks."""
    body = json.dumps({"query": CARDS}).encode()
    head = f"POST /graphql HTTP/1.0\r\nAccept: {PATH}\r\nContent-Type: {JSON}\r\n"
    with connect(gateway_url) as connection:
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = parse(until_closed(connection))
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert json.loads(answer.body)["data"]["customer"]
