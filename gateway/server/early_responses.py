"""Answers that the server itself writes, before there is a request for the application."""

from email.utils import formatdate

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from gateway.edge.cors import Origins
from gateway.edge.http_request import HeaderLines, HttpHeaders
from gateway.edge.request_id import HEADER, request_id_for
from gateway.edge.security_headers import with_security_headers
from gateway.errors import BadRequestError, NotFoundError, RequestError, RequestTimeoutError
from gateway.telemetry import log

_KINDS: dict[int, type[RequestError]] = {
    kind.status: kind for kind in (NotFoundError, RequestTimeoutError)
}


def early_response(
    status: int, message: str, asked: HttpHeaders, origins: Origins | None, *, has_body: bool = True
) -> bytes:
    """Write a whole answer that ends its connection, and note that.

    `asked` are the headers that have been read: the answer has the request's id and the mark for
    its origin where they are among them. Without `has_body` only the head is written.
    """
    request_id = request_id_for(asked.get(HEADER))
    error = _KINDS.get(status, BadRequestError)(message)
    body = msgspec.json.encode({"errors": [error.formatted(request_id)]})
    lines: HeaderLines = [
        (b"date", formatdate(usegmt=True).encode()),
        (b"content-type", b"application/json; charset=utf-8"),
        (b"cache-control", b"private, no-store"),
        (b"content-length", b"%d" % len(body)),
    ]
    if origins is not None:
        lines = origins.mark(lines, origins.named(asked))
    lines = [
        *with_security_headers(lines),
        (HEADER.lower().encode(), request_id.encode()),
        (b"connection", b"close"),
    ]
    log.info("request_rejected", status=status, code=error.code, request_id=request_id)
    head = b"".join(b"%s: %s\r\n" % line for line in lines)
    return STATUS_LINE[status] + head + b"\r\n" + (body if has_body else b"")
