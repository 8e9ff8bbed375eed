"""Reading an answer: at most so many bytes of its body, however small it was on its way."""

from typing import NamedTuple

from gateway.errors import UpstreamBadPayloadError
from gateway.telemetry import log
from gateway.upstream.exchange import Reply
from gateway.upstream.retries import retry_after_s
from gateway.upstream.statuses import ANSWERS
from gateway.wire.decode import Refusal, read_refusal
from gateway.wire.gunzip import (
    GunzipError,
    GunzipTooLargeError,
    UnknownCodingError,
    gunzip,
    is_gzip,
)


class Answer(NamedTuple):
    """What one call brought back; `status` None: the platform could not be reached.

    `refusal` is the error body of an answer whose status says that it is none.
    """

    status: int | None
    body: bytes = b""
    retry_after_s: float | None = None
    refusal: Refusal | None = None


def read_answer(endpoint: str, reply: Reply, most_bytes: int) -> Answer:
    """Read an answer; raises what `unpack` raises.

    Where the status says that there is none it says what has happened, and a body that cannot be
    read, which somebody on the way may have written, is as good as none.
    """
    if reply.status in ANSWERS:
        return Answer(reply.status, unpack(endpoint, reply, most_bytes))
    try:
        body = unpack(endpoint, reply, most_bytes)
    except UpstreamBadPayloadError:
        body = b""
    return Answer(reply.status, body, retry_after_s(reply.headers), read_refusal(body))


def unpack(endpoint: str, reply: Reply, most_bytes: int) -> bytes:
    """Give a body of at most `most_bytes`, counted before and after decompression.

    Raises UpstreamBadPayloadError where it is larger, or compressed in a way that was not asked
    for, or cannot be decompressed. Nothing beyond the limit is ever inflated.
    """
    body = reply.body
    if body is None:
        raise _too_large(endpoint)
    codings = reply.headers.get(b"content-encoding")
    if codings is None:
        return body
    try:
        return gunzip(body, most_bytes) if is_gzip(codings) and body else body
    except UnknownCodingError:
        raise _unreadable(endpoint, "unknown content encoding") from None
    except GunzipTooLargeError:
        raise _too_large(endpoint) from None
    except GunzipError as error:
        raise _unreadable(endpoint, str(error)) from None


def _too_large(endpoint: str) -> UpstreamBadPayloadError:
    log.warning("upstream_answer_too_large", endpoint=endpoint)
    return UpstreamBadPayloadError(endpoint)


def _unreadable(endpoint: str, reason: str) -> UpstreamBadPayloadError:
    log.warning("upstream_bad_payload", endpoint=endpoint, reason=reason)
    return UpstreamBadPayloadError(endpoint)
