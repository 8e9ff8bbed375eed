"""Traces of what waits or fails, and of a collector that does."""

import asyncio
import socket
import time
from collections.abc import Sequence
from threading import Event
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.config.settings import Settings, SettingsError, effective, load_settings
from gateway.config.tracing import headers_of
from gateway.telemetry.otel import Tracing
from gateway.upstream.resilience.pacer import Pacer
from gateway.upstream.resilience.quota import LocalRateLimiter, Quota, Quotas
from gateway.upstream.resilience.traffic_shaping import create_traffic_shaping
from tests.support.graph import Graph, graph_over, serve_gateway, settings_for
from tests.support.http_client import client
from tests.support.logged import Lines
from tests.support.metrics import scrape
from tests.support.otlp_receiver import collector
from tests.support.scripted_platform import platform

CUSTOMER = 'query One{customer(by:{externalId:"C-ONE"}){customerId}}'
THREE = "{" + "".join(f'c{n}:customer(by:{{externalId:"C-00{n}"}}){{id}}' for n in (1, 2, 3)) + "}"
PROGRAM = '{program(programId:"9005"){promotions(first:1){nodes{name}}}}'
EVERYTHING: dict[str, Any] = {"tracing_sample_ratio": 1.0}


def test_an_error_of_the_platform_is_a_failure_at_each_level() -> None:
    """The call has the status, the cache and the operation have the code."""
    with platform() as (scripted, upstream_url), collector() as (kept, url):
        scripted.responses["promotionData"] = JSONResponse({}, 503)
        with graph_over(upstream_url, tracing_url=url, **EVERYTHING) as graph:
            assert graph.errors(CUSTOMER) == [("UPSTREAM_UNAVAILABLE", ["customer"])]
    found = [(span.name, span.failed, span.attributes.get("error.type")) for span in kept.spans]
    assert sorted(found) == [
        ("GET", True, "503"),
        ("POST /graphql", False, None),
        ("cache promotionData", True, "UPSTREAM_UNAVAILABLE"),
        ("parse and validate", False, None),
        ("query", True, "UPSTREAM_UNAVAILABLE"),
    ]


def test_a_call_that_is_too_late_is_cancelled() -> None:
    """The span of the call ends with the deadline."""

    async def held(request: Request) -> Response | None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        return None

    with platform() as (scripted, upstream_url), collector() as (kept, url):
        scripted.responses["promotionData"] = held
        settings = {**EVERYTHING, "upstream_deadline_s": 0.3}
        with graph_over(upstream_url, tracing_url=url, **settings) as graph:
            assert graph.errors(CUSTOMER) == [("UPSTREAM_TIMEOUT", ["customer"])]
    call, cache = kept.named("GET"), kept.named("cache promotionData")
    assert (call.failed, call.attributes["error.type"]) == (True, "cancelled")
    assert (cache.failed, cache.attributes["error.type"]) == (True, "UPSTREAM_TIMEOUT")


def test_a_mistake_of_the_client_and_a_customer_who_does_not_exist_are_no_failures(
    sandbox_url: str,
) -> None:
    """The former has its code."""
    with (
        collector() as (kept, url),
        graph_over(sandbox_url, tracing_url=url, **EVERYTHING) as graph,
    ):
        assert graph.ask('{customer(by:{externalId:"nobody"}){id}}') == {"customer": None}
        assert graph.errors("{nothing}") == [("GRAPHQL_VALIDATION_FAILED", None)]
    assert not any(span.failed for span in kept.spans if span.name != "GET")
    codes = [span.attributes.get("error.type") for span in kept.spans if span.kind == "INTERNAL"]
    assert codes.count("GRAPHQL_VALIDATION_FAILED") == 2  # the operation, and its validation


def test_waits_for_the_quota_and_for_a_connection_are_spans(sandbox_url: str) -> None:
    """They are beside the call that they delay."""
    traffic = create_traffic_shaping(settings_for(sandbox_url, upstream_max_connections=1))
    limiter = LocalRateLimiter(Pacer(0, 10, 0.5), time.monotonic)
    traffic.quotas = Quotas(lambda _: Quota(limiter, clock=time.monotonic, sleep=asyncio.sleep))
    with collector() as (kept, url):
        settings = {**EVERYTHING, "tracing_url": url}
        with (
            serve_gateway(sandbox_url, traffic=traffic, **settings) as gateway_url,
            client(gateway_url) as http,
        ):
            assert "errors" not in http.post("/graphql", json={"query": THREE}).json()
    waits = [span for span in kept.spans if span.name == "quota wait"]
    queues = [span for span in kept.spans if span.name == "connection wait"]
    assert len(waits) >= 1
    assert len(queues) == 2
    caches = {span.span_id for span in kept.spans if span.name == "cache promotionData"}
    assert {span.parent_id for span in (*waits, *queues)} <= caches


def test_each_operation_of_a_batch_has_a_span(sandbox_url: str) -> None:
    """All are children of the one request's."""
    with (
        collector() as (kept, url),
        graph_over(sandbox_url, tracing_url=url, **EVERYTHING) as graph,
    ):
        graph.http.post("/graphql", json=[{"query": CUSTOMER}, {"query": PROGRAM}])
    request = kept.named("POST /graphql")
    operations = [span for span in kept.spans if span.name == "query"]
    assert [span.parent_id for span in operations] == [request.span_id] * 2
    assert {span.attributes.get("graphql.operation.name") for span in operations} == {"One", None}


def test_a_cached_response_has_no_call(sandbox_url: str) -> None:
    """The span of the cache has the source."""
    with collector() as (kept, url):
        settings = {**EVERYTHING, "tracing_url": url, "cache_definition_ttl_s": 60}
        with graph_over(sandbox_url, **settings) as graph:
            graph.ask(PROGRAM)
            graph.ask(PROGRAM)
    sources = [
        span.attributes["gateway.response.source"]
        for span in kept.spans
        if span.name == "cache promotionsV2"
    ]
    assert sources == ["UPSTREAM", "CACHE"]
    assert kept.named("GET").failed is False


def test_a_collector_that_fails_affects_no_request(sandbox_url: str, log: Lines) -> None:
    """What it does not accept is dropped; one line says so."""
    with collector() as (kept, url):
        kept.status = 400
        with graph_over(sandbox_url, tracing_url=url, **EVERYTHING) as graph:
            for _ in range(3):
                assert graph.ask(CUSTOMER)
            until = time.monotonic() + 20
            while not (counts := spans_of(graph))["failed"]:
                assert time.monotonic() < until
            assert (counts["exported"], counts["queue_full"]) == (0, 0)
            kept.status = 200
            graph.ask(CUSTOMER)
            while not (counts := spans_of(graph))["exported"]:
                assert time.monotonic() < until
            assert counts["exported"] == len(kept.spans)
            kept.spans.clear()
            kept.status = 400
            graph.ask(CUSTOMER)
    assert kept.requests
    assert kept.spans == []
    assert len(log.of("trace_export_failed")) == 2
    assert len(log.of("trace_export_restored")) == 1


def spans_of(graph: Graph) -> dict[str, float]:
    """Return the number of spans by what has become of them."""
    samples = scrape(str(graph.http.base_url).rstrip("/"))
    name = 'gateway_trace_spans_total{{outcome="{}"}}'
    return {each: samples[name.format(each)] for each in ("exported", "failed", "queue_full")}


class StalledExporter(SpanExporter):
    """Accepts a batch only when `may_go_on`."""

    def __init__(self) -> None:
        self.may_go_on, self.received = Event(), 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Wait, and accept."""
        assert self.may_go_on.wait(20)
        self.received += len(spans)
        return SpanExportResult.SUCCESS


@pytest.mark.anyio
async def test_spans_beyond_the_queue_are_dropped_and_counted() -> None:
    """Requests go on; each span counts as accepted or as dropped."""
    exporter = StalledExporter()
    async with Tracing(exporter, "1", 1.0, max_queued=4) as tracing:
        for _ in range(40):
            tracing.start_request("POST", {}).end()
        (counts,) = tracing.samples().values()
        assert (counts[:2], counts[2] > 0) == ([0, 0], True)
        exporter.may_go_on.set()
    (counts,) = tracing.samples().values()
    assert counts[:2] == [exporter.received, 0]
    # A batch that is being taken may count as waiting.
    assert abs(counts[2] - (40 - exporter.received)) <= 4


def test_a_collector_that_does_not_answer_delays_the_end_by_seconds_only(
    sandbox_url: str, log: Lines
) -> None:
    """Requests do not notice it at all."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with graph_over(sandbox_url, tracing_url=url, **EVERYTHING) as graph:
            assert graph.ask(CUSTOMER)
            left_at = time.monotonic()
        assert time.monotonic() - left_at < 4.5
    assert log.of("trace_export_failed")


def test_headers_of_the_collector_are_sent_and_masked(sandbox_url: str) -> None:
    """They may hold a key."""
    with collector() as (kept, url):
        settings = {**EVERYTHING, "tracing_url": url, "tracing_headers": "api-key=top=1, x=y z"}
        with graph_over(sandbox_url, **settings) as graph:
            graph.ask(CUSTOMER)
        (request,) = kept.requests
    assert (request.headers["api-key"], request.headers["x"]) == ("top=1", "y z")
    shown = effective(settings_for(sandbox_url, **settings))
    assert shown["GATEWAY_TRACING_HEADERS"] == "********"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tracing_url", "collector:4318"),
        ("tracing_url", "http://user:secret@collector:4318"),
        ("tracing_url", "http://collector:4318?key=secret"),
        ("tracing_sample_ratio", 1.1),
        ("tracing_headers", "secret"),
        ("tracing_headers", "a b=secret"),
        ("tracing_headers", "a=secret\r\nb: c"),
    ],
)
def test_invalid_settings_of_tracing_are_refused(name: str, value: object) -> None:
    """The message names the variable, and no value that may be a secret."""
    with pytest.raises(SettingsError) as raised:
        load_settings(upstream_url="http://127.0.0.1:1", upstream_auth="none", **{name: value})
    (line,) = raised.value.lines
    assert line.startswith(f"GATEWAY_{name.upper()}=")
    assert "secret" not in line.replace("it may hold a secret", "")


def test_no_headers_are_none() -> None:
    """The default adds none."""
    settings: Settings = load_settings(upstream_url="http://127.0.0.1:1", upstream_auth="none")
    assert headers_of(settings) == {}
