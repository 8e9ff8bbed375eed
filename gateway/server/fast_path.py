"""The direct way: a ``POST /graphql`` from the server's protocol to the endpoint and back.

It does for an answer what the middlewares do for those that come by ASGI, with the same functions;
`tests/server/test_both_paths.py` holds the two side by side.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from gateway.edge.cors import Origins
from gateway.edge.http_request import HeaderLines, HttpRequest
from gateway.edge.request_id import HEADER
from gateway.edge.security_headers import with_security_headers
from gateway.graphql_http.handler import GraphQLHandler
from gateway.graphql_http.operation_statistics import OperationStatistics
from gateway.graphql_http.response import HttpResponse, internal_error_response
from gateway.telemetry import bind_request_id, log

_MOST_HEADS = 64


class _Head(NamedTuple):
    """An answer's head in pieces: from the status line on, around its length, and around its id."""

    begin: bytes
    until_length: bytes
    until_id: bytes


class FastPath:
    """Answers requests to `path` whose body is no longer than `most_bytes`."""

    def __init__(
        self,
        path: str,
        graphql: GraphQLHandler,
        origins: Origins,
        statistics: OperationStatistics,
    ) -> None:
        self.path, self.most_bytes = path.encode("ascii"), graphql.settings.max_body_bytes
        self.origins = origins
        self._graphql, self._statistics = graphql, statistics
        self._head: Callable[..., _Head] = lru_cache(_MOST_HEADS)(self._write_head)
        self._stamp: tuple[HeaderLines, bytes] = ((), b"")

    async def answer(self, asked: HttpRequest) -> HttpResponse:
        """Answer one request, in a task of its own."""
        bind_request_id(asked.id)
        try:
            return await self._graphql.handle(asked)
        except Exception as error:  # noqa: BLE001 - a client never sees what went wrong inside
            log.error("unexpected_error", path="", exc_info=error)
            return internal_error_response(asked.id, self._statistics)

    def write(
        self, asked: HttpRequest, answer: HttpResponse, stamp: HeaderLines, *, closes: bool
    ) -> bytes:
        """Write a whole answer; `stamp` are the server's own headers, as the date."""
        if stamp is not self._stamp[0]:
            self._stamp = (stamp, _lines(stamp))
        head = self._head(answer.status, answer.headers, self.origins.named(asked.headers))
        end = b"\r\nconnection: close\r\n\r\n" if closes else b"\r\n\r\n"
        length = b"%d" % answer.length
        parts = (head.begin, self._stamp[1], head.until_length, length, head.until_id,
                 asked.id.encode("ascii"), end, *answer.pieces)  # fmt: skip
        return b"".join(parts)

    def _write_head(
        self, status: int, headers: Sequence[tuple[bytes, bytes]], origin: str | None
    ) -> _Head:
        own = with_security_headers(self.origins.mark(headers, origin))
        before, after = own[: len(headers)], own[len(headers) :]
        return _Head(
            STATUS_LINE[status],
            _lines(before) + b"content-length: ",
            b"\r\n" + _lines(after) + HEADER.lower().encode() + b": ",
        )


def _lines(headers: HeaderLines) -> bytes:
    return b"".join(b"%s: %s\r\n" % header for header in headers)
