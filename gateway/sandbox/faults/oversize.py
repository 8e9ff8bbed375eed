"""Answers that are far too large: the genuine one behind so many blanks, plain or compressed."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Any

from starlette.responses import Response, StreamingResponse

from gateway.sandbox.faults.call import Call, with_body

LARGEST = 2**30
_PIECE = b" " * 65_536  # blanks are allowed before JSON, so that a patient reader gets the truth
_GZIP = 31  # zlib's way to say: with a gzip header


async def huge(call: Call) -> Response:
    """Answer with a body of so many bytes more."""
    answer = await call.answer()
    body, padding = bytes(answer.body), call.options["huge"]

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, padding, len(_PIECE)):
            yield _PIECE[: padding - start]
        yield body

    headers = {"content-length": str(padding + len(body))}
    return StreamingResponse(
        pieces(), answer.status_code, headers, answer.headers.get("content-type")
    )


async def gzip_bomb(call: Call) -> Response:
    """Answer with a small body that inflates to so many bytes more, whatever the client accepts."""
    answer = await call.answer()
    # In a thread: a gigabyte takes seconds, and other calls are to go on.
    padding = await asyncio.to_thread(_compressed_blanks, call.options["gzip_bomb"])
    start, compressor = padding[0], padding[1].copy()
    bomb = with_body(answer, start + compressor.compress(bytes(answer.body)) + compressor.flush())
    bomb.headers["content-encoding"] = "gzip"
    return bomb


@lru_cache(maxsize=4)
def _compressed_blanks(size: int) -> tuple[bytes, Any]:
    """Compress so many blanks once, for many bombs; gives the bytes and where the stream stands."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
    start = bytearray()
    for done in range(0, size, len(_PIECE)):
        start += compressor.compress(_PIECE[: size - done])
    return bytes(start), compressor
