"""Answers that a client does not take: they are kept for a while, and then thrown away with it.

One that a client has not taken yet must not be lost either: a connection that is closed while bytes
of the client lie unread is reset, and the answer with it (RFC 9112 section 9.6).
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class WriteTimeoutProtocol(HttpToolsProtocol):
    """Ends connections on which answers lie unread.

    uvicorn waits for ever: where the next request stands behind an answer that nobody reads, and
    where a connection that is to end has something left. A test has a subclass with a shorter time.
    """

    answer_read_within_s = 60.0  # from when it is too much for the buffers, or is the last
    ending_within_s = 2.0  # what a client still sends is read so long, and thrown away

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._unread: asyncio.TimerHandle | None = None
        self._ending: asyncio.TimerHandle | None = None

    @property
    def is_ending(self) -> bool:
        """Whether nothing more is to be read."""
        return self._ending is not None or self.transport.is_closing()

    def end(self, *, is_reading: bool) -> None:
        """Close the connection; with `is_reading` only once the client has, or after a while."""
        if self.is_ending:
            return
        if not is_reading or not self.transport.can_write_eof():
            self.transport.close()
            return
        self._ending = self.loop.call_later(self.ending_within_s, self.transport.close)
        self.flow.resume_reading()
        self.transport.write_eof()

    def end_answer(self) -> None:
        """End the connection after an answer."""
        self.end(is_reading=False)

    def on_response_complete(self) -> None:
        """Wait for a next request, or for none."""
        if self._ending is None:
            super().on_response_complete()
        else:
            self.server_state.total_requests += 1

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nobody any more."""
        self._forget()
        if self._ending is not None:
            self._ending.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to wait: nothing more is written before the client has read."""
        super().pause_writing()
        self._forget()
        self._unread = self.loop.call_later(self.answer_read_within_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Wait no longer: the client has read nearly all."""
        self._forget()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, what is unread on it included."""
        super().timeout_keep_alive_handler()
        if self.transport.get_write_buffer_size():
            self.loop.call_later(self.answer_read_within_s, self.transport.abort)

    def _forget(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


class EndingTransport:
    """A connection as uvicorn's answer knows it, which would close it at once."""

    def __init__(self, protocol: WriteTimeoutProtocol) -> None:
        self._protocol = protocol

    def __getattr__(self, name: str) -> Any:
        return getattr(self._protocol.transport, name)

    def close(self) -> None:
        """Close, once the request has been read."""
        self._protocol.end_answer()
