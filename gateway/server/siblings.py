"""Messages between sibling workers, by way of their parent: a socket pair for each worker."""

import asyncio
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

MISSED = b"!"
"""Sent instead of messages that a full socket did not take."""
# Both keep the boundaries of messages; the first one takes as many as fit in its buffer.
_KIND = socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_DGRAM
_MAX_BYTES = 64 * 1024
_RETRY_AFTER_S = 0.05


def channel_pair() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a socket for messages."""
    return socket.socketpair(socket.AF_UNIX, _KIND)


class Channel:
    """One end of such a socket; `receive` is called with each message while it is open.

    Sending never waits: what the other end cannot take is lost, which it is told once it can read.
    """

    def __init__(self, connection: socket.socket, receive: Callable[[bytes], None]) -> None:
        self._connection, self._receive = connection, receive
        self._has_missed = False
        connection.settimeout(0)

    def open(self) -> None:
        """Begin to receive, in the running event loop."""
        asyncio.get_running_loop().add_reader(self._connection, self._read)

    def send(self, message: bytes) -> None:
        """Send a message to the other end."""
        if not self._has_missed:
            try:
                self._connection.send(message)
            except BlockingIOError:
                self._has_missed = True
                self._retry_later()
            except OSError:  # the other end is closed
                return

    def close(self) -> None:
        """Receive and send no more."""
        if self._connection.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._connection)
            self._connection.close()

    def _read(self) -> None:
        message = b""
        with suppress(OSError):
            message = self._connection.recv(_MAX_BYTES)
        if message:
            self._receive(message)
        else:  # the other end is closed
            asyncio.get_running_loop().remove_reader(self._connection)

    def _retry_later(self) -> None:
        asyncio.get_running_loop().call_later(_RETRY_AFTER_S, self._tell_missed)

    def _tell_missed(self) -> None:
        try:
            self._connection.send(MISSED)
        except BlockingIOError:
            self._retry_later()
        except OSError:
            return
        else:
            self._has_missed = False
