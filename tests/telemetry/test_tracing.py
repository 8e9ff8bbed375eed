"""Traces of requests, as a collector receives them by OTLP over HTTP."""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.graph import Graph, graph_over
from tests.support.logged import Lines
from tests.support.otlp_receiver import Collector, collector
from tests.support.scripted_platform import platform

CUSTOMER = 'query One{customer(by:{externalId:"C-ONE"}){customerId}}'
DEFINED = """query Defined($by: CustomerIdentifier!) {
  customer(by: $by) { promotions(first: 10) { nodes { promotion { definition { status } } } } }
}"""
TEN = {"by": {"externalId": "C-TEN"}}
TRACE_ID, PARENT_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = (f"00-{TRACE_ID}-{PARENT_ID}-{flags}" for flags in ("01", "00"))


@contextmanager
def traced(upstream_url: str, kept: Collector, url: str, **overrides: Any) -> Iterator[Graph]:
    """Serve a gateway that records everything; `kept` has all of it after the block."""
    settings: dict[str, Any] = {"tracing_url": url, "tracing_sample_ratio": 1.0}
    with graph_over(upstream_url, **settings | overrides) as graph:
        yield graph
    assert all(span.trace_id and span.span_id for span in kept.spans)


def test_a_request_is_a_tree_of_spans(sandbox_url: str) -> None:
    """Each part of its work is a child of the part that caused it; all are one trace."""
    with collector() as (kept, url):
        with traced(sandbox_url, kept, url) as graph:
            graph.ask(DEFINED, TEN)
            assert graph.calls == 3
        assert kept.tree() == [
            "POST /graphql",
            "  query",
            "    batch DefinitionByPromotionLoader",
            "      cache promotionsV2",
            "        GET",
            "      cache promotionsV2",
            "        GET",
            "    cache promotionData",
            "      GET",
            "    parse and validate",
        ]
        assert len({span.trace_id for span in kept.spans}) == 1
        assert kept.named("POST /graphql").parent_id == ""
        assert all(span.duration_s > 0 and not span.failed for span in kept.spans)


def test_attributes_follow_the_conventions(sandbox_url: str) -> None:
    """Those of HTTP and GraphQL, on spans of the kinds that they are for."""
    with collector() as (kept, url):
        with traced(sandbox_url, kept, url) as graph:
            graph.ask(DEFINED, TEN)
        address, port = sandbox_url.removeprefix("http://").split(":")
        found = {(span.name, span.kind, *sorted(span.attributes.items())) for span in kept.spans}
        calls = [
            ("promotionData", "/v2/customers/lookup/promotionData"),
            *(
                ("promotionsV2", f"/api_gateway/loyalty/v1/programs/{program}/promotionsV2")
                for program in (9001, 9002)
            ),
        ]
        client = {
            ("http.request.method", "GET"),
            ("http.response.status_code", 200),
            ("server.address", address),
            ("server.port", int(port)),
            ("url.scheme", "http"),
        }
        assert found == {
            (
                "POST /graphql",
                "SERVER",
                ("http.request.method", "POST"),
                ("http.response.status_code", 200),
                ("http.route", "/graphql"),
                ("url.path", "/graphql"),
            ),
            (
                "query",
                "INTERNAL",
                ("graphql.operation.name", "Defined"),
                ("graphql.operation.type", "query"),
            ),
            ("parse and validate", "INTERNAL"),
            ("batch DefinitionByPromotionLoader", "INTERNAL", ("gateway.batch.size", 10)),
            *(
                (
                    f"cache {endpoint}",
                    "INTERNAL",
                    ("gateway.endpoint", endpoint),
                    ("gateway.response.source", "UPSTREAM"),
                )
                for endpoint, _ in calls
            ),
            *(("GET", "CLIENT", *sorted({*client, ("url.path", path)})) for _, path in calls),
        }
        (resource,) = kept.resources
        assert resource["service.name"] == "promotion-gateway"
        assert set(resource) == {"service.name", "service.version", "service.instance.id"}


def test_no_span_holds_an_identifier_a_secret_or_a_document(sandbox_url: str) -> None:
    """Nothing that is exported does, whether the operation succeeds or fails."""
    with collector() as (kept, url):
        with traced(sandbox_url, kept, url, upstream_password="sandbox") as graph:
            graph.ask(DEFINED, TEN)
            graph.errors('{customer(by:{mobile:"919456430850"}){nothing}}')
            graph.errors(
                '{customer(by:{mobile:"919456430850"}){promotions(first:1,after:"x"){drift}}}'
            )
            graph.answer(CUSTOMER, authorization="Bearer very-secret")
            graph.ask("query Of919456430850 { __typename }")
        credential = base64.b64encode(b"sandbox:sandbox")
        for hidden in (b"C-TEN", b"C-ONE", b"919456430850", b"very-secret", credential, b"first"):
            assert hidden not in kept.raw
        assert all(span.events == 0 for span in kept.spans)


def test_a_trace_is_continued_and_the_platform_continues_it() -> None:
    """The client's span is the parent of the request's, that of a call is the platform's parent."""
    with platform() as (scripted, upstream_url), collector() as (kept, url):
        with traced(upstream_url, kept, url, tracing_sample_ratio=0.0) as graph:
            graph.answer(CUSTOMER, None, traceparent=SAMPLED, tracestate="rojo=1,congo=2")
            (call,) = scripted.requests
        request, client = kept.named("POST /graphql"), kept.named("GET")
        assert (request.trace_id, request.parent_id) == (TRACE_ID, PARENT_ID)
        assert request.state == "rojo=1,congo=2"
        assert re.fullmatch(f"00-{TRACE_ID}-{client.span_id}-0[13]", call.headers["traceparent"])
        assert call.headers["tracestate"] == "rojo=1,congo=2"


@pytest.mark.parametrize(
    ("ratio", "headers"),
    [(1.0, {"traceparent": UNSAMPLED}), (0.0, {}), (0.0, {"traceparent": "x"})],
)
def test_what_is_not_sampled_is_not_sent(ratio: float, headers: dict[str, str], log: Lines) -> None:
    """The platform and the log get the ids all the same, the former with the flag unset."""
    with platform() as (scripted, upstream_url), collector() as (kept, url):
        with traced(upstream_url, kept, url, tracing_sample_ratio=ratio) as graph:
            graph.answer(CUSTOMER, None, **headers)
            (call,) = scripted.requests
        assert kept.requests == []
    (line,) = log.of("operation")
    sent = re.fullmatch("00-([0-9a-f]{32})-([0-9a-f]{16})-0[02]", call.headers["traceparent"])
    assert sent is not None
    assert (line["trace_id"], line["span_id"]) == sent.groups()
    assert (line["trace_id"] == TRACE_ID) == (headers.get("traceparent") == UNSAMPLED)


@pytest.mark.parametrize("settings", [{}, {"tracing_url": "http://127.0.0.1:9"}])
def test_without_tracing_there_is_none(
    settings: dict[str, str], log: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trace of a request is passed on unchanged, and no line names it."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", " True" if settings else "")
    with platform() as (scripted, upstream_url), graph_over(upstream_url, **settings) as graph:
        graph.answer(CUSTOMER, None, traceparent=SAMPLED)
        (call,) = scripted.requests
    assert call.headers["traceparent"] == SAMPLED
    assert not any("trace_id" in line or "span_id" in line for line in log.lines)


def test_log_lines_name_their_span(sandbox_url: str, log: Lines) -> None:
    """The line of an operation names the span of that operation, and both mask its name alike."""
    with collector() as (kept, url):
        with traced(sandbox_url, kept, url) as graph:
            graph.ask("query Of919456430850 { __typename }")
        operation = kept.named("query")
    (line,) = log.of("operation")
    assert (line["trace_id"], line["span_id"]) == (operation.trace_id, operation.span_id)
    assert line["operation"] == operation.attributes["graphql.operation.name"]
    assert line["operation"].startswith("Ofmasked-")
