"""One connection, which carries one exchange at a time."""

import asyncio
import select
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import httpx

from gateway.upstream.http1.response_reader import ResponseReader
from gateway.upstream.http_transport import TransportResponse

if TYPE_CHECKING:
    from gateway.upstream.http1.tls import TlsLayer

_MAX_BUFFERED_BYTES = 16 * 1024  # an empty socket buffer takes these in one write


class Connection(asyncio.Protocol):
    """Sends requests and reads their responses; `on_close(self, None)` is called once at its end.

    Any error closes the connection at once, so that no call reads the rest of another's response.
    `tls` is the layer between it and the socket, if there is one.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_close: Callable[["Connection", None], Any]
    ) -> None:
        self._loop, self._on_close = loop, on_close
        self._reader = ResponseReader()
        self._transport: asyncio.Transport | None = None
        self._response_read: asyncio.Future[None] | None = None  # of the exchange in progress
        self.tls: TlsLayer | None = None
        self._poll: Callable[[int], list[tuple[int, int]]] = lambda _: []
        self._writable_only: list[tuple[int, int]] = []  # what the poll returns while idle
        self.closed = loop.create_future()
        self.is_open = False

    async def exchange(self, request: bytes, max_bytes: int) -> TransportResponse:
        """Send one request, and return its response.

        Raise httpx.TransportError where there is no complete response. A cancellation, a response
        that is too large, or one that is complete before the request is sent, closes the
        connection.
        """
        if self._transport is None or not self.is_open:
            raise httpx.ReadError("the connection is closed")
        reader = self._reader
        reader.expect(max_bytes)
        self._response_read = response_read = self._loop.create_future()
        try:
            self._transport.write(request)
            await response_read
        except BaseException:
            self.abort()
            raise
        if not reader.is_reusable or (
            len(request) > _MAX_BUFFERED_BYTES and self._transport.get_write_buffer_size() > 0
        ):
            self.abort()
        return reader.take()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has arrived since the last response, and all requests are sent.

        The socket itself is polled: a busy event loop may not have read what has arrived (RFC 9112
        §9.2). With TLS, unread bytes cannot be told from a response and count as one; of those that
        were read, a session ticket counts as nothing and half a record as a response.
        """
        return (
            self.is_open
            and self._poll(0) == self._writable_only
            and (self.tls is None or self.tls.is_between_records)
        )

    @property
    def status(self) -> int:
        """Return the status of the current or last response; 0 while it is unknown."""
        return self._reader.status

    @property
    def has_received(self) -> bool:
        """Whether any byte has arrived since the request was sent."""
        return self._reader.received > 0

    def abort(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()
        self._close()

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open the connection."""
        self._transport = cast("asyncio.Transport", transport)
        socket = transport.get_extra_info("socket").fileno()
        poll = select.poll()
        poll.register(socket, select.POLLIN | select.POLLPRI | select.POLLOUT)
        self._poll = poll.poll
        self._writable_only = [(socket, select.POLLOUT)]
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        """Read a part of the response; close the connection if there was no request."""
        response_read = self._response_read
        if response_read is None:
            self.abort()
            return
        try:
            is_complete = self._reader.feed(data)
        except httpx.TransportError as error:
            self._end_exchange(error)
            self.abort()
            return
        if is_complete:
            self._response_read = None
            if not response_read.done():
                response_read.set_result(None)

    def eof_received(self) -> None:
        """Close the connection; the end of the stream may be the end of the response."""
        try:
            self._reader.end()
        except httpx.TransportError as error:
            self._end_exchange(error)
        else:
            self._end_exchange(None)
        self._close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the exchange in progress."""
        self._end_exchange(httpx.ReadError("the connection was closed"))
        self._close()
        self._transport = self.tls = None
        if not self.closed.done():
            self.closed.set_result(None)

    def _end_exchange(self, error: httpx.TransportError | None) -> None:
        response_read, self._response_read = self._response_read, None
        if response_read is None or response_read.done():
            return
        if error is None:
            response_read.set_result(None)
        else:
            response_read.set_exception(error)

    def _close(self) -> None:
        if self.is_open:
            self.is_open = False
            self._reader.close()
            self._on_close(self, None)
