"""One connection: one exchange after the other, never two at a time."""

import asyncio
from collections.abc import Callable
from typing import cast

import httpx

from gateway.upstream.exchange import Reply
from gateway.upstream.http1.answer import AnswerReader


class Connection(asyncio.Protocol):
    """Sends requests and reads their answers; `on_close` is told once, when it can do so no more.

    Whatever goes wrong ends the connection at once: nobody gets the rest of another's answer.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_close: Callable[["Connection"], None]
    ) -> None:
        self._loop, self._on_close = loop, on_close
        self._reader = AnswerReader()
        self._transport: asyncio.Transport | None = None
        self._turn: asyncio.Future[None] | None = None  # of the exchange that is under way
        self.lost = loop.create_future()
        self.is_open = False

    async def exchange(self, request: bytes, most_bytes: int) -> Reply:
        """Send one request, and read its answer.

        Raises httpx.TransportError where there is no whole one. A call that is cancelled, or whose
        answer is too large, ends the connection.
        """
        assert self._transport is not None  # noqa: S101 - `connection_made` comes first
        reader = self._reader
        reader.expect(most_bytes)
        self._turn = turn = self._loop.create_future()
        try:
            self._transport.write(request)
            await turn
        except BaseException:
            self.abort()
            raise
        if not reader.is_reusable:
            self.abort()
        return reader.take()

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
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        """Read on; who speaks without being asked is not listened to any more."""
        turn = self._turn
        if turn is None:
            self.abort()
            return
        try:
            self._reader.feed(data)
        except httpx.TransportError as error:
            self._end(error)
            self.abort()
            return
        if self._reader.is_complete:
            self._end(None)

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
        self._transport = None
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
