"""Gzip as RFC 9110 §8.4.1.3 and RFC 1952 have it, in as many bytes as are allowed and no more."""

import zlib

MAX_MEMBERS = 1000
_GZIP = zlib.MAX_WBITS | 16
# What zlib is given at a time: behind each member it copies what it has not needed.
_WINDOW = 64 * 1024
_NAMES = ([b"gzip"], [b"x-gzip"])


class GunzipError(Exception):
    """What is called gzip cannot be read; the text says why."""


class GunzipTooLargeError(Exception):
    """There is more in it than is allowed."""


class UnknownCodingError(Exception):
    """A content coding, or several, that nobody has asked for."""


def is_gzip(codings: bytes) -> bool:
    """Whether a ``Content-Encoding``, its lines joined by commas, is gzip; False: it is none.

    Names are in any case, ``x-gzip`` is another name of gzip and ``identity`` one of nothing.
    Raises UnknownCodingError for all else, gzip twice included.
    """
    if codings == b"gzip":
        return True
    words = [word.strip(b" \t") for word in codings.lower().split(b",")]
    words = [word for word in words if word not in {b"", b"identity"}]
    if not words:
        return False
    if words not in _NAMES:
        raise UnknownCodingError
    return True


def gunzip(data: bytes, max_bytes: int) -> bytes:
    """Decompress all members, of which no more than `max_bytes` and one are ever inflated.

    Zeros behind the last member are padding; anything else there is damage. Raises GunzipError
    where it is no gzip, is damaged, ends early or has more than MAX_MEMBERS, which would cost more
    than they can hold, and GunzipTooLargeError.
    """
    try:
        inflater = zlib.decompressobj(_GZIP)
        plain = inflater.decompress(data, max_bytes + 1)
        if len(plain) > max_bytes:
            raise GunzipTooLargeError
        if not inflater.eof:
            raise GunzipError("truncated gzip body")
        rest = inflater.unused_data
        return plain + _members(rest, max_bytes - len(plain)) if rest else plain
    except zlib.error:
        raise GunzipError("invalid gzip body") from None


def _members(data: bytes, max_bytes: int) -> bytes:
    """Decompress what follows the first member."""
    plain, view, at = bytearray(), memoryview(data), 0
    for _ in range(1, MAX_MEMBERS):
        if at == len(data):
            return bytes(plain)
        if data[at] == 0:
            if data[at:].strip(b"\0"):
                break
            return bytes(plain)
        inflater = zlib.decompressobj(_GZIP)
        while not inflater.eof:
            window = view[at : at + _WINDOW]
            if not window:
                raise GunzipError("truncated gzip body")
            plain += inflater.decompress(window, max_bytes + 1 - len(plain))
            if len(plain) > max_bytes:
                raise GunzipTooLargeError
            at += len(window) - len(inflater.unused_data)
    raise GunzipError("too many gzip members, or data after them")
