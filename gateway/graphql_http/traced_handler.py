"""The GraphQL endpoint with spans: one of the HTTP request, and one of each of its operations.

The names and attributes are OpenTelemetry's semantic conventions for HTTP and GraphQL. No attribute
holds a document, a variable or a header.
"""

from typing import Any

from gateway.context import Caller, RequestContext
from gateway.edge.http_request import HttpRequest
from gateway.edge.trace_context import trace_headers
from gateway.execution.documents import Operation
from gateway.execution.outcome import Outcome
from gateway.graphql_http.handler import GraphQLHandler
from gateway.graphql_http.operation_statistics import logged_name
from gateway.graphql_http.response import HttpResponse, ResponseBody
from gateway.telemetry.otel import Tracing
from gateway.telemetry.tracing import as_current, current_span, record_errors, recording_span, span
from gateway.upstream.http_transport import NO_HEADERS

_ROUTE = "/graphql"
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_UNKNOWN_OPERATION = "GraphQL Operation"


class TracedGraphQLHandler(GraphQLHandler):
    """Handles requests to ``/graphql``, each in a span."""

    __slots__ = ("_tracing",)

    _tracing: Tracing

    def __init__(self, tracing: Tracing, **parts: Any) -> None:
        super().__init__(**parts)
        object.__setattr__(self, "_tracing", tracing)  # the base class is frozen

    async def handle(self, http_request: HttpRequest) -> HttpResponse:
        """Return the response, as `GraphQLHandler.handle` does."""
        method = http_request.method if http_request.method in _METHODS else "_OTHER"
        received = http_request.headers
        has_trace = b"traceparent" in received.by_name
        headers = trace_headers(received, "") if has_trace else NO_HEADERS
        request = self._tracing.start_request(f"{method} {_ROUTE}", headers)
        if not request.is_recorded:
            current_span.set(request)  # of this task, which handles no other request
            return await super().handle(http_request)
        request.set({"http.request.method": method, "http.route": _ROUTE, "url.path": _ROUTE})
        with as_current(request):
            response = await super().handle(http_request)
            request.set({"http.response.status_code": response.status})
            if response.status >= 500:
                request.set({"error.type": str(response.status)})
                request.fail()
            return response

    def _create_context(
        self, http_request: HttpRequest, caller: Caller, caller_key: str
    ) -> RequestContext:
        context = super()._create_context(http_request, caller, caller_key)
        current = current_span.get()
        if current is not None:
            context.trace_headers = {**context.trace_headers, "traceparent": current.traceparent}
        return context

    async def _execute(self, *arguments: Any, **named: Any) -> ResponseBody | HttpResponse:
        if recording_span() is None:
            return await super()._execute(*arguments, **named)
        with span(_UNKNOWN_OPERATION):
            return await super()._execute(*arguments, **named)

    def _report(
        self, operation: Operation, outcome: Outcome, *arguments: Any, **named: Any
    ) -> ResponseBody:
        current = recording_span()
        if current is not None:
            kind = operation.definition.operation.value
            current.rename(kind)
            current.set({"graphql.operation.type": kind})
            if operation.name:
                current.set({"graphql.operation.name": logged_name(operation)})
            codes = [error["extensions"]["code"] for error in outcome.errors]
            if codes:
                record_errors(current, codes)
        return super()._report(operation, outcome, *arguments, **named)
