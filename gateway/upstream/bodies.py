"""Reading an answer: at most so many bytes of its body, however small it was on its way."""

import zlib
from typing import NamedTuple

from gateway.errors import UpstreamBadPayloadError
from gateway.telemetry import log
from gateway.upstream.exchange import ACCEPT_ENCODING, Reply
from gateway.upstream.retries import retry_after_s

_PLAIN = frozenset({b"", b"identity"})
_PACKED = ACCEPT_ENCODING.encode()
_GZIP = zlib.MAX_WBITS | 16


class Answer(NamedTuple):
    """What one call brought back; `status` None: the platform could not be reached."""

    status: int | None
    body: bytes = b""
    retry_after_s: float | None = None


def read_answer(endpoint: str, reply: Reply, most_bytes: int) -> Answer:
    """Read an answer, whatever its status; raises what `unpack` raises."""
    body = unpack(endpoint, reply, most_bytes)
    return Answer(reply.status, body, retry_after_s(reply.headers))


def unpack(endpoint: str, reply: Reply, most_bytes: int) -> bytes:
    """Give a body of at most `most_bytes`, counted before and after decompression.

    Raises UpstreamBadPayloadError where it is larger, or compressed in a way that was not asked
    for, or cannot be decompressed. Nothing beyond the limit is ever inflated.
    """
    body = reply.body
    if body is None:
        raise _too_large(endpoint)
    encoding = reply.headers.get(b"content-encoding")
    if encoding is None or (encoding := encoding.strip().lower()) in _PLAIN:
        return body
    if encoding != _PACKED:
        raise _unreadable(endpoint, "unknown content encoding")
    if not body:
        return body
    inflater = zlib.decompressobj(_GZIP)
    try:
        # One byte more than is allowed, to see that there is more.
        plain = inflater.decompress(body, most_bytes + 1)
    except zlib.error:
        raise _unreadable(endpoint, "cannot be decompressed") from None
    if len(plain) > most_bytes:
        raise _too_large(endpoint)
    if not inflater.eof:
        raise _unreadable(endpoint, "cut short")
    return plain


def _too_large(endpoint: str) -> UpstreamBadPayloadError:
    log.warning("upstream_answer_too_large", endpoint=endpoint)
    return UpstreamBadPayloadError(endpoint)


def _unreadable(endpoint: str, reason: str) -> UpstreamBadPayloadError:
    log.warning("upstream_bad_payload", endpoint=endpoint, reason=reason)
    return UpstreamBadPayloadError(endpoint)
