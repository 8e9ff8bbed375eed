"""HTTP responses: of operations, of rejected requests, and of paths without an endpoint."""

from typing import Any, NamedTuple

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response

from gateway.edge.http_request import request_id_of
from gateway.errors import MethodNotAllowedError, NotFoundError, RequestError
from gateway.execution.outcome import masked
from gateway.graphql_http.content_negotiation import GRAPHQL, JSON, MULTIPART
from gateway.telemetry import log

_ENCODER = msgspec.json.Encoder()
_LARGE_BYTES = 64 * 1024  # below that a copy costs less than joining pieces
_AFTER_NULL = slice(len(b'{"data":null'), None)

ResponseBody = dict[str, Any]
CLIENT_DISCONNECTED = 499
"""nginx's status for a client that has disconnected: only logs and proxies in between see it."""


class HttpResponse(NamedTuple):
    """A response, without the headers that all responses have.

    `headers` have lower-case names. The body is in `pieces`, so that a large one is copied only
    once, when the response is written; `length` is their sum in bytes.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    pieces: tuple[bytes | memoryview, ...]
    length: int

    def with_header(self, name: str, value: str) -> "HttpResponse":
        """Return the same response with one more header."""
        header = (name.lower().encode("latin-1"), value.encode("latin-1"))
        return self._replace(headers=(*self.headers, header))


# No cache on the way may store a response, let alone serve it to another caller.
_HEADERS = {
    media_type: (
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"cache-control", b"private, no-store"),
        (b"vary", b"Accept, Accept-Encoding, Authorization"),
    )
    for media_type in (GRAPHQL, JSON)
}


STREAMED = HttpResponse(200, (), (), 0)
"""Stands for a response that has been sent in pieces, and only has to be ended."""


def multipart_headers(parameter: str) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers of a response in parts; `parameter` is that of the media type."""
    media_type = f'{MULTIPART}; boundary="-"; {parameter}'
    return (
        (b"content-type", media_type.encode()),
        *_HEADERS[JSON][1:],
        (b"x-accel-buffering", b"no"),  # nginx and others would wait for more parts
    )


def json_response(
    body: ResponseBody | list[ResponseBody] | HttpResponse,
    status: int = 200,
    media_type: str = JSON,
) -> HttpResponse:
    """Encode a body; a response that has been sent is returned as it is."""
    if isinstance(body, dict):
        pieces = _encode(body)
    elif isinstance(body, HttpResponse):
        return body
    else:
        parts = [piece for part in body for piece in (b",", *_encode(part))]
        pieces = (b"[", *parts[1:], b"]")
    return HttpResponse(status, _HEADERS[media_type], pieces, sum(map(len, pieces)))


def _encode(body: ResponseBody) -> tuple[bytes | memoryview, ...]:
    """Encode the body of one operation, whose first member is `data`, or that of an error."""
    data = body.get("data")
    if data.__class__ is not msgspec.Raw or len(memoryview(data)) < _LARGE_BYTES:
        return (_ENCODER.encode(body),)
    return b'{"data":', memoryview(data), _ENCODER.encode({**body, "data": None})[_AFTER_NULL]


def logged_error_response(
    error: RequestError, request_id: str, media_type: str = JSON, **log_fields: str
) -> HttpResponse:
    """Log a request that is rejected, and encode its error."""
    log.info("request_rejected", status=error.status, code=error.code, **log_fields)
    body = {"errors": [error.formatted(request_id)]}
    response = json_response(body, error.status, media_type)
    for name, value in error.headers.items():
        response = response.with_header(name, value)
    if error.retry_after_s is not None:
        response = response.with_header("Retry-After", str(error.retry_after_s))
    return response


def internal_error_response(request_id: str) -> HttpResponse:
    """Encode an unexpected error with the request id alone."""
    return json_response({"errors": [masked(request_id)]}, 500)


def to_starlette(response: HttpResponse) -> Response:
    """Convert to Starlette's response."""
    converted = Response(status_code=response.status)
    converted.body = b"".join(response.pieces)
    converted.raw_headers = [*response.headers, (b"content-length", b"%d" % response.length)]
    return converted


async def routing_error_response(http: StarletteRequest, error: Exception) -> Response:
    """Return the response to an unknown path (404) or an unsupported method (405)."""
    if not isinstance(error, HTTPException):
        raise error
    request_id = request_id_of(http)
    if error.status_code != 405:
        not_found = NotFoundError("Not found: this path does not exist.")
        return to_starlette(logged_error_response(not_found, request_id))
    allowed = ", ".join(sorted((error.headers or {}).get("Allow", "GET, HEAD").split(", ")))
    not_allowed = MethodNotAllowedError(f"Method not allowed; use one of {allowed}.")
    return to_starlette(
        logged_error_response(not_allowed, request_id).with_header("Allow", allowed)
    )
