"""Reading a response of the platform: its body is bounded, also when decompressed."""

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
    """The result of one call; `status` None: the platform could not be reached.

    `refusal` is the error body of a response that is no success. Without `was_sent` there was no
    connection, so that the platform knows nothing of the call.
    """

    status: int | None
    body: bytes = b""
    retry_after_s: float | None = None
    refusal: Refusal | None = None
    was_sent: bool = True


def read_response(endpoint: str, response: TransportResponse, max_bytes: int) -> UpstreamResponse:
    """Read a response; raise what `decompress_body` raises for a successful one.

    Without success the status says what happened: a body that cannot be read, which a proxy may
    have written, is ignored.
    """
    status, headers, body = response
    if status in SUCCESSES:
        if body is None or b"content-encoding" in headers:
            body = decompress_body(endpoint, response, max_bytes)
        return UpstreamResponse(status, body)
    try:
        body = decompress_body(endpoint, response, max_bytes)
    except UpstreamBadPayloadError:
        body = b""
    return UpstreamResponse(status, body, retry_after_s(headers), read_refusal(body))


def decompress_body(endpoint: str, response: TransportResponse, max_bytes: int) -> bytes:
    """Return a body of at most `max_bytes`, before and after decompression.

    Raise UpstreamBadPayloadError where it is larger, has a content encoding that was not asked
    for, or cannot be decompressed. Nothing beyond the limit is ever inflated.
    """
    body = response.body
    if body is None:
        raise _too_large(endpoint)
    codings = response.headers.get(b"content-encoding")
    if codings is None:
        return body
    try:
        return gunzip(body, max_bytes) if is_gzip(codings) and body else body
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
