"""A request's body: its media type, its encoding and its size, before anything is read into it."""

from contextlib import suppress

from gateway.edge.http_request import HttpRequest
from gateway.errors import BadRequestError, PayloadTooLargeError, UnsupportedMediaTypeError
from gateway.graphql_http.content_negotiation import remembered
from gateway.upstream.decoding.gunzip import (
    GunzipError,
    GunzipTooLargeError,
    UnknownCodingError,
    gunzip,
    is_gzip,
)

# Bytes of Content-Type, and of all lines of Content-Encoding: nothing that is read here is longer.
_MAX_LENGTH = 256


async def read_body(asked: HttpRequest, most_bytes: int) -> bytes:
    """Read JSON in UTF-8, decompressed where it is gzip, of `most_bytes` at most.

    Raises UnsupportedMediaTypeError for another type or encoding, PayloadTooLargeError as soon as
    it is known to be too large, and BadRequestError where it ends early or is no gzip.
    """
    headers = asked.headers
    lines = headers.all(b"content-type")
    is_read = len(lines) == 1 and len(lines[0]) <= _MAX_LENGTH
    mistake = _mistake_in(lines[0]) if is_read else _NO_JSON
    if mistake:
        raise UnsupportedMediaTypeError(mistake)
    is_compressed = _is_compressed(headers.all(b"content-encoding"))
    body = asked.body
    # A body in chunks has no length; what the server has let through is a number.
    length = int(headers.first(b"content-length") or 0) if body is None else len(body)
    if length > most_bytes:
        raise _too_large(most_bytes)
    if body is None:
        try:
            body = await asked.receive(most_bytes)
        except EOFError:
            raise BadRequestError("The body is shorter than its Content-Length.") from None
        if len(body) > most_bytes:
            raise _too_large(most_bytes)
    return _decompress(body, most_bytes) if is_compressed else body


_NO_JSON = "Content-Type must be application/json."


@remembered
def _mistake_in(content_type: bytes) -> str:
    media_type, *parameters = (
        part.strip().lower() for part in content_type.decode("latin-1").split(";")
    )
    if media_type != "application/json":
        return _NO_JSON
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "charset" and value.strip('"') not in {"utf-8", "utf8"}:
            return "The charset must be utf-8."
    return ""


def _is_compressed(lines: list[bytes]) -> bool:
    if not lines:
        return False
    joined = b",".join(lines)
    if len(joined) <= _MAX_LENGTH:
        with suppress(UnknownCodingError):
            return is_gzip(joined)
    raise UnsupportedMediaTypeError("Content-Encoding must be gzip, once, or absent.")


def _decompress(body: bytes, most_bytes: int) -> bytes:
    """Decompress; a bomb costs no more than one byte above what is allowed."""
    try:
        return gunzip(body, most_bytes)
    except GunzipTooLargeError:
        raise _too_large(most_bytes) from None
    except GunzipError:
        raise BadRequestError(
            "The body must be one complete gzip stream with no data after it."
        ) from None


def _too_large(most_bytes: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"The body must have at most {most_bytes} bytes, decompressed.")
