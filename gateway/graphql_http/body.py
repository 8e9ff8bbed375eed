"""Read a request's body: check its media type and encoding first, and bound its size."""

from contextlib import suppress
from functools import lru_cache

from gateway.edge.http_request import HttpRequest
from gateway.errors import BadRequestError, PayloadTooLargeError, UnsupportedMediaTypeError
from gateway.upstream.decoding.gunzip import (
    GunzipError,
    GunzipTooLargeError,
    UnknownCodingError,
    gunzip,
    is_gzip,
)

# Bytes of Content-Type, and of all lines of Content-Encoding: no accepted value is longer.
_MAX_LENGTH = 256
_NOT_JSON = "Content-Type must be application/json."


async def read_body(http_request: HttpRequest, max_bytes: int) -> bytes:
    """Return the body, JSON in UTF-8, decompressed from gzip, of at most `max_bytes`.

    Raise UnsupportedMediaTypeError for another type or encoding, PayloadTooLargeError as soon as
    the body is known to be too large, and BadRequestError if it is incomplete or not gzip.
    """
    headers = http_request.headers
    types, codings = headers.all(b"content-type"), headers.all(b"content-encoding")
    is_one = len(types) == 1 and len(types[0]) <= _MAX_LENGTH
    mistake = _check_content_type(types[0]) if is_one else _NOT_JSON
    if mistake:
        raise UnsupportedMediaTypeError(mistake)
    is_compressed = bool(codings) and _is_gzip(b",".join(codings))
    body = http_request.body
    if body is None:
        # Chunked, a body has no Content-Length; the server has checked that it is a number.
        if int(headers.first(b"content-length") or 0) > max_bytes:
            raise _too_large(max_bytes)
        try:
            body = await http_request.receive(max_bytes)
        except EOFError:
            raise BadRequestError("The body is shorter than its Content-Length.") from None
    # No honest body is larger compressed than plain.
    if len(body) > max_bytes:
        raise _too_large(max_bytes)
    return _decompress(body, max_bytes) if is_compressed else body


@lru_cache(128)
def _check_content_type(content_type: bytes) -> str:
    """Return what is wrong with a media type, "" for JSON in UTF-8."""
    media_type, *parameters = (
        part.strip().lower() for part in content_type.decode("latin-1").split(";")
    )
    if media_type != "application/json":
        return _NOT_JSON
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "charset" and value.strip('"') not in {"utf-8", "utf8"}:
            return "The charset must be utf-8."
    return ""


def _is_gzip(codings: bytes) -> bool:
    if len(codings) <= _MAX_LENGTH:
        with suppress(UnknownCodingError):
            return is_gzip(codings)
    raise UnsupportedMediaTypeError("Content-Encoding must be gzip, once, or absent.")


def _decompress(body: bytes, max_bytes: int) -> bytes:
    """Decompress; of a decompression bomb only one byte more than allowed is decompressed."""
    try:
        return gunzip(body, max_bytes)
    except GunzipTooLargeError:
        raise _too_large(max_bytes) from None
    except GunzipError:
        raise BadRequestError(
            "The body must be one complete gzip stream with no data after it."
        ) from None


def _too_large(max_bytes: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"The body must have at most {max_bytes} bytes, decompressed.")
