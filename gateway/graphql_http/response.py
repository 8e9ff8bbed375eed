"""What answers have in common: their form, and those for requests that no endpoint answers."""

from typing import Any, NamedTuple

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.edge.request_id import request_id_of
from gateway.errors import MethodNotAllowedError, NotFoundError, RequestError
from gateway.execution.outcome import masked
from gateway.graphql_http.content_negotiation import GRAPHQL, JSON
from gateway.graphql_http.operation_statistics import OperationStatistics
from gateway.telemetry import log

_ENCODER = msgspec.json.Encoder()


class HttpResponse(NamedTuple):
    """An answer, but for what all have alike: `headers`, named in lower case, and a whole body.

    The body is in `pieces`, so that what is large in it is copied once, when the answer is written.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    pieces: tuple[bytes | memoryview, ...]

    @property
    def length(self) -> int:
        """How many bytes the body has."""
        return sum(map(len, self.pieces))

    def with_header(self, name: str, value: str) -> "HttpResponse":
        """Return the same answer with one more header."""
        header = (name.lower().encode("latin-1"), value.encode("latin-1"))
        return self._replace(headers=(*self.headers, header))


def _headers_of(media_type: str) -> tuple[tuple[bytes, bytes], ...]:
    return (
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"cache-control", b"private, no-store"),
        (b"vary", b"Accept, Authorization"),
    )


_HEADERS = {media_type: _headers_of(media_type) for media_type in (GRAPHQL, JSON)}


def json_response(
    body: dict[str, Any] | list[dict[str, Any]],
    status: int = 200,
    media_type: str = JSON,
) -> HttpResponse:
    """Write an answer that no cache on the way may keep, and none may give to another caller."""
    if isinstance(body, dict):
        return HttpResponse(status, _HEADERS[media_type], _pieces(body))
    parts = [piece for part in body for piece in (b",", *_pieces(part))]
    return HttpResponse(status, _HEADERS[media_type], (b"[", *parts[1:], b"]"))


_LARGE_BYTES = 64 * 1024  # below that a copy costs less than putting pieces together
_BEHIND_NULL = slice(len(b'{"data":null'), None)


def _pieces(body: dict[str, Any]) -> tuple[bytes | memoryview, ...]:
    """Write one operation's answer, which begins with its data, encoded or not."""
    data = body.get("data")
    if data.__class__ is not msgspec.Raw or len(memoryview(data)) < _LARGE_BYTES:
        return (_ENCODER.encode(body),)
    return b'{"data":', memoryview(data), _ENCODER.encode({**body, "data": None})[_BEHIND_NULL]


def error_response(
    error: RequestError, request_id: str, media_type: str = JSON, status: int | None = None
) -> HttpResponse:
    """Answer a request that is none for GraphQL, and note that."""
    status = status or error.status
    log.info("request_rejected", status=status, code=error.code)
    answer = json_response({"errors": [error.formatted(request_id)]}, status, media_type)
    for name, value in error.headers.items():
        answer = answer.with_header(name, value)
    if error.retry_after_s is not None:
        answer = answer.with_header("Retry-After", str(error.retry_after_s))
    return answer


def internal_error_response(request_id: str, statistics: OperationStatistics) -> HttpResponse:
    """Answer for a mistake in the gateway itself, and count it: the client learns where."""
    shown = masked(request_id)
    statistics.errors([shown["extensions"]["code"]])
    return json_response({"errors": [shown]}, 500)


def to_starlette(answer: HttpResponse) -> Response:
    """Return an answer as Starlette sends it."""
    response = Response(status_code=answer.status)
    response.body = b"".join(answer.pieces)
    response.raw_headers = [*answer.headers, (b"content-length", b"%d" % answer.length)]
    return response


async def not_found_response(http: StarletteRequest, error: Exception) -> Response:
    """Answer in JSON where there is nothing at a path (404), or nothing for a method (405)."""
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code != 405:
        refused = error_response(
            NotFoundError("Not found: this path does not exist."), request_id_of(http)
        )
        return to_starlette(refused)
    allowed = ", ".join(sorted((error.headers or {}).get("Allow", "GET, HEAD").split(", ")))
    refused = error_response(
        MethodNotAllowedError(f"Method not allowed; use one of {allowed}."), request_id_of(http)
    )
    return to_starlette(refused.with_header("Allow", allowed))


class MaskingMiddleware:
    """Answers for a mistake in the gateway itself, which it logs: the client learns where."""

    def __init__(self, app: ASGIApp, statistics: OperationStatistics) -> None:
        self._app, self._statistics = app, statistics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; an answer that has begun before the mistake is cut off."""
        begun = False

        async def noting_send(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting_send)
        except Exception as error:
            if scope["type"] != "http":
                raise
            log.error("unexpected_error", path="", exc_info=error)
            if not begun:
                answer = internal_error_response(
                    request_id_of(StarletteRequest(scope)), self._statistics
                )
                await to_starlette(answer)(scope, receive, send)
