"""A request's body: its media type, its encoding and its size, before anything is read into it."""

import zlib

from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest

from gateway.errors import BadRequestError, PayloadTooLargeError, UnsupportedMediaTypeError

_GZIP = 16 + zlib.MAX_WBITS


async def read_body(request: HttpRequest, most_bytes: int) -> bytes:
    """Read JSON in UTF-8, decompressed where it is gzip, of `most_bytes` at most.

    Raises UnsupportedMediaTypeError for another type or encoding, PayloadTooLargeError as soon as
    it is known to be too large, and BadRequestError where it ends early or is no gzip.
    """
    _check_media_type(request.headers.getlist("content-type"))
    is_gzip = _is_gzip(request.headers.getlist("content-encoding"))
    # A body in chunks has no length; what the server has let through is a number.
    if int(request.headers.get("content-length", "0")) > most_bytes:
        raise _too_large(most_bytes)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            # Compressed, no honest body is larger than plain.
            if len(body) > most_bytes:
                raise _too_large(most_bytes)
    except ClientDisconnect:
        raise BadRequestError("The body ended early.") from None
    return _decompress(bytes(body), most_bytes) if is_gzip else bytes(body)


def _check_media_type(lines: list[str]) -> None:
    if len(lines) != 1:
        raise UnsupportedMediaTypeError("The body must be application/json.")
    media_type, *parameters = (part.strip().lower() for part in lines[0].split(";"))
    if media_type != "application/json":
        raise UnsupportedMediaTypeError("The body must be application/json.")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "charset" and value.strip('"') not in {"utf-8", "utf8"}:
            raise UnsupportedMediaTypeError("The body must be in UTF-8.")


def _is_gzip(lines: list[str]) -> bool:
    encodings = [word.strip().lower() for line in lines for word in line.split(",")]
    encodings = [word for word in encodings if word not in {"", "identity"}]
    if encodings not in ([], ["gzip"], ["x-gzip"]):
        raise UnsupportedMediaTypeError("The body may be compressed with gzip, once, or not.")
    return bool(encodings)


def _decompress(body: bytes, most_bytes: int) -> bytes:
    """Decompress; a bomb costs no more than one byte above what is allowed."""
    stream = zlib.decompressobj(_GZIP)
    try:
        plain = stream.decompress(body, most_bytes + 1)
    except zlib.error:
        raise BadRequestError("The body is no gzip, or damaged.") from None
    if len(plain) > most_bytes:
        raise _too_large(most_bytes)
    if not stream.eof or stream.unused_data:
        raise BadRequestError("The body must be one complete gzip stream.")
    return plain


def _too_large(most_bytes: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"The body may have {most_bytes} bytes at most, decompressed.")
