"""``@defer`` over HTTP: the first part at once, the others as they arrive, for those who ask."""

import json
import socket
import time
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from starlette.responses import Response

from gateway.app import create_app
from gateway.server.http_protocol import LimitedHttpProtocol
from tests.support.graph import Graph, graph_over, serve_gateway, settings_for
from tests.support.held import Held
from tests.support.http_client import GRAPHQL, client, code
from tests.support.logged import Lines
from tests.support.metrics import changed, scrape
from tests.support.otlp_receiver import collector
from tests.support.parts import Merged, merged, payloads_of
from tests.support.parts_client import ID, PATH, reading
from tests.support.raw_http import until_closed
from tests.support.scripted_platform import platform
from tests.support.serving import serve

FORMATS = pytest.mark.parametrize("accept", [PATH, ID, "application/json, multipart/mixed"])
METHODS = pytest.mark.parametrize("method", ["POST", "GET"])  # the fast path and ASGI
CARDS = """query Cards { customer(by: {externalId: "C-TEN"}) { customerId promotions(first: 3) {
  nodes { promotion { promotionId ...Details @defer(label: "details") } } } } }
fragment Details on Promotion { name definition { status } }"""
LIMITS = """{ customer(by: {externalId: "C-TEN"}) { promotions(first: 10) {
  nodes { id ... @defer { limits { pointsPerCustomer { max } } } } } } }"""

ENDED = 'gateway_operations_total{operation="other",outcome="ok"}'


def whole(http: httpx.Client, query: str) -> Any:
    """Return the response as a whole."""
    return http.post("/graphql", json={"query": query}).json()


def in_parts(http: httpx.Client, query: str, accept: str = PATH) -> Merged:
    """Return the parts of a response, merged."""
    response = http.post("/graphql", json={"query": query}, headers={"Accept": accept})
    assert response.headers["content-type"].startswith("multipart/mixed"), response.text
    return merged(payloads_of(response.content))


@METHODS
@FORMATS
@pytest.mark.timeout(30)
def test_the_first_part_arrives_before_the_calls_of_the_others_end(
    accept: str, method: str
) -> None:
    """The page is there while the platform still holds the definitions."""
    with (
        platform() as (scripted, url),
        serve_gateway(url, upstream_deadline_s=60, shutdown_grace_s=61) as gateway,
    ):
        held = Held(scripted, "promotionsV2")
        with reading(gateway, CARDS, accept, method=method) as payloads:
            all_parts = Merged()
            all_parts.add(next(payloads))
            nodes = all_parts.data["customer"]["promotions"]["nodes"]
            assert [node["promotion"].keys() for node in nodes] == [{"promotionId"}] * 3
            assert held.arrived.wait(5)
            held.let_go.set()
            for payload in payloads:
                all_parts.add(payload)
        assert all_parts.is_complete
        assert len([path for path, label in all_parts.sent if label == "details"]) == 3
        with client(gateway) as http:
            assert all_parts.data == whole(http, CARDS)["data"]


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/json",
        GRAPHQL,
        "application/json, multipart/mixed;q=0",
        "application/json, multipart/mixed;deferSpec=20990101",
        "application/json, multipart/mixed;incrementalSpec=v9",
        "application/json, multipart/*",
    ],
)
def test_all_others_get_one_response(http: httpx.Client, accept: str) -> None:
    """Those that do not name a format that there is."""
    response = http.post("/graphql", json={"query": CARDS}, headers={"Accept": accept})
    assert "json" in response.headers["content-type"]
    assert response.json()["data"] == in_parts(http, CARDS).data


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (PATH, "deferSpec=20220824"),
        (ID, "incrementalSpec=v0.2"),
        ("application/json, multipart/mixed", "deferSpec=20220824"),
        (f"{PATH}, {ID}", "deferSpec=20220824"),
        (f"multipart/mixed;q=0.5, {ID}", "incrementalSpec=v0.2"),
        ('Multipart/Mixed; DeferSpec="20220824", */*', "deferSpec=20220824"),
    ],
)
def test_accept_selects_the_format(http: httpx.Client, accept: str, chosen: str) -> None:
    """By its parameter, the quality first; without a parameter it is the older one."""
    response = http.post("/graphql", json={"query": LIMITS}, headers={"Accept": accept})
    assert response.headers["content-type"] == f'multipart/mixed; boundary="-"; {chosen}'
    assert response.headers["cache-control"] == "private, no-store"
    assert "Accept" in response.headers["vary"]
    assert response.headers["x-accel-buffering"] == "no"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-request-id"]
    assert response.headers["transfer-encoding"] == "chunked"
    assert "content-encoding" not in response.headers
    assert "content-length" not in response.headers


@pytest.mark.parametrize("accept", ["text/event-stream", "multipart/mixed"])
def test_what_is_no_json_is_refused(http: httpx.Client, accept: str) -> None:
    """There are no server-sent events, and errors before execution are JSON."""
    response = http.post("/graphql", json={"query": LIMITS}, headers={"Accept": accept})
    assert (response.status_code, code(response)) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    "query",
    [
        "subscription { __typename }",
        'query($l: String) { ... @defer(label: $l) { customer(by: {externalId: "a"}) { id } } }',
        '{ ... @defer(label: "x") { __typename } ... @defer(label: "x") { __typename } }',
        "{ __typename @defer }",
        "{ ... @defer @defer { __typename } }",
        "{ ... @defer(if: 3) { __typename } }",
        "{ nodes(ids: []) @stream { id } }",
    ],
)
def test_what_the_specification_forbids_is_refused(http: httpx.Client, query: str) -> None:
    """Subscriptions, labels that are variable or not unique, and @defer on a field."""
    response = http.post(
        "/graphql", json={"query": query}, headers={"Accept": f"{PATH}, {GRAPHQL}"}
    )
    assert response.status_code == 400
    codes = {error["extensions"]["code"] for error in response.json()["errors"]}
    assert codes <= {"GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"}


def test_the_schema_has_the_directive(graph: Graph) -> None:
    """By introspection; introspection itself is not deferred."""
    query = "{ __schema { directives { name locations args { name } } } }"
    (defer,) = [d for d in graph.ask(query)["__schema"]["directives"] if d["name"] == "defer"]
    assert defer["locations"] == ["FRAGMENT_SPREAD", "INLINE_FRAGMENT"]
    assert [argument["name"] for argument in defer["args"]] == ["if", "label"]
    answer = graph.http.post(
        "/graphql",
        json={"query": "{ ... @defer { __schema { queryType { name } } } }"},
        headers={"Accept": PATH},
    )
    assert answer.json()["data"] == {"__schema": {"queryType": {"name": "Query"}}}


@pytest.mark.parametrize("wanted", [True, False])
def test_if_decides(http: httpx.Client, wanted: bool) -> None:  # noqa: FBT001 - a parameter
    """A variable's value of this request, and where it is false there is one response."""
    query = "query($d: Boolean!) { a: __typename ... @defer(if: $d) { b: __typename } }"
    body = {"query": query, "variables": {"d": wanted}}
    for _ in range(2):
        response = http.post("/graphql", json=body, headers={"Accept": PATH})
        assert ("multipart" in response.headers["content-type"]) is wanted
        data = merged(payloads_of(response.content)).data if wanted else response.json()["data"]
        assert data == {"a": "Query", "b": "Query"}


def test_where_nothing_is_deferred_there_is_one_response(http: httpx.Client) -> None:
    """The fragment is on a customer that there is not, or on items of an empty list."""
    for query in (CARDS.replace("C-TEN", "C-NOBODY"), CARDS.replace("C-TEN", "C-EMPTY")):
        response = http.post("/graphql", json={"query": query}, headers={"Accept": PATH})
        assert response.headers["content-type"] == "application/json; charset=utf-8"


@FORMATS
def test_an_error_belongs_to_its_part(accept: str) -> None:
    """The definitions fail; the page and the names are there, and errors have whole paths."""
    with platform() as (scripted, url), graph_over(url) as graph:
        scripted.responses["promotionsV2"] = Response(status_code=500)
        parts = in_parts(graph.http, CARDS, accept)
        nodes = parts.data["customer"]["promotions"]["nodes"]
        assert [node["promotion"]["definition"] for node in nodes] == [None] * 3
        assert {error["extensions"]["code"] for error in parts.errors} == {"UPSTREAM_UNAVAILABLE"}
        assert sorted(error["path"][3] for error in parts.errors) == [0, 1, 2]


def test_it_counts_in_the_cost(http: httpx.Client) -> None:
    """A deferred fragment costs ten leaves for each object, whoever asks."""
    plain, deferred = (
        whole(http, query)["extensions"]["cost"]["requested"]
        for query in (LIMITS.replace("@defer", ""), LIMITS)
    )
    off = whole(http, LIMITS.replace("@defer", "@defer(if: false)"))
    assert deferred == plain + 10 * 10
    assert off["extensions"]["cost"]["requested"] == plain
    assert in_parts(http, LIMITS).extensions["cost"]["requested"] == deferred


@METHODS
@pytest.mark.timeout(30)
def test_the_calls_of_a_client_that_has_left_are_cancelled(method: str) -> None:
    """Those of a part, after the first one has been read."""
    with (
        platform() as (scripted, url),
        serve_gateway(url, upstream_deadline_s=60, shutdown_grace_s=61) as gateway,
    ):
        held = Held(scripted, "promotionsV2")
        before = scrape(gateway)
        with reading(gateway, CARDS, method=method) as payloads:
            next(payloads)
            assert held.arrived.wait(5)
            assert not held.given_up.wait(0.2)  # later than a client that only closes its side
        assert held.given_up.wait(5)
        after = changed(before, scrape(gateway))
        assert after["gateway_client_disconnects_total"] == 1
        assert not [name for name in after if name.startswith("gateway_operations_total")]


@METHODS
def test_an_operation_is_counted_and_logged_once(method: str, log: Lines) -> None:
    """When its last part has been sent, with the errors of all parts."""
    with platform() as (scripted, url), serve_gateway(url) as gateway:
        Held(scripted, "promotionsV2").let_go.set()
        before = scrape(gateway)
        with reading(gateway, CARDS, method=method) as payloads:
            last = [*payloads][-1]
        after = changed(before, scrape(gateway))
        (line,) = log.of("operation")
    assert after[ENDED] == 1
    assert (line["parts"], line["errors"], line["upstream_calls"]) == (4, 0, 2)
    assert 0 < line["first_part_ms"] <= line["duration_ms"]
    assert last["extensions"]["upstream"]["calls"] == 2
    assert last["hasNext"] is False


def test_it_is_one_span(sandbox_url: str) -> None:
    """The parts belong to the span of their operation."""
    with collector() as (kept, url):
        settings = {"tracing_url": url, "tracing_sample_ratio": 1.0}
        with graph_over(sandbox_url, **settings) as graph:
            in_parts(graph.http, CARDS)
        tree = kept.tree()
        assert tree[:2] == ["POST /graphql", "  query"]
        assert [name for name in tree if name.startswith("    batch")]
        assert not [span for span in kept.spans if span.failed]


def test_a_cached_response_is_sent_at_once(sandbox_url: str) -> None:
    """What is executed in parts is not cached, and what is cached as a whole is sent so."""
    with graph_over(sandbox_url, cache_customer_ttl_s=60, cache_definition_ttl_s=60) as graph:
        http = graph.http
        for _ in range(2):
            parts = in_parts(http, CARDS)
        assert whole(http, CARDS)["data"] == parts.data
        response = http.post("/graphql", json={"query": CARDS}, headers={"Accept": PATH})
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        assert response.json()["data"] == parts.data


def test_a_batch_has_one_response(sandbox_url: str) -> None:
    """Its operations are executed as a whole."""
    with graph_over(sandbox_url, max_batch=2) as graph:
        body = [{"query": LIMITS}, {"query": CARDS}]
        response = graph.http.post("/graphql", json=body, headers={"Accept": PATH})
        assert [each["data"] for each in response.json()] == [
            whole(graph.http, query)["data"] for query in (LIMITS, CARDS)
        ]


def test_head_is_executed_as_a_whole(http: httpx.Client) -> None:
    """It has no body."""
    response = http.head("/graphql", params={"query": LIMITS}, headers={"Accept": PATH})
    assert response.status_code == 200
    assert response.content == b""
    assert response.headers["content-type"] == "application/json; charset=utf-8"


def test_a_persisted_query_is_sent_in_parts(http: httpx.Client) -> None:
    """By its hash alone, as Apollo's link and urql's exchange send it."""
    digest = sha256(LIMITS.encode()).hexdigest()
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    http.post("/graphql", json={"query": LIMITS, "extensions": extensions})
    by_hash = http.get(
        "/graphql", params={"extensions": json.dumps(extensions)}, headers={"Accept": PATH}
    )
    assert merged(payloads_of(by_hash.content)).data == whole(http, LIMITS)["data"]


@pytest.mark.parametrize("limit", [{"max_answer_bytes": 1_024}, {"max_answer_leaves": 100}])
def test_the_limits_count_all_parts(sandbox_url: str, limit: dict[str, int]) -> None:
    """The first part is within them; the parts beyond are refused with a code."""
    each = "max used remaining isExhausted kind"
    query = LIMITS.replace("max }", f"{each} }} pointsPerEvent {{ {each} }}")
    query = query.replace("{ limits", "{ id nextExpiryAt limits")
    with graph_over(sandbox_url, **limit) as graph:
        parts = in_parts(graph.http, query.replace("id ...", "..."))
        codes = [error["extensions"]["code"] for error in parts.errors]
        assert 0 < len(codes) < 10
        assert set(codes) == {"ANSWER_TOO_LARGE"}
        assert len(parts.failed) == len(codes)
        assert len(parts.sent) == 1 + 10 - len(codes)


def test_the_reference_executor_sends_one_response(sandbox_url: str) -> None:
    """It ignores the directive, as the specification allows."""
    with graph_over(sandbox_url, executor="reference") as graph:
        response = graph.http.post("/graphql", json={"query": CARDS}, headers={"Accept": PATH})
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        assert response.json()["data"]["customer"]["promotions"]["nodes"][0]["promotion"]["name"]


def test_a_connection_is_used_again(http: httpx.Client) -> None:
    """The body in chunks has an end."""
    for _ in range(3):
        in_parts(http, LIMITS)
        assert whole(http, "{ __typename }")["data"] == {"__typename": "Query"}


class SmallBuffers(LimitedHttpProtocol):
    """A server that the kernel takes little from before the client has read it."""

    def connection_made(self, transport: Any) -> None:
        """Make the kernel's buffer small."""
        sending = transport.get_extra_info("socket")
        sending.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        super().connection_made(transport)


@METHODS
@pytest.mark.timeout(60)
def test_a_slow_reader_holds_no_slot(sandbox_url: str, method: str) -> None:
    """An operation ends with its last part, although its client has not read the first one."""
    texts = " ".join(f"a{number}: description b{number}: name" for number in range(15))
    query = """{ customer(by: {externalId: "C-100"}) { promotions(first: 100) { nodes {
      ... @defer { promotion { TEXTS } } } } } }""".replace("TEXTS", texts)
    body = json.dumps({"query": query}).encode()
    target = "/graphql" if method == "POST" else f"/graphql?{urlencode({'query': query})}"
    head = f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: {PATH}\r\n"
    if method == "POST":
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    app = create_app(settings_for(sandbox_url))
    with serve(app, SmallBuffers) as gateway, socket.socket() as connection:
        before = scrape(gateway)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(30)
        host, port = gateway.removeprefix("http://").split(":")
        connection.connect((host, int(port)))
        connection.sendall(f"{head}\r\n".encode() + (body if method == "POST" else b""))
        deadline = time.monotonic() + 20
        while not changed(before, scrape(gateway)).get(ENDED) and time.monotonic() < deadline:
            pass  # a scrape is another request
        assert changed(before, scrape(gateway))[ENDED] == 1
        received = until_closed(connection)
    assert len(received) > 2 * 64 * 1024  # more than the buffers take without complaint
    assert received.count(b'"path":') == 100
    assert received.endswith(b"\r\n-----\r\n\r\n0\r\n\r\n")
