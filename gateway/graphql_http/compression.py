"""Compress responses by the request's `Accept-Encoding` (RFC 9110 §12.5.3), with zstd or gzip.

Both at level 1: `benchmarks/compression.py` shows what each costs and saves
(`docs/decisions/061-responses-are-compressed.md`).
"""

import asyncio
import zlib
from collections.abc import Iterable
from functools import lru_cache

from gateway.edge.http_request import HttpHeaders
from gateway.graphql_http.content_negotiation import parse_quality
from gateway.graphql_http.response import HttpResponse

ZSTD, GZIP = b"zstd", b"gzip"
CODINGS = (ZSTD, GZIP)
"""The supported codings, the one that browsers get first."""
_MAX_LENGTH = 512  # bytes, of the whole header; a browser's has 30
_LARGE_BYTES = 256 * 1024  # takes a millisecond: in a thread, while other requests run
_LEVEL = 1
_GZIP_WINDOW = 31  # zlib's number for 32 KiB in gzip's format


async def compress_response(
    response: HttpResponse, headers: HttpHeaders, min_bytes: int
) -> HttpResponse:
    """Return the response in the best coding that the request accepts, or as it is.

    It stays as it is below `min_bytes`, and with `min_bytes` 0.
    """
    if not 0 < min_bytes <= response.length:
        return response
    accepted = b",".join(headers.all(b"accept-encoding"))
    coding = choose_coding(accepted, is_browser=headers.first(b"sec-fetch-mode") is not None)
    if coding is None:
        return response
    compress = _compress_zstd if coding == ZSTD else _compress_gzip
    if response.length < _LARGE_BYTES:
        body = compress(response.pieces)
    else:
        body = await asyncio.to_thread(compress, response.pieces)
    return HttpResponse(
        response.status,
        (*response.headers, (b"content-encoding", coding)),
        (body,),
        len(body),
    )


def choose_coding(accepted: bytes, *, is_browser: bool) -> bytes | None:
    """Return the coding for an `Accept-Encoding`, None for an uncompressed response.

    Of codings that are equally acceptable browsers get zstd, and all others gzip: GraphQL Code
    Generator accepts zstd with versions of Node that cannot decompress it.
    """
    if not accepted or len(accepted) > _MAX_LENGTH:
        return None
    return _choose(accepted, is_browser)


@lru_cache(128)
def _choose(accepted: bytes, is_browser: bool) -> bytes | None:  # noqa: FBT001 - part of the key
    qualities: dict[bytes, float] = {}
    for part in accepted.split(b","):
        name, _, parameters = part.partition(b";")
        quality = parse_quality(parameters.decode("latin-1"))
        qualities.setdefault(name.strip().lower(), quality)
    others = qualities.get(b"*", 0.0)
    codings = CODINGS if is_browser else reversed(CODINGS)
    best = max(codings, key=lambda coding: qualities.get(coding, others))  # the first one of equals
    quality = qualities.get(best, others)
    return best if quality > 0 and quality >= qualities.get(b"identity", 0.0) else None


def _compress_gzip(pieces: Iterable[bytes | memoryview]) -> bytes:
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    return b"".join([*map(compressor.compress, pieces), compressor.flush()])


def _compress_zstd(pieces: Iterable[bytes | memoryview]) -> bytes:
    import zstandard  # noqa: PLC0415 - takes 2.5 MB, and many clients never ask for it

    return zstandard.compress(b"".join(pieces), _LEVEL)
