"""The HTTP/1.1 client of one origin: requests, retries on idle connections, and their pool."""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import starmap
from typing import TYPE_CHECKING

import httpx

from gateway.upstream.http1.connection import Connection
from gateway.upstream.http1.dial import dial
from gateway.upstream.http1.proxy import HttpProxy
from gateway.upstream.http_transport import (
    FIXED_HEADERS,
    NO_HEADERS,
    TransportResponse,
    check_headers,
    check_target,
)

if TYPE_CHECKING:
    from gateway.upstream.http1.tls import TlsLayer

    _CreateTls = Callable[[asyncio.AbstractEventLoop, Connection], TlsLayer]

# Servers close an idle connection after 5 s (uvicorn), 20 s (Tomcat), 60 s (most proxies) or more.
# That is noticed and costs a retry; the shorter the time here, the less often it happens.
MAX_IDLE_S = 15.0
_REQUEST_TIMEOUT = 408
_line = "{}: {}\r\n".format


class Http1Client:
    """Sends requests to the origin of `base_url`, and to no other.

    There is no cookie, no redirect is followed, and no proxy of the environment is used. `base_url`
    is an http or https URL whose path precedes each target; `tls` is for https, with the system's
    authorities by default; `proxy` is the URL of an `HttpProxy`, "" for none.
    At most `max_connections` are open, and a call beyond them is not queued but raises
    httpx.PoolTimeout, because callers are admitted before. `clock` is monotonic, in seconds.
    """

    def __init__(  # noqa: PLR0913 - independent options
        self,
        base_url: str,
        *,
        max_connections: int,
        tls: ssl.SSLContext | None = None,
        proxy: str = "",
        max_idle_s: float = MAX_IDLE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url = httpx.URL(base_url)
        self._is_https = url.scheme == "https"
        self._address = url.raw_host.decode(), url.port or (443 if self._is_https else 80)
        self._create_tls: _CreateTls | None = None
        self.configure(tls, proxy)
        self._max_connections, self._max_idle_s, self._clock = max_connections, max_idle_s, clock
        self._busy = 0
        self._idle: dict[Connection, float] = {}  # since when, the longest idle first
        self._open: set[Connection] = set()
        self._sweep_timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    def configure(self, tls: ssl.SSLContext | None, proxy: str = "") -> None:
        """Use another TLS context and another proxy for new connections."""
        if self._is_https:
            from gateway.upstream.http1.tls import TlsLayer  # noqa: PLC0415 - decision 22

            context = tls or ssl.create_default_context()
            self._create_tls = partial(TlsLayer, context=context, hostname=self._address[0])
        self._dial, self._path = partial(dial, *self._address), self._url.raw_path.decode()
        lines = list(starmap(_line, [("Host", self._url.netloc.decode()), *FIXED_HEADERS.items()]))
        if proxy and self._is_https:
            self._dial = partial(HttpProxy(proxy).tunnel, *self._address)
        elif proxy:  # the proxy itself sends the request on (RFC 9112 §3.2.2)
            through = HttpProxy(proxy)
            self._dial = partial(dial, *through.address)
            self._path = f"http://{self._url.netloc.decode()}{self._path}"
            lines.append(through.authorization)
        self._path = self._path.rstrip("/")
        self._fixed_lines = "".join(lines)
        # The headers of the last call, and their lines: checked and encoded once for all calls with
        # the same objects.
        self._headers = self._trace = NO_HEADERS
        self._lines_without_trace = self._lines = self._fixed_lines

    @property
    def idle(self) -> int:
        """Return the number of idle connections."""
        return len(self._idle)

    async def send(  # noqa: PLR0913 - the parts of an HTTP request
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        *,
        max_bytes: int,
        body: bytes = b"",
        trace: Mapping[str, str] = NO_HEADERS,
    ) -> TransportResponse:
        """Send a request and return its response, as `HttpTransport.send` specifies.

        A GET on an idle connection that the server closes before any byte of a response, or on
        which it responds 408, is sent once more on a new one: the server had timed the connection
        out and has not processed the request (RFC 9112 §9.3.1, RFC 9110 §15.5.9).
        """
        check_target(target)
        if headers is not self._headers or trace is not self._trace:
            self._encode_headers(headers, trace)
        length = f"Content-Length: {len(body)}\r\n" if body or method != "GET" else ""
        head = f"{method} {self._path}{target} HTTP/1.1\r\n{self._lines}{length}\r\n"
        request = head.encode("latin-1") + body
        if self._is_closed or self._busy >= self._max_connections:
            raise httpx.PoolTimeout("no connection is available")
        connection = self._take_idle() if method == "GET" else None
        self._busy += 1
        try:
            if connection is not None:
                try:
                    response = await connection.exchange(request, max_bytes)
                    if response.status != _REQUEST_TIMEOUT or self._is_closed:
                        return response
                except httpx.TransportError:
                    has_response = connection.has_received and connection.status != _REQUEST_TIMEOUT
                    if has_response or self._is_closed:
                        raise
            connection = await self._connect()
            return await connection.exchange(request, max_bytes)
        finally:
            self._busy -= 1
            if connection is not None and connection.is_open:
                self._idle[connection] = self._clock()
                if self._sweep_timer is None:
                    self._sweep_in(self._max_idle_s)

    async def connect(self) -> None:
        """Open a connection and close it: httpx.TransportError tells why there is none."""
        (await self._connect()).abort()

    async def aclose(self) -> None:
        """Abort all connections, those in use included, and wait until they are closed."""
        self._is_closed = True
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
        connections = list(self._open)
        for connection in connections:
            connection.abort()
        for connection in connections:
            await connection.closed

    def _encode_headers(self, headers: Mapping[str, str], trace: Mapping[str, str]) -> None:
        """Encode the headers of this call; raise ValueError for what HTTP does not allow."""
        if headers is not self._headers:
            check_headers(headers)
            self._headers, self._trace = headers, NO_HEADERS
            self._lines_without_trace = self._fixed_lines + "".join(starmap(_line, headers.items()))
        check_headers(trace)
        self._trace = trace
        self._lines = self._lines_without_trace + "".join(starmap(_line, trace.items()))

    def _take_idle(self) -> Connection | None:
        """Return the connection used last, because the others are closer to their time limit.

        One that has received anything unrequested is aborted: that is no response to the next call.
        """
        while self._idle:
            connection, since = self._idle.popitem()
            if self._clock() - since >= self._max_idle_s:
                self._idle[connection] = since
                self._sweep()
                return None
            if connection.is_quiet:
                return connection
            connection.abort()
        return None

    async def _connect(self) -> Connection:
        # Idle connections count towards the maximum: the longest idle ones give way.
        while self._idle and self._busy + len(self._idle) > self._max_connections:
            next(iter(self._idle)).abort()
        loop = asyncio.get_running_loop()
        connection = Connection(loop, on_close=self._idle.pop)
        try:
            socket = await self._dial()
            tls = None
            if self._create_tls is not None:
                tls = connection.tls = self._create_tls(loop, connection)
            protocol = tls or connection
            try:
                await loop.create_connection(lambda: protocol, sock=socket)
            except BaseException:
                protocol.abort()
                socket.close()
                raise
            if tls is not None:
                try:
                    await tls.ready  # session tickets may be unread after it
                except BaseException:
                    tls.abort()
                    raise
            elif not connection.is_quiet:
                connection.abort()
                raise httpx.ConnectError("the server has sent data before any request")
        except OSError as error:  # also ssl.SSLError and the resolver's errors
            raise httpx.ConnectError("the server cannot be connected to") from error
        if self._is_closed:
            connection.abort()
            raise httpx.ConnectError("the client is closed")
        self._open.add(connection)
        connection.closed.add_done_callback(lambda _: self._open.discard(connection))
        return connection

    def _sweep_in(self, seconds: float) -> None:
        self._sweep_timer = asyncio.get_running_loop().call_later(seconds, self._sweep)

    def _sweep(self) -> None:
        """Abort the connections that have been idle too long, and schedule the next sweep."""
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
            self._sweep_timer = None
        now = self._clock()
        for connection, since in list(self._idle.items()):
            remaining_s = since + self._max_idle_s - now
            if remaining_s > 0:
                self._sweep_in(remaining_s)
                return
            connection.abort()
