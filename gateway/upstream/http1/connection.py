"""One connection: one exchange after the other, never two at a time."""

import asyncio
import select
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import httpx

from gateway.upstream.http1.response_reader import ResponseReader
from gateway.upstream.http_transport import TransportResponse

if TYPE_CHECKING:
    from gateway.upstream.http1.tls import TlsLayer

# What a socket whose buffer is empty takes in one piece.
_MAX_AT_ONCE = 16 * 1024


class Connection(asyncio.Protocol):
    """Sends requests and reads their answers; `on_close` is told once, when it can do so no more.

    Whatever goes wrong ends the connection at once: nobody gets the rest of another's answer.
    `layer` is what is between it and the socket, if anything is.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_close: Callable[["Connection"], None]
    ) -> None:
        self._loop, self._on_close = loop, on_close
        self._reader = ResponseReader()
        self._transport: asyncio.Transport | None = None
        self._turn: asyncio.Future[None] | None = None  # of the exchange that is under way
        self.layer: TlsLayer | None = None
        self._look: Callable[[int], list[tuple[int, int]]] = lambda _: []
        self._quiet: list[tuple[int, int]] = []  # what the poll finds where nothing is under way
        self.lost = loop.create_future()
        self.is_open = False

    async def exchange(self, request: bytes, most_bytes: int) -> TransportResponse:
        """Send one request, and read its answer.

        Raises httpx.TransportError where there is no whole one. A call that is cancelled, or whose
        answer is too large or comes before all of the request is sent, ends the connection.
        """
        if self._transport is None or not self.is_open:
            raise httpx.ReadError("the connection broke off")
        reader = self._reader
        reader.expect(most_bytes)
        self._turn = turn = self._loop.create_future()
        try:
            self._transport.write(request)
            await turn
        except BaseException:
            self.abort()
            raise
        if not reader.is_reusable or (len(request) > _MAX_AT_ONCE and self._has_unsent):
            self.abort()
        return reader.take()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has come that no request has asked for, and all requests have gone out.

        The socket itself is asked: where the loop has been busy it has not read yet what is there
        (RFC 9112 §9.2). What TLS has brought without being asked and has not been read is not told
        from an answer, and counts as one; read, a session ticket is nothing, half a record is.
        """
        layer = self.layer
        return (
            self.is_open
            and self._look(0) == self._quiet
            and (layer is None or layer.is_between_records)
        )

    @property
    def _has_unsent(self) -> bool:
        return self._transport is not None and self._transport.get_write_buffer_size() > 0

    @property
    def status(self) -> int:
        """The status of the answer that is read, or was last; 0 where none is known yet."""
        return self._reader.status

    @property
    def has_heard(self) -> bool:
        """Whether anything has come since the request was sent."""
        return self._reader.received > 0

    def abort(self) -> None:
        """End the connection now, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()
        self._close()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        socket = transport.get_extra_info("socket").fileno()
        poll = select.poll()
        poll.register(socket, select.POLLIN | select.POLLPRI | select.POLLOUT)
        self._look = poll.poll
        self._quiet = [(socket, select.POLLOUT)]
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        """Read on; who speaks without being asked is not listened to any more."""
        turn = self._turn
        if turn is None:
            self.abort()
            return
        try:
            is_complete = self._reader.feed(data)
        except httpx.TransportError as error:
            self._end(error)
            self.abort()
            return
        if is_complete:
            self._turn = None
            if not turn.done():
                turn.set_result(None)

    def eof_received(self) -> None:
        """Take the other side's end for the end of the connection."""
        try:
            self._reader.end()
        except httpx.TransportError as error:
            self._end(error)
        else:
            self._end(None)
        self._close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._end(httpx.ReadError("the connection broke off"))
        self._close()
        self._transport = self.layer = None
        if not self.lost.done():
            self.lost.set_result(None)

    def _end(self, error: httpx.TransportError | None) -> None:
        """End the exchange that is under way, if there is one."""
        turn, self._turn = self._turn, None
        if turn is None or turn.done():
            return
        if error is None:
            turn.set_result(None)
        else:
            turn.set_exception(error)

    def _close(self) -> None:
        if self.is_open:
            self.is_open = False
            self._reader.close()
            self._on_close(self)
