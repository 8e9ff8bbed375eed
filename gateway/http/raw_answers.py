"""Answers that the server itself writes, before there is a request for the application."""

from email.utils import formatdate
from http import HTTPStatus

import msgspec

from gateway.errors import BadRequestError, RequestTimeoutError
from gateway.http.request_id import HEADER, request_id_for
from gateway.http.security_headers import HEADERS

BAD_REQUEST = BadRequestError.code


def raw_refusal(status: int, message: str) -> tuple[bytes, str]:
    """Write a whole answer that ends its connection; gives its request id as well."""
    request_id = request_id_for(None)
    kind = RequestTimeoutError if status == RequestTimeoutError.status else BadRequestError
    body = msgspec.json.encode({"errors": [kind(message).formatted(request_id)]})
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
    return "\r\n".join([*head, "", ""]).encode() + body, request_id
