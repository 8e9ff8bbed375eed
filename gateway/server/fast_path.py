"""Responses that are written without ASGI: those of the fast path, and refusals by the server.

They have the headers that the middlewares add to all others, by the same functions:
`tests/server/test_both_paths.py` compares the fast path with ASGI to the byte.
"""

from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

import msgspec

from gateway.edge.cors import Origins
from gateway.edge.http_request import (
    REQUEST_ID,
    HeaderLines,
    HttpHeaders,
    HttpRequest,
    request_id_for,
)
from gateway.edge.middleware import with_security_headers
from gateway.errors import (
    BadRequestError,
    ConnectionLimitError,
    NotFoundError,
    RequestError,
    RequestTimeoutError,
)
from gateway.graphql_http.handler import GraphQLHandler
from gateway.graphql_http.response import HttpResponse
from gateway.telemetry import log

_LENGTH = b"content-length: "
_MAX_HEADS = 64  # one for each status, media type and origin that occur
_ERRORS: dict[int, type[RequestError]] = {
    kind.status: kind for kind in (NotFoundError, RequestTimeoutError)
}


class FastPath:
    """Handles ``POST`` requests to `path` with a body of at most `max_bytes`."""

    def __init__(self, path: str, graphql: GraphQLHandler, origins: Origins) -> None:
        self.path, self.max_bytes = path.encode("ascii"), graphql.settings.max_body_bytes
        self.graphql, self.origins = graphql, origins
        self._head = lru_cache(_MAX_HEADS)(self._encode_head)
        self._own: tuple[HeaderLines, bytes] = ((), b"")

    def encode(
        self, request: HttpRequest, response: HttpResponse, own: HeaderLines, *, closes: bool
    ) -> bytes:
        """Return a complete response; `own` are the server's headers, a new object if they change.

        With `closes` it announces that the connection is closed.
        """
        if own is not self._own[0]:
            self._own = own, _encode_lines(own)
        status_line, until_length, until_id, responses = self._head(
            response.status, response.headers, self.origins.allowed(request.headers)
        )
        responses[0] += 1
        return b"".join((
            status_line,
            self._own[1],
            until_length,
            b"%d" % response.length,
            until_id,
            request.id.encode("ascii"),
            b"\r\nconnection: close\r\n\r\n" if closes else b"\r\n\r\n",
            *response.pieces,
        ))  # fmt: skip

    def encode_begin(
        self, request: HttpRequest, headers: HeaderLines, own: HeaderLines, *, closes: bool
    ) -> bytes:
        """Return the head of a response with status 200 whose body follows in chunks."""
        status_line, until_length, until_id, responses = self._head(
            200, tuple(headers), self.origins.allowed(request.headers)
        )
        responses[0] += 1
        return b"".join((
            status_line,
            _encode_lines(own),
            until_length.removesuffix(_LENGTH),
            b"transfer-encoding: chunked",
            until_id,
            request.id.encode("ascii"),
            b"\r\nconnection: close\r\n\r\n" if closes else b"\r\n\r\n",
        ))  # fmt: skip

    def count_refused(self, url: bytes, headers: HttpHeaders, code: str, status: int) -> None:
        """Count the response to a request that the server refuses: an operation, if it is one."""
        target = url.partition(b"?")[0]
        statistics = self.graphql.statistics
        if target.rstrip(b"/") == self.path:
            by_client = self.graphql.clients.of(headers).outcomes
            statistics.count_rejected(by_client, [code], status)
        else:
            statistics.count_errors([code])
        statistics.http.of(target.decode("latin-1"), status)[0] += 1

    def _encode_head(
        self, status: int, headers: tuple[tuple[bytes, bytes], ...], origin: str | None
    ) -> tuple[bytes, bytes, bytes, list[int]]:
        """Return the status line, what follows up to the length, and from there up to the id.

        The last is the counter of such responses.
        """
        lines = with_security_headers(self.origins.add_headers(headers, origin))
        before, after = lines[: len(headers)], lines[len(headers) :]
        return (
            _status_line(status),
            _encode_lines(before) + _LENGTH,
            b"\r\n" + _encode_lines(after) + REQUEST_ID + b": ",
            self.graphql.statistics.http.of(self.path.decode(), status),
        )


def early_response(  # noqa: PLR0913 - all that is known of one request
    status: int,
    message: str,
    headers: HttpHeaders,
    path: FastPath | None,
    *,
    url: bytes = b"",
    has_body: bool = True,
) -> bytes:
    """Return the complete response to a request that the server refuses, and log it.

    It announces that the connection is closed. `url` and `headers` are what has been parsed of the
    request: the response has its id and the CORS headers for its origin if they are among them.
    Without `has_body` the response ends after its head.
    """
    error = _ERRORS.get(status, BadRequestError)(message)
    return error_bytes(error, headers, path, url=url, status=status, has_body=has_body)


def error_bytes(  # noqa: PLR0913 - a request, its error, and how the response differs
    error: RequestError,
    headers: HttpHeaders,
    path: FastPath | None,
    *,
    url: bytes = b"",
    request_id: str | None = None,
    status: int | None = None,
    has_body: bool = True,
) -> bytes:
    """Return `early_response` of an error; `status` replaces the error's own."""
    status, request_id = (
        status or error.status,
        request_id or request_id_for(headers.first(REQUEST_ID)),
    )
    body = msgspec.json.encode({"errors": [error.formatted(request_id)]})
    lines: HeaderLines = [
        (b"date", formatdate(usegmt=True).encode()),
        *_error_headers(error, body),
    ]
    if path is not None:
        lines = path.origins.add_headers(lines, path.origins.allowed(headers))
        path.count_refused(url, headers, error.code, status)
    lines = [
        *with_security_headers(lines),
        (REQUEST_ID, request_id.encode()),
        (b"connection", b"close"),
    ]
    log.info("request_rejected", status=status, code=error.code, request_id=request_id)
    return _status_line(status) + _encode_lines(lines) + b"\r\n" + (body if has_body else b"")


def too_many_connections(own: HeaderLines, headers: HttpHeaders, path: FastPath | None) -> bytes:
    """Return the response to a connection beyond the limit, which is not logged; cheap.

    `own` are the server's headers, `headers` what has been parsed of the request: a page of an
    allowed origin can read the response.
    """
    cors = () if path is None else path.origins.add_headers((), path.origins.allowed(headers))
    lines = _encode_lines(own), _encode_lines(cors)
    return b"".join((_status_line(503), *lines, _TOO_MANY_CONNECTIONS))


def _encode_too_many_connections() -> bytes:
    error = ConnectionLimitError()
    body = msgspec.json.encode({"errors": [error.formatted("")]})
    lines = with_security_headers([*_error_headers(error, body), (b"connection", b"close")])
    return _encode_lines(lines) + b"\r\n" + body


def _error_headers(error: RequestError, body: bytes) -> list[tuple[bytes, bytes]]:
    lines = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"cache-control", b"private, no-store"),
        (b"content-length", b"%d" % len(body)),
    ]
    if error.retry_after_s is not None:
        lines.append((b"retry-after", b"%d" % error.retry_after_s))
    return lines


def _status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode("ascii")


def _encode_lines(headers: HeaderLines) -> bytes:
    return b"".join(b"%s: %s\r\n" % header for header in headers)


_TOO_MANY_CONNECTIONS = _encode_too_many_connections()
