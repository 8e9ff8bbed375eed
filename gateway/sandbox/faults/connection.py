"""Faults of the connection: no answer, half an answer, a slow one.

ASGI has no word for a connection that breaks off, so these reach for the server's transport, which
uvicorn keeps beside `receive`. Under any other server they raise ConnectionResetError instead.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.sandbox.faults.call import Call

_LINGER_FOR_NOTHING = struct.pack("ii", 1, 0)  # closing then sends RST instead of FIN
_PIECES_PER_S = 50


class _Disconnect(Response):
    """Ends the connection without a byte."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _transport(receive).close()
        await _gone(receive)


class _Reset(Response):
    """Resets the connection without a byte."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = _transport(receive)
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_FOR_NOTHING)
        transport.abort()
        await _gone(receive)


class _Hang(Response):
    """Says nothing until the client has gone, or the server ends."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _gone(receive)


class _Truncated(Response):
    """Sends the head and a part of the body, then ends the connection."""

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
        await _gone(receive)


def _transport(receive: Receive) -> asyncio.Transport:
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("the sandbox can break connections under uvicorn only")
    found: asyncio.Transport = transport
    return found


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def disconnect(_call: Call) -> Response:
    """End the connection without a byte, as a server does that is being stopped."""
    return _Disconnect()


async def reset(_call: Call) -> Response:
    """Reset the connection without a byte, as a server does that has crashed."""
    return _Reset()


async def hang(_call: Call) -> Response:
    """Never answer."""
    return _Hang()


async def truncate(call: Call) -> Response:
    """Break off within the body, at a fraction of it and never at its end."""
    answer = await call.answer()
    body = bytes(answer.body)
    cut = min(int(len(body) * call.options["at"]), len(body) - 1)
    broken = _Truncated(body[:cut], answer.status_code, media_type="application/json")
    if call.options["framing"] == "chunked":
        del broken.headers["content-length"]  # without it uvicorn sends chunks
    else:
        broken.headers["content-length"] = str(len(body))
    return broken


async def slow(call: Call) -> Response:
    """Wait some milliseconds before the answer."""
    await asyncio.sleep(call.options["slow"] / 1000)
    return await call.answer()


async def drip(call: Call) -> Response:
    """Send the head at once, and the body a few bytes at a time."""
    answer = await call.answer()
    body, bytes_per_s = bytes(answer.body), call.options["bytes_per_s"]
    size = max(1, bytes_per_s // _PIECES_PER_S)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), size):
            yield body[start : start + size]
            await asyncio.sleep(size / bytes_per_s)

    return StreamingResponse(pieces(), answer.status_code, dict(answer.headers))
