"""A collector of spans: it receives OTLP over HTTP, and keeps what it has received."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.serving import serve


@dataclass
class ReceivedSpan:
    """One span, with ids in hexadecimal digits and without a parent as ""."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    state: str
    failed: bool
    duration_s: float
    attributes: dict[str, Any]
    events: int


@dataclass
class Collector:
    """What a collector has received; it responds with `status`."""

    spans: list[ReceivedSpan] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    raw: bytes = b""
    status: int = 200

    def named(self, name: str) -> ReceivedSpan:
        """Return the only span of a name."""
        (span,) = (span for span in self.spans if span.name == name)
        return span

    def tree(self) -> list[str]:
        """Return the spans' names, each indented below its parent's, in the order of their names.

        A span whose parent has not been received begins a tree.
        """
        known = {span.span_id for span in self.spans}
        roots = [span for span in self.spans if span.parent_id not in known]
        return [line for root in roots for line in self._lines(root, "")]

    def _lines(self, span: ReceivedSpan, indent: str) -> list[str]:
        children = [child for child in self.spans if child.parent_id == span.span_id]
        return [indent + span.name] + [
            line
            for child in sorted(children, key=lambda each: each.name)
            for line in self._lines(child, indent + "  ")
        ]

    async def receive(self, request: Request) -> Response:
        """Keep the spans of a request."""
        body = await request.body()
        self.requests.append(request)
        if self.status != 200:
            return Response(status_code=self.status)
        assert request.headers["content-type"] == "application/x-protobuf"
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.raw += body
        received = ExportTraceServiceRequest.FromString(body)
        for group in received.resource_spans:
            self.resources.append(_attributes(group.resource.attributes))
            self.spans += [_received(span) for scope in group.scope_spans for span in scope.spans]
        return Response(
            ExportTraceServiceResponse().SerializeToString(), media_type="application/x-protobuf"
        )


def _received(span: Span) -> ReceivedSpan:
    return ReceivedSpan(
        span.name,
        Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.trace_state,
        span.status.code == Status.STATUS_CODE_ERROR,
        (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        _attributes(span.attributes),
        len(span.events),
    )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair) for pair in pairs}


def _value(pair: KeyValue) -> Any:
    return getattr(pair.value, str(pair.value.WhichOneof("value")))


@contextmanager
def collector() -> Iterator[tuple[Collector, str]]:
    """Serve a collector; yield it and its URL."""
    kept = Collector()
    route = Route("/v1/traces", kept.receive, methods=["POST"])
    with serve(Starlette(routes=[route])) as url:
        yield kept, url
