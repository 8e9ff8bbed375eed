"""Faults on the wire: another status, no response, half a one, a slow one, one far too large.

ASGI cannot break a connection, so some of these reach for the server's transport, which uvicorn
keeps beside `receive`. Under any other server they raise ConnectionResetError instead.
"""

import asyncio
import socket
import struct
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import format_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.sandbox.calls import UNIFIED
from gateway.sandbox.faults.mode import Call, with_body
from gateway.sandbox.responses import (
    Refusal,
    errors_body,
    json_response,
    unified_errors_body,
)

MAX_PADDING = 2**30  # bytes
_DATE_IN = "date+"  # `retry_after=date+30`: the HTTP date of 30 seconds from now
_PIECE = b" " * 65_536  # whitespace is allowed before JSON: the body stays valid
_GZIP = 31  # zlib's window bits for a gzip header
_LINGER_ZERO = struct.pack("ii", 1, 0)  # closing then sends RST instead of FIN
_PIECES_PER_S = 50
_UNIFIED_CODES = {403: 300_005, 500: 300_006}  # by HTTP status: access denied, operation failed


class _Disconnect(Response):
    """Closes the connection without sending a byte."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _transport(receive).close()
        await _wait_for_disconnect(receive)


class _Reset(Response):
    """Resets the connection without sending a byte."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = _transport(receive)
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        transport.abort()
        await _wait_for_disconnect(receive)


class _Hang(Response):
    """Sends nothing until the client disconnects or the server stops."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _wait_for_disconnect(receive)


class _Truncated(Response):
    """Sends the head and a part of the body, then closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        await send({"type": "http.response.body", "body": bytes(self.body), "more_body": True})
        _transport(receive).close()
        await _wait_for_disconnect(receive)


def _transport(receive: Receive) -> asyncio.Transport:
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("the sandbox can break connections under uvicorn only")
    found: asyncio.Transport = transport
    return found


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def disconnect(_call: Call) -> Response:
    """Close the connection without a byte, as a server does that is being stopped."""
    return _Disconnect()


async def reset(_call: Call) -> Response:
    """Reset the connection without a byte, as a server does that has crashed."""
    return _Reset()


async def hang(_call: Call) -> Response:
    """Never response."""
    return _Hang()


async def lost_answer(call: Call) -> Response:
    """Respond as if there were no fault, so that a write takes effect, and lose the response."""
    await call.original_response()
    match call.options["lost_answer"]:
        case "reset":
            return _Reset()
        case "hang":
            return _Hang()
        case "gateway":
            return Response(_HTML.format(status=504), 504, media_type="text/html")
        case _:
            return _Disconnect()


async def truncate(call: Call) -> Response:
    """Close the connection within the body, at a fraction of it but never at its end."""
    response = await call.original_response()
    body = bytes(response.body)
    cut = min(int(len(body) * call.options["at"]), len(body) - 1)
    broken = _Truncated(body[:cut], response.status_code, media_type="application/json")
    if call.options["framing"] == "chunked":
        del broken.headers["content-length"]  # without it uvicorn sends chunks
    else:
        broken.headers["content-length"] = str(len(body))
    return broken


async def slow(call: Call) -> Response:
    """Delay the response by some milliseconds."""
    await asyncio.sleep(call.options["slow"] / 1000)
    return await call.original_response()


async def drip(call: Call) -> Response:
    """Send the head at once, and the body a few bytes at a time."""
    response = await call.original_response()
    body, bytes_per_s = bytes(response.body), call.options["bytes_per_s"]
    size = max(1, bytes_per_s // _PIECES_PER_S)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]
            await asyncio.sleep(size / bytes_per_s)

    return StreamingResponse(pieces(), response.status_code, dict(response.headers))


async def huge(call: Call) -> Response:
    """Respond with a body that begins with so many bytes of whitespace."""
    response = await call.original_response()
    body, padding = bytes(response.body), call.options["huge"]

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, padding, len(_PIECE)):
            yield _PIECE[: padding - start]
        yield body

    headers = {"content-length": str(padding + len(body))}
    return StreamingResponse(
        pieces(), response.status_code, headers, response.headers.get("content-type")
    )


async def gzip_bomb(call: Call) -> Response:
    """Respond with a small gzip body that inflates to so many bytes more, even unrequested."""
    response = await call.original_response()
    # In a thread: a gigabyte takes seconds, and other calls must not wait.
    padding = await asyncio.to_thread(_compressed_blanks, call.options["gzip_bomb"])
    start, compressor = padding[0], padding[1].copy()
    bomb = with_body(
        response, start + compressor.compress(bytes(response.body)) + compressor.flush()
    )
    bomb.headers["content-encoding"] = "gzip"
    return bomb


@lru_cache(maxsize=4)
def _compressed_blanks(size: int) -> tuple[bytes, Any]:
    """Return so many compressed blanks, and the compressor to continue the stream with."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
    start = bytearray()
    for done in range(0, size, len(_PIECE)):
        start += compressor.compress(_PIECE[: size - done])
    return bytes(start), compressor


_HTML = (
    "<!DOCTYPE html>\n<html><head><title>{status}</title></head>"
    "<body><h1>{status}</h1><hr>a proxy in between</body></html>\n"
)


async def status(call: Call) -> Response:
    """Respond with a status instead of the endpoint."""
    code = call.options["status"]
    response = _status_response(call, code)
    if call.options["retry_after"] is not None:
        response.headers["retry-after"] = _retry_after(call)
    if call.options["location"] is not None:
        response.headers["location"] = _location(call)
    return response


def _status_response(call: Call, code: int) -> Response:
    match call.options["body"]:
        case "html":
            return Response(_HTML.format(status=code), code, media_type="text/html")
        case "documented":
            is_unified = call.endpoint in UNIFIED
            error_code = call.options["code"]
            if error_code is None:
                error_code = _UNIFIED_CODES.get(code, code) if is_unified else code
            body = unified_errors_body if is_unified else errors_body
            return json_response(body(Refusal(error_code, "A fault of the sandbox")), code)
        case _:
            return Response(status_code=code)


def _retry_after(call: Call) -> str:
    value: str = call.options["retry_after"]
    seconds = value.removeprefix(_DATE_IN)
    if seconds == value or not seconds.isdigit():
        return value
    # By the clock of the sandbox, not of the machine.
    return format_datetime(call.clock() + timedelta(seconds=int(seconds)), usegmt=True)


def _location(call: Call) -> str:
    """Return the URL; one without a path gets that of the call, so that a redirect finds it."""
    location: str = call.options["location"]
    if urlsplit(location).path:
        return location
    url = call.request.url
    return f"{location}{url.path}" + (f"?{url.query}" if url.query else "")
