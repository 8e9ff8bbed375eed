"""`/metrics` over HTTP: how operations and upstream calls change it, and what is never in it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.errors import OUTCOMES, REFUSALS, codes
from gateway.errors.outcomes import outcome_of
from gateway.graphql_http.operation_statistics import OperationStatistics, no_outcomes
from gateway.sandbox.app import create_sandbox
from gateway.sandbox.faults.spec import parse_fault
from tests.sandbox.client import NOW, shared_world
from tests.support.graph import Graph, graph_over, serve_gateway
from tests.support.http_client import TLS
from tests.support.metrics import changed, families, scrape
from tests.support.serving import serve

WORLD = shared_world()
ONE = '{ customer(by: {externalId: "C-ONE"}) { promotions(first: 1) { totalCount } } }'


def operations(outcome: str) -> str:
    """Return the name of the series of operations with an outcome."""
    return f'gateway_operations_total{{operation="other",outcome="{outcome}"}}'


def of_client(outcome: str, client: str = "none") -> str:
    """Return the name of the series of a client's operations with an outcome."""
    return f'gateway_client_operations_total{{client="{client}",outcome="{outcome}"}}'


def errors(code: str) -> str:
    """Return the name of the series of errors with a code."""
    return f'gateway_errors_total{{code="{code}"}}'


def calls(outcome: str, endpoint: str = "promotionData") -> str:
    """Return the name of the series of upstream calls with an outcome."""
    return f'gateway_upstream_calls_total{{endpoint="{endpoint}",outcome="{outcome}"}}'


def of_endpoint(name: str, endpoint: str = "promotionData") -> str:
    """Return the name of a series of an endpoint."""
    return f'gateway_upstream_{name}{{endpoint="{endpoint}"}}'


def test_an_operation_and_its_call_are_counted(graph: Graph) -> None:
    """A successful operation counts once, with its call and both durations."""
    url = str(graph.http.base_url)
    before = scrape(url)
    graph.ask(ONE)
    after = scrape(url)
    requests = 'gateway_http_requests_total{route="/graphql",status="2xx"}'
    expected = {operations("ok"): 1, of_client("ok"): 1, calls("2xx"): 1, requests: 1}
    assert changed(before, after) == expected
    for name in ("operation_duration_seconds_count", "operation_duration_seconds_bucket"):
        names = [key for key in after if key.startswith(f"gateway_{name}")]
        assert after[names[-1]] - before[names[-1]] == 1
    durations = of_endpoint("call_duration_seconds_count")
    assert after[durations] - before[durations] == 1


@pytest.mark.parametrize(
    ("ask", "grown"),
    [
        (lambda http: http.post("/graphql", json={"query": "{"}), "GRAPHQL_PARSE_FAILED"),
        (lambda http: http.post("/graphql", json={"query": "{ x }"}), "GRAPHQL_VALIDATION_FAILED"),
        (lambda http: http.post("/graphql", json={}), "BAD_REQUEST"),
        (lambda http: http.put("/graphql", json={}), None),
    ],
)
def test_a_refusal_is_counted_by_its_code(
    graph: Graph, ask: Callable[[httpx.Client], Any], grown: str | None
) -> None:
    """A mistake in a request is the client's error; other requests are no operations."""
    url = str(graph.http.base_url)
    before = scrape(url)
    status = ask(graph.http).status_code // 100
    expected = {f'gateway_http_requests_total{{route="/graphql",status="{status}xx"}}': 1.0}
    if grown:
        expected |= {errors(grown): 1, operations("client_error"): 1, of_client("client_error"): 1}
    assert changed(before, scrape(url)) == expected


def test_an_answer_with_data_and_errors_is_partial() -> None:
    """A response without data has the outcome of its gravest error; each error counts."""
    statistics, by_client = OperationStatistics(), no_outcomes()

    def count(data: dict[str, Any] | None, *codes: str) -> None:
        errors: list[dict[str, Any]] = [{"extensions": {"code": code}} for code in codes]
        statistics.count_executed(statistics.other, by_client, data, errors, 0.1)

    partial: tuple[dict[str, Any], ...] = ({"a": 1, "b": None}, {"a": [None, {"b": 0}]}, {"a": []})
    for data in partial:
        count(data, "UPSTREAM_TIMEOUT", "INTERNAL_SERVER_ERROR")
    count({"a": None})
    count({"a": None}, "BAD_USER_INPUT", "FORBIDDEN")
    count({"a": {"b": None, "c": [None]}}, "BAD_USER_INPUT", "OVERLOADED")
    count(None, "UPSTREAM_TIMEOUT", "OVERLOADED")
    count(None, "INTERNAL_SERVER_ERROR", "UPSTREAM_TIMEOUT")
    samples = statistics.samples()
    assert dict(zip(OUTCOMES, samples["gateway_operations_total"], strict=True)) == {
        "ok": 1,
        "partial": 3,
        "client_error": 1,
        "refused": 1,
        "upstream_error": 1,
        "internal_error": 1,
    }
    assert by_client == samples["gateway_operations_total"]
    assert sum(samples["gateway_errors_total"]) == 14
    assert samples["gateway_operations_refused_total"] == [0, 0, 1, 0]


def test_every_code_has_an_outcome() -> None:
    """No code counts as an internal error for want of a line in the table."""
    internal = [code for code in codes() if OUTCOMES[outcome_of([code])] == "internal_error"]
    assert internal == ["INTERNAL_SERVER_ERROR"]
    client = [code for code in codes() if OUTCOMES[outcome_of([code])] == "client_error"]
    assert not [code for code in client if code.startswith("UPSTREAM") and "BUDGET" not in code]


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("UNAUTHENTICATED", 401, "unauthenticated"),
        ("UNAUTHENTICATED", 503, "keys_unavailable"),
        ("RATE_LIMITED", 429, "rate_limited"),
        ("OVERLOADED", 503, "overloaded"),
    ],
)
def test_a_refused_operation_has_its_reason(code: str, status: int, reason: str) -> None:
    """Each operation of a batch that is refused counts, its error once."""
    statistics, by_client = OperationStatistics(), no_outcomes()
    statistics.count_rejected(by_client, [code], status, 3)
    samples = statistics.samples()
    assert by_client == [3 * (outcome == "refused") for outcome in OUTCOMES]
    assert samples["gateway_operations_total"] == by_client
    assert samples["gateway_operations_refused_total"] == [3 * (one == reason) for one in REFUSALS]
    assert sum(samples["gateway_errors_total"]) == 1


def test_only_names_that_the_operator_lists_have_series(sandbox_url: str, tmp_path: Path) -> None:
    """Those of trusted operations and of known clients; a client can make up no other."""
    listed, other = "query Listed { __typename }", "query Other { __typename }"
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"one": listed}), "utf-8")
    settings: dict[str, Any] = {
        "trusted_documents": str(manifest),
        "client_names": ("shop",),
    }
    with (
        serve_gateway(sandbox_url, **settings) as url,
        httpx.Client(base_url=url, verify=TLS) as http,
    ):
        before = scrape(url)
        for query, name in ((listed, "shop"), (other, "made up")):
            headers = {"graphql-client-name": name}
            http.post("/graphql", json={"query": query}, headers=headers).raise_for_status()
        grown = changed(before, scrape(url))
    series = 'gateway_operations_total{{operation="{}",outcome="ok"}}'
    assert {name: number for name, number in grown.items() if "operations_total" in name} == {
        series.format("Listed"): 1,
        series.format("other"): 1,
        of_client("ok", "shop"): 1,
        of_client("ok", "other"): 1,
    }


FAULTS = [
    ("status=500", calls("5xx")),
    ("status=418", calls("4xx")),
    ("status=429", calls("429")),
    ("reset", calls("unreachable")),
    ("hang", calls("timeout")),
    ("array", of_endpoint("bad_payloads_total")),
    ("huge=20000000", calls("unreadable_body")),
]


@pytest.mark.parametrize(("fault", "grown"), FAULTS, ids=[fault for fault, _ in FAULTS])
def test_a_failed_call_is_counted_by_what_ended_it(fault: str, grown: str) -> None:
    """The status, a lost connection, a timeout and an unreadable payload have a series each."""
    sandbox = create_sandbox(WORLD, clock=lambda: NOW, faults=[parse_fault(fault)])
    with serve(sandbox) as url, graph_over(url, upstream_deadline_s=0.5) as graph:
        gateway = str(graph.http.base_url)
        graph.answer(ONE)
        metrics = scrape(gateway)
    assert metrics[grown] == 1
    assert sum(value for name, value in metrics.items() if "upstream_calls_total" in name) == 1
    assert metrics["gateway_upstream_rate_limited_total"] == (fault == "status=429")
    assert metrics[operations("upstream_error")] == 1


def test_retries_and_an_open_breaker_are_counted() -> None:
    """After enough failures the breaker is open; retries are counted."""
    faults = [parse_fault("status=503,after=5")]
    with (
        serve(create_sandbox(WORLD, clock=lambda: NOW, faults=faults)) as url,
        serve_gateway(url) as gateway,
        httpx.Client(trust_env=False, verify=TLS) as http,
    ):
        for _ in range(12):
            http.post(f"{gateway}/graphql", json={"query": ONE})
        metrics = scrape(gateway)
    assert metrics[of_endpoint("retries_total")] >= 1
    assert metrics[of_endpoint("circuit_state")] == 2
    assert metrics[of_endpoint("circuit_openings_total")] == 1
    assert metrics[of_endpoint("circuit_state", "promotionsV2")] == 0
    assert metrics[calls("5xx")] == 5


def test_a_platform_that_hangs_opens_the_breaker() -> None:
    """A call that ends at its operation's deadline is a timeout, and a failure for the breaker."""
    faults = [parse_fault("hang")]
    with (
        serve(create_sandbox(WORLD, clock=lambda: NOW, faults=faults)) as url,
        serve_gateway(url, upstream_deadline_s=0.2) as gateway,
        httpx.Client(trust_env=False, verify=TLS) as http,
    ):
        for _ in range(7):
            http.post(f"{gateway}/graphql", json={"query": ONE})
        metrics = scrape(gateway)
    assert metrics[calls("timeout")] == 5
    assert metrics[of_endpoint("circuit_openings_total")] == 1


def test_the_quota_is_counted(sandbox_url: str) -> None:
    """The metrics have the calls that remain in this minute, and the refused ones."""
    limited: dict[str, Any] = {"upstream_calls_per_minute": 5, "upstream_deadline_s": 0.5}
    with (
        serve_gateway(sandbox_url, **limited) as gateway,
        httpx.Client(trust_env=False, verify=TLS) as http,
    ):
        for _ in range(6):
            http.post(f"{gateway}/graphql", json={"query": ONE})
        metrics = scrape(gateway)
    assert metrics["gateway_upstream_quota_refusals_total"] >= 1
    assert metrics["gateway_upstream_quota_remaining"] < 5
    made = sum(value for name, value in metrics.items() if "upstream_calls_total" in name)
    assert metrics["gateway_upstream_quota_remaining"] == 5 - made
    assert (
        metrics[errors("UPSTREAM_RATE_LIMITED")] == metrics["gateway_upstream_quota_refusals_total"]
    )


def test_without_a_limit_or_a_shared_cache_their_series_are_absent(gateway_url: str) -> None:
    """An unknown value is absent, not 0."""
    metrics = scrape(gateway_url)
    assert "gateway_upstream_quota_remaining" not in metrics
    assert not [name for name in metrics if name.startswith("gateway_redis_available")]
    assert metrics["gateway_workers"] == 1
    assert metrics["gateway_upstream_legacy_endpoint_gone_ratio"] == 0


def test_a_disabled_legacy_endpoint_is_gone(sandbox_url: str) -> None:
    """GATEWAY_DEFINITIONS=v3 sets the gauge to 1."""
    with serve_gateway(sandbox_url, definitions="v3") as gateway:
        assert scrape(gateway)["gateway_upstream_legacy_endpoint_gone_ratio"] == 1


def test_the_catalogue_has_its_size_and_age(sandbox_url: str) -> None:
    """They are absent without one, and so is the successor's absence where it is not asked."""
    size, age = "gateway_catalogue_promotions", "gateway_catalogue_age_seconds"
    absent = 'gateway_upstream_endpoint_absent_ratio{endpoint="promotionsV3"}'
    page = '{ program(programId: "9030") { promotions(sources: [V3]) { totalCount } } }'
    with graph_over(sandbox_url, definitions="both", cache_definition_ttl_s=300) as graph:
        url = str(graph.http.base_url)
        before = scrape(url)
        assert not {size, age} & before.keys()
        assert before[absent] == 0
        listed = graph.ask(page)["program"]["promotions"]["totalCount"]
        after = scrape(url)
        assert after[size] > listed > 0
        assert 0 <= after[age] < 60
    with serve_gateway(sandbox_url, definitions="legacy") as gateway:
        assert not {size, age, absent} & scrape(gateway).keys()


def test_the_number_of_series_does_not_grow(graph: Graph) -> None:
    """No operation, whatever its name, adds a series."""
    url = str(graph.http.base_url)
    before = scrape(url).keys()
    for name in ("Jane", "C919876543210"):
        query = f'query {name} {{ customer(by: {{mobile: "919876543210"}}) {{ customerId }} }}'
        graph.http.post("/graphql", json={"query": query})
    after = scrape(url)
    assert after.keys() == before
    text = " ".join(after)
    assert not [word for word in ("Jane", "919876543210", "http:", "sandbox") if word in text]
    values = [v for f in families(url) for s in f.samples for v in s.labels.values()]
    assert max(map(len, values)) < 100  # the longest path of a documented field


def test_prometheus_reads_what_the_tests_read(gateway_url: str) -> None:
    """Its own parser finds the same samples, which the tests find without it."""
    found = set()
    for family in families(gateway_url):
        for sample in family.samples:
            labels = ",".join(f'{name}="{sample.labels[name]}"' for name in sorted(sample.labels))
            found.add(f"{sample.name}{{{labels}}}" if labels else sample.name)
    assert found == scrape(gateway_url).keys()
