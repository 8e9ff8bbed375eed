"""Answers that a client does not take: they are kept for a while, and then thrown away with it."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class ForgetfulProtocol(HttpToolsProtocol):
    """Ends connections on which answers lie unread.

    uvicorn waits for ever: where the next request stands behind an answer that nobody reads, and
    where a connection that is to end has something left. A test has a subclass with a shorter time.
    """

    answer_read_within_s = 60.0  # from when it is too much for the buffers, or is the last

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._unread: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nobody any more."""
        self._forget()
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
