"""A request's body: its media type, its encoding and its size, before anything is read into it."""

import zlib

from gateway.errors import BadRequestError, PayloadTooLargeError, UnsupportedMediaTypeError
from gateway.http.asked import Asked
from gateway.http.negotiation import remembered

_GZIP = 16 + zlib.MAX_WBITS


async def read_body(asked: Asked, most_bytes: int) -> bytes:
    """Read JSON in UTF-8, decompressed where it is gzip, of `most_bytes` at most.

    Raises UnsupportedMediaTypeError for another type or encoding, PayloadTooLargeError as soon as
    it is known to be too large, and BadRequestError where it ends early or is no gzip.
    """
    headers = asked.headers
    lines = headers.all(b"content-type")
    mistake = _mistake_in(lines[0]) if len(lines) == 1 else _NO_JSON
    if mistake:
        raise UnsupportedMediaTypeError(mistake)
    is_gzip = _is_gzip(headers.all(b"content-encoding"))
    # A body in chunks has no length; what the server has let through is a number.
    if int(headers.first(b"content-length") or 0) > most_bytes:
        raise _too_large(most_bytes)
    body = asked.body if asked.body is not None else await _receive(asked, most_bytes)
    return _decompress(body, most_bytes) if is_gzip else body


async def _receive(asked: Asked, most_bytes: int) -> bytes:
    body = bytearray()
    try:
        async for chunk in asked.chunks():
            body += chunk
            # Compressed, no honest body is larger than plain.
            if len(body) > most_bytes:
                raise _too_large(most_bytes)
    except EOFError:
        raise BadRequestError("The body ended early.") from None
    return bytes(body)


_NO_JSON = "The body must be application/json."


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
            return "The body must be in UTF-8."
    return ""


def _is_gzip(lines: list[bytes]) -> bool:
    if not lines:
        return False
    encodings = [
        word.strip().lower() for line in lines for word in line.decode("latin-1").split(",")
    ]
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
