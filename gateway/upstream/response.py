"""Reading an answer: at most so many bytes of its body, however small it was on its way."""

from typing import NamedTuple

from gateway.errors import UpstreamBadPayloadError
from gateway.telemetry import log
from gateway.upstream.decoding.decode import Refusal, read_refusal
from gateway.upstream.decoding.gunzip import (
    GunzipError,
    GunzipTooLargeError,
    UnknownCodingError,
    gunzip,
    is_gzip,
)
from gateway.upstream.http_statuses import SUCCESSES
from gateway.upstream.http_transport import TransportResponse
from gateway.upstream.resilience.retries import retry_after_s


class UpstreamResponse(NamedTuple):
    """What one call brought back; `status` None: the platform could not be reached.

    `refusal` is the error body of an answer whose status says that it is none.
    """

    status: int | None
    body: bytes = b""
    retry_after_s: float | None = None
    refusal: Refusal | None = None


def read_response(endpoint: str, reply: TransportResponse, most_bytes: int) -> UpstreamResponse:
    """Read an answer; raises what `decompress_body` raises.

    Where the status says that there is none it says what has happened, and a body that cannot be
    read, which somebody on the way may have written, is as good as none.
    """
    status, headers, body = reply
    if status in SUCCESSES:
        if body is None or b"content-encoding" in headers:
            body = decompress_body(endpoint, reply, most_bytes)
        return UpstreamResponse(status, body)
    try:
        body = decompress_body(endpoint, reply, most_bytes)
    except UpstreamBadPayloadError:
        body = b""
    return UpstreamResponse(status, body, retry_after_s(headers), read_refusal(body))


def decompress_body(endpoint: str, reply: TransportResponse, most_bytes: int) -> bytes:
    """Return a body of at most `most_bytes`, counted before and after decompression.

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
    log.warning("upstream_response_too_large", endpoint=endpoint)
    return UpstreamBadPayloadError(endpoint)


def _unreadable(endpoint: str, reason: str) -> UpstreamBadPayloadError:
    log.warning("upstream_bad_payload", endpoint=endpoint, reason=reason)
    return UpstreamBadPayloadError(endpoint)
