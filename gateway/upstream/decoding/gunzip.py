"""Decompressing gzip (RFC 1952, RFC 9110 §8.4.1.3) within a limit of bytes."""

import zlib

MAX_MEMBERS = 1000
_GZIP = zlib.MAX_WBITS | 16
# zlib copies its unused input after each member, so that it gets a window of it at a time.
_WINDOW = 64 * 1024
_CODINGS = ([b"gzip"], [b"x-gzip"])


class GunzipError(Exception):
    """The data is not valid gzip; the message says why."""


class GunzipTooLargeError(Exception):
    """The decompressed data exceeds the limit."""


class UnknownCodingError(Exception):
    """The content coding is neither gzip nor identity."""


def is_gzip(codings: bytes) -> bool:
    """Whether a ``Content-Encoding``, its lines joined by commas, is gzip rather than identity.

    Names are case-insensitive, and ``x-gzip`` is gzip. Raise UnknownCodingError for any other
    coding, and for gzip twice.
    """
    if codings == b"gzip":
        return True
    names = [name.strip(b" \t") for name in codings.lower().split(b",")]
    names = [name for name in names if name not in {b"", b"identity"}]
    if not names:
        return False
    if names not in _CODINGS:
        raise UnknownCodingError
    return True


def gunzip(data: bytes, max_bytes: int) -> bytes:
    """Return the decompressed data of all members; never inflate more than `max_bytes` + 1.

    Zeros after the last member are padding. Raise GunzipTooLargeError above `max_bytes`, and
    GunzipError for anything that is not gzip, is damaged or truncated, or has more than MAX_MEMBERS
    (many tiny members take more time than their size suggests).
    """
    try:
        inflater = zlib.decompressobj(_GZIP)
        inflated = inflater.decompress(data, max_bytes + 1)
        if len(inflated) > max_bytes:
            raise GunzipTooLargeError
        if not inflater.eof:
            raise GunzipError("truncated gzip body")
        rest = inflater.unused_data
        return inflated + _members(rest, max_bytes - len(inflated)) if rest else inflated
    except zlib.error:
        raise GunzipError("invalid gzip body") from None


def _members(data: bytes, max_bytes: int) -> bytes:
    """Return the decompressed data of the members after the first."""
    inflated, view, at = bytearray(), memoryview(data), 0
    for _ in range(1, MAX_MEMBERS):
        if at == len(data):
            return bytes(inflated)
        if data[at] == 0:
            if data[at:].strip(b"\0"):
                break
            return bytes(inflated)
        inflater = zlib.decompressobj(_GZIP)
        while not inflater.eof:
            window = view[at : at + _WINDOW]
            if not window:
                raise GunzipError("truncated gzip body")
            inflated += inflater.decompress(window, max_bytes + 1 - len(inflated))
            if len(inflated) > max_bytes:
                raise GunzipTooLargeError
            at += len(window) - len(inflater.unused_data)
    raise GunzipError("too many gzip members, or data after them")
