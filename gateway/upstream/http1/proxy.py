"""An HTTP proxy between the client and its origin: a tunnel for https, requests for http."""

import asyncio
import base64
import re
import socket
from typing import Any

import httpx

from gateway.upstream.http1.dial import dial

_MAX_HEAD_BYTES = 16 * 1024
_END = b"\r\n\r\n"
_status_of = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r\n").match


class HttpProxy:
    """A proxy at `http://[user:password@]host[:port]`; the connection to it is not encrypted."""

    def __init__(self, url: str) -> None:
        parts = httpx.URL(url)
        self.address: tuple[str, int] = parts.raw_host.decode(), parts.port or 80
        self.authorization = ""
        """The line of the header that authenticates to the proxy; "" for none."""
        if parts.userinfo:
            pair = f"{parts.username}:{parts.password}".encode()
            encoded = base64.b64encode(pair).decode()
            self.authorization = f"Proxy-Authorization: Basic {encoded}\r\n"

    async def tunnel(self, host: str, port: int) -> socket.socket:
        """Return a connection to the host through the proxy (RFC 9110 §9.3.6).

        Raise httpx.ProxyError where the proxy refuses, and OSError where it cannot be reached.
        """
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        head = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{self.authorization}\r\n"
        connected = await dial(*self.address)
        try:
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(connected, head.encode("latin-1"))
            await _expect_success(loop, connected)
        except BaseException:
            connected.close()
            raise
        return connected


async def _expect_success(loop: asyncio.AbstractEventLoop, connected: socket.socket) -> Any:
    """Read the response to CONNECT, and nothing beyond it: the server speaks after the client."""
    received = b""
    while _END not in received:
        piece = await loop.sock_recv(connected, _MAX_HEAD_BYTES)
        received += piece
        if not piece or len(received) > _MAX_HEAD_BYTES:
            raise httpx.ProxyError("the proxy has sent no complete response")
    status = _status_of(received)
    if status is None or not status[1].startswith(b"2"):
        raise httpx.ProxyError("the proxy has refused the tunnel")
    if not received.endswith(_END) or received.count(_END) > 1:
        raise httpx.ProxyError("the proxy has sent data before any request")
