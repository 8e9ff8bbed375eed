"""Reading an answer: at most so many bytes of its body, however small it was on its way."""

import zlib
from datetime import UTC, datetime
from typing import NamedTuple

import httpx

from gateway.errors import UpstreamBadPayloadError
from gateway.telemetry import log
from gateway.upstream.retries import read_retry_after_s

ACCEPT_ENCODING = "gzip"
_PLAIN = {"", "identity"}
_GZIP = zlib.MAX_WBITS | 16


class Answer(NamedTuple):
    """What one call brought back; `status` None: the platform could not be reached."""

    status: int | None
    body: bytes = b""
    retry_after_s: float | None = None


async def read_answer(endpoint: str, response: httpx.Response, most_bytes: int) -> Answer:
    """Read an answer, whatever its status; raises what `read_body` raises."""
    body = await read_body(endpoint, response, most_bytes)
    retry_after = response.headers.get("Retry-After")
    return Answer(
        response.status_code,
        body,
        None if retry_after is None else read_retry_after_s(retry_after, datetime.now(UTC)),
    )


async def read_body(endpoint: str, response: httpx.Response, most_bytes: int) -> bytes:
    """Read a body of at most `most_bytes`, counted after decompression.

    Raises UpstreamBadPayloadError where it is larger, or compressed in a way that was not asked
    for, or cannot be decompressed. Nothing beyond the limit is ever inflated or read.
    """
    if response.is_stream_consumed:  # a stand-in for the transport gave it whole, and unpacked
        if len(response.content) > most_bytes:
            raise _too_large(endpoint)
        return response.content
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in _PLAIN and encoding != ACCEPT_ENCODING:
        raise _unreadable(endpoint, "unknown content encoding")
    if _announced(response) > most_bytes:
        raise _too_large(endpoint)
    inflater = zlib.decompressobj(_GZIP) if encoding == ACCEPT_ENCODING else None
    body = bytearray()
    async for chunk in response.aiter_raw():
        # One byte more than is allowed, to see that there is more.
        body += (
            _inflate(endpoint, inflater, chunk, most_bytes + 1 - len(body)) if inflater else chunk
        )
        if len(body) > most_bytes:
            raise _too_large(endpoint)
    if inflater is not None and body and not inflater.eof:
        raise _unreadable(endpoint, "cut short")
    return bytes(body)


def _inflate(endpoint: str, inflater: "zlib._Decompress", chunk: bytes, most_bytes: int) -> bytes:
    try:
        return inflater.decompress(chunk, most_bytes)
    except zlib.error:
        raise _unreadable(endpoint, "cannot be decompressed") from None


def _announced(response: httpx.Response) -> int:
    announced = response.headers.get("Content-Length", "")
    return int(announced) if announced.isascii() and announced.isdigit() else 0


def _too_large(endpoint: str) -> UpstreamBadPayloadError:
    log.warning("upstream_answer_too_large", endpoint=endpoint)
    return UpstreamBadPayloadError(endpoint)


def _unreadable(endpoint: str, reason: str) -> UpstreamBadPayloadError:
    log.warning("upstream_bad_payload", endpoint=endpoint, reason=reason)
    return UpstreamBadPayloadError(endpoint)
