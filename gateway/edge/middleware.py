"""What every response by ASGI passes: request id, CORS, security headers, unexpected errors."""

from collections.abc import Container, Iterable

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.edge.cors import Origins
from gateway.edge.http_request import REQUEST_ID, HttpHeaders, request_id_for
from gateway.errors import MaskedError
from gateway.graphql_http.operation_statistics import OperationStatistics
from gateway.graphql_http.response import (
    CLIENT_DISCONNECTED,
    internal_error_response,
    logged_error_response,
    to_starlette,
)
from gateway.telemetry import log, request_id_scope

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    # The explorer page has a policy of its own, which allows its scripts.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_SECURITY_LINES = [
    (name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()
]


def with_security_headers(lines: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return a response's header lines and those that it lacks; names are in lower case."""
    headers = list(lines)
    names = {name for name, _value in headers}
    return headers + [line for line in _SECURITY_LINES if line[0] not in names]


class EdgeMiddleware:
    """Adds to each response what the fast path adds to its own.

    Pages of the allowed `origins` may send `cors_headers` beside the usual ones, and read every
    response, a 404 included, except those of the paths `without_cors`.
    """

    def __init__(
        self,
        app: ASGIApp,
        origins: Origins,
        statistics: OperationStatistics,
        cors_headers: Iterable[str] = (),
        without_cors: Container[str] = (),
    ) -> None:
        self._app, self._origins, self._statistics = app, origins, statistics
        self._preflight = origins.preflight_headers(cors_headers)
        self._without_cors = without_cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP request on with its id, and anything else unchanged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = HttpHeaders(list(scope["headers"]))
        request_id = request_id_for(headers.first(REQUEST_ID))
        scope.setdefault("state", {})["request_id"] = request_id
        has_cors = scope["path"] not in self._without_cors
        origin = self._origins.allowed(headers) if has_cors else None
        has_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                if message["status"] != CLIENT_DISCONNECTED:  # which nobody receives
                    self._statistics.http.of(scope["path"], message["status"])[0] += 1
                lines = message["headers"]
                if has_cors:
                    lines = self._origins.add_headers(lines, origin)
                message["headers"] = [
                    *with_security_headers(lines),
                    (REQUEST_ID, request_id.encode("ascii")),
                ]
            await send(message)

        app = self._app
        with request_id_scope(request_id):
            if has_cors and scope["method"] == "OPTIONS" and _is_preflight(headers):
                app = (
                    to_starlette(logged_error_response(self._origins.refusal(), request_id))
                    if origin is None
                    else Response(status_code=204, headers=self._preflight)
                )
            try:
                await app(scope, receive, send_with_headers)
            except Exception as error:  # noqa: BLE001 - a client never sees an internal error
                log.error("unexpected_error", path="", exc_info=error)
                if not has_begun:  # else the response is cut off
                    self._statistics.count_errors([MaskedError.code])
                    response = to_starlette(internal_error_response(request_id))
                    await response(scope, receive, send_with_headers)


def _is_preflight(headers: HttpHeaders) -> bool:
    """Whether an OPTIONS request is a CORS preflight (Fetch, section 4.8)."""
    has_method = headers.first(b"access-control-request-method") is not None
    return has_method and headers.first(b"origin") is not None
