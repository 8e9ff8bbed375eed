"""Answers that the server itself writes, before there is a request for the application."""

from email.utils import formatdate
from http import HTTPStatus

import msgspec

from gateway.errors import BadRequestError, NotFoundError, RequestError, RequestTimeoutError
from gateway.http.request_id import HEADER, request_id_for
from gateway.http.security_headers import HEADERS
from gateway.telemetry import log

_KINDS: dict[int, type[RequestError]] = {
    kind.status: kind for kind in (NotFoundError, RequestTimeoutError)
}


def raw_refusal(status: int, message: str) -> bytes:
    """Write a whole answer that ends its connection, and note that."""
    request_id = request_id_for(None)
    error = _KINDS.get(status, BadRequestError)(message)
    body = msgspec.json.encode({"errors": [error.formatted(request_id)]})
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"Date: {formatdate(usegmt=True)}",
        "Content-Type: application/json; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Cache-Control: private, no-store",
        *(f"{name}: {value}" for name, value in HEADERS.items()),
        f"{HEADER}: {request_id}",
        "Connection: close",
    ]
    log.info("request_refused", status=status, code=error.code, request_id=request_id)
    return "\r\n".join([*head, "", ""]).encode() + body
