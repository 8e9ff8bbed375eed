"""Connections to one origin, kept and used again; what is sent, and what httpx sees of it."""

import asyncio
import ssl
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx

from gateway.upstream.http1.connection import Connection
from gateway.upstream.http1.dial import dial
from gateway.upstream.http_transport import (
    FIXED_HEADERS,
    NO_HEADERS,
    TransportResponse,
    check_headers,
    check_target,
)

if TYPE_CHECKING:
    from gateway.upstream.http1.tls import TlsLayer

    _Layering = Callable[[asyncio.AbstractEventLoop, Connection], TlsLayer]

# Servers keep an idle connection for 5 s (uvicorn), 20 s (Tomcat), 60 s (most proxies) or longer.
# The end of one is noticed; the shorter it is kept, the seldomer that happens just as it is used.
KEEP_IDLE_S = 15.0
MOST_HTTPX_BYTES = 10 * 1024 * 1024
_REQUEST_TIMEOUT = 408
_UNREADABLE_METHODS = frozenset({"HEAD", "CONNECT"})
_NOT_HTTPXS = frozenset({"host", "connection", "content-length", "transfer-encoding"})


class Http1Client(httpx.AsyncBaseTransport):
    """The platform's one origin over HTTP/1.1: no other host ever gets a byte.

    No proxy, no cookie, no redirect followed. `base_url` is an http or https URL whose path comes
    before each target; `tls` is for https, the system's authorities where it is None. At most
    `most_connections` are open. There is no queue, for admission is before it: one call more is
    httpx.PoolTimeout. `clock` gives seconds that never go back.
    """

    def __init__(
        self,
        base_url: str,
        *,
        most_connections: int,
        tls: ssl.SSLContext | None = None,
        keep_idle_s: float = KEEP_IDLE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        url = httpx.URL(base_url)
        is_https = url.scheme == "https"
        self._origin = url.raw_scheme, url.netloc
        self._address = url.raw_host.decode(), url.port or (443 if is_https else 80)
        self._layer: _Layering | None = None
        if is_https:
            from gateway.upstream.http1.tls import TlsLayer  # noqa: PLC0415 - decision 22

            context = tls or ssl.create_default_context()
            self._layer = partial(TlsLayer, context=context, hostname=self._address[0])
        self._path = url.raw_path.decode().rstrip("/")
        self._host = ("Host", url.netloc.decode())
        self._fixed_lines = _lines([self._host, *FIXED_HEADERS.items()])
        # Whose lines are these, each checked and written once as long as it is the same.
        self._headers = self._trace = NO_HEADERS
        self._own_lines = self._all_lines = self._fixed_lines
        self._most, self._keep_idle_s, self._clock = most_connections, keep_idle_s, clock
        self._busy = 0
        self._idle: dict[Connection, float] = {}  # since when; the latest last, and taken first
        self._known: set[Connection] = set()  # until they are gone
        self._sweeping: asyncio.TimerHandle | None = None
        self._is_closed = False

    @property
    def kept(self) -> int:
        """How many connections wait to be used again."""
        return len(self._idle)

    def send(  # noqa: PLR0913 - so many parts has an HTTP request
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        *,
        most_bytes: int,
        body: bytes = b"",
        trace: Mapping[str, str] = NO_HEADERS,
    ) -> Coroutine[Any, Any, TransportResponse]:
        """Send a request, and read its answer to the end, or up to `most_bytes` of body.

        A GET whose kept connection is closed before a byte of an answer, or answers 408, is sent
        once more, on a new one (RFC 9112 §9.3.1, RFC 9110 §15.5.9): the platform had gone before it
        came, and has not acted on it. All else is as `HttpPort` says.
        """
        check_target(target)
        if trace is not self._trace or headers is not self._headers:
            self._write_lines(headers, trace)
        # No coroutine about a coroutine: each that waits is gone through at every step.
        return self._send(method, self._path + target, self._all_lines, body, most_bytes)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Do the same for httpx; a body of more than 10 MiB is httpx.RemoteProtocolError.

        Raises httpx.UnsupportedProtocol for another origin, and for a method whose answers end
        where those of all others do not.
        """
        if (request.url.raw_scheme, request.url.netloc) != self._origin:
            raise httpx.UnsupportedProtocol("this is another origin")
        if request.method in _UNREADABLE_METHODS:
            raise httpx.UnsupportedProtocol("this method's answers are not read")
        headers = {key: value for key, value in request.headers.items() if key not in _NOT_HTTPXS}
        target = request.url.raw_path.decode()
        check_target(target)
        check_headers(headers)
        lines = _lines([self._host, *headers.items()])
        body = await request.aread()
        reply = await self._send(request.method, target, lines, body, MOST_HTTPX_BYTES)
        if reply.body is None:
            raise httpx.RemoteProtocolError("the body is too large")
        stream = httpx.ByteStream(reply.body)
        return httpx.Response(reply.status, headers=list(reply.headers.items()), stream=stream)

    async def aclose(self) -> None:
        """End all connections, those in use included, and wait until they are gone."""
        self._is_closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        known = list(self._known)
        for connection in known:
            connection.abort()
        for connection in known:
            await connection.lost

    def _write_lines(self, headers: Mapping[str, str], trace: Mapping[str, str]) -> None:
        """Write these headers for this call and those after it with the same.

        Raises ValueError for what could be read as more than these headers.
        """
        if headers is not self._headers:
            check_headers(headers)
            self._headers, self._trace = headers, NO_HEADERS
            self._own_lines = self._all_lines = self._fixed_lines + _lines(headers.items())
        if trace is not self._trace:
            check_headers(trace)
            self._trace, self._all_lines = trace, self._own_lines + _lines(trace.items())

    async def _send(
        self, method: str, target: str, lines: str, body: bytes, most_bytes: int
    ) -> TransportResponse:
        length = f"Content-Length: {len(body)}\r\n" if body or method != "GET" else ""
        head = f"{method} {target} HTTP/1.1\r\n{lines}{length}\r\n"
        request = head.encode("latin-1") + body
        if self._is_closed or self._busy >= self._most:
            raise httpx.PoolTimeout("there is no connection to be had")
        self._busy += 1
        try:
            kept = self._take() if method == "GET" else None
            if kept is not None:
                try:
                    reply = self._kept(kept, await kept.exchange(request, most_bytes))
                    if reply.status != _REQUEST_TIMEOUT or self._is_closed:
                        return reply
                except httpx.TransportError:
                    is_answered = kept.has_heard and kept.status != _REQUEST_TIMEOUT
                    if is_answered or self._is_closed:
                        raise
            new = await self._connect()
            return self._kept(new, await new.exchange(request, most_bytes))
        finally:
            self._busy -= 1

    def _kept(self, connection: Connection, reply: TransportResponse) -> TransportResponse:
        """Keep the connection that has brought this where it is fit for another exchange."""
        if connection.is_open:
            self._idle[connection] = self._clock()
            if self._sweeping is None:
                self._sweep_in(self._keep_idle_s)
        return reply

    async def _connect(self) -> Connection:
        # Those in use and those kept are no more than there may be: the longest unused gives way.
        while self._idle and self._busy + len(self._idle) > self._most:
            next(iter(self._idle)).abort()
        loop = asyncio.get_running_loop()
        connection = Connection(loop, self._forget)
        try:
            dialled = await dial(*self._address)
            tls = None
            if self._layer is not None:
                tls = connection.layer = self._layer(loop, connection)
            protocol = tls or connection
            try:
                await loop.create_connection(lambda: protocol, sock=dialled)
            except BaseException:
                protocol.abort()
                dialled.close()
                raise
            if tls is not None:
                await _ready(tls)  # and session tickets may lie there, unread
            elif not connection.is_quiet:
                connection.abort()
                raise httpx.ConnectError("the platform has spoken before it was asked")
        except OSError as error:  # ssl.SSLError and a resolver's are such, too
            raise httpx.ConnectError("the platform cannot be connected to") from error
        if self._is_closed:
            connection.abort()
            raise httpx.ConnectError("the gateway is about to end")
        self._known.add(connection)
        connection.lost.add_done_callback(lambda _: self._known.discard(connection))
        return connection

    def _take(self) -> Connection | None:
        """Take the connection that was used last: the others may run out of their time.

        One to which something has come unasked is ended: that is no answer to what comes next.
        """
        while self._idle:
            connection, since = self._idle.popitem()
            if self._clock() - since >= self._keep_idle_s:
                self._idle[connection] = since
                self._sweep()
                return None
            if connection.is_quiet:
                return connection
            connection.abort()
        return None

    def _forget(self, connection: Connection) -> None:
        self._idle.pop(connection, None)

    def _sweep_in(self, seconds: float) -> None:
        self._sweeping = asyncio.get_running_loop().call_later(seconds, self._sweep)

    def _sweep(self) -> None:
        """End the connections that have been idle too long."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        now = self._clock()
        for connection, since in list(self._idle.items()):
            left_s = since + self._keep_idle_s - now
            if left_s > 0:
                self._sweep_in(left_s)
                return
            connection.abort()


async def _ready(tls: "TlsLayer") -> None:
    """Wait until the platform has proven who it is."""
    try:
        await tls.ready
    except BaseException:
        tls.abort()
        raise


def _lines(headers: Iterable[tuple[str, str]]) -> str:
    return "".join([f"{name}: {value}\r\n" for name, value in headers])
