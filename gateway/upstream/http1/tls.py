"""TLS between a socket and a connection, which follows the boundaries of the TLS records.

The TLS of asyncio and uvloop does not tell whether part of a record has arrived. The rest of such
an unrequested record would be read as the response to the next request.
"""

import asyncio
import ssl
from typing import cast

_RECORD_BYTES = 16 * 1024  # the maximum plaintext of a record
_RECORD_HEAD = 5  # type, version, and the length in the last two bytes


class TlsLayer(asyncio.Protocol):
    """A protocol for the socket's transport, and a transport for the `inner` protocol.

    `inner.connection_made` is called when the server has proven to be `hostname`. `ready` ends
    then, or with the OSError of the failed handshake.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        inner: asyncio.Protocol,
        context: ssl.SSLContext,
        hostname: str,
    ) -> None:
        self._inner = inner
        self._socket = cast("asyncio.Transport | None", None)
        self._is_established = False
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=hostname)
        self._record_head, self._missing = b"", 0  # of the incomplete record
        self.ready: asyncio.Future[None] = loop.create_future()

    # Called by the inner protocol.

    @property
    def is_between_records(self) -> bool:
        """Whether every record that has begun to arrive is complete."""
        return not self._record_head and not self._missing

    def write(self, data: bytes) -> None:
        """Encrypt and send; close the connection where that fails."""
        unsent = memoryview(data)
        try:
            while unsent:  # one record at a time
                unsent = unsent[self._tls.write(unsent) :]
        except ssl.SSLError:
            self.abort()
        else:
            self._flush()

    def abort(self) -> None:
        """Close the connection at once."""
        if self._socket is not None:
            self._socket.abort()

    def get_write_buffer_size(self) -> int:
        """Return the number of bytes that are not sent yet."""
        return 0 if self._socket is None else self._socket.get_write_buffer_size()

    def get_extra_info(self, name: str) -> object:
        """Return the transport's information of this name."""
        return None if self._socket is None else self._socket.get_extra_info(name)

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake."""
        self._socket = cast("asyncio.Transport", transport)
        self._handshake()

    def data_received(self, data: bytes) -> None:
        """Decrypt, and pass the plaintext to the inner protocol."""
        self._follow_records(data)
        self._incoming.write(data)
        if not self._is_established:
            self._handshake()
        if self._is_established:
            self._decrypt()

    def eof_received(self) -> None:
        """Abort: an end without a close_notify may truncate a response (RFC 9112 §9.8)."""
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Notify the inner protocol, or fail the handshake."""
        self._socket = None
        if self._is_established:
            self._inner.connection_lost(exc)
        else:
            self._fail(exc if isinstance(exc, OSError) else ConnectionResetError("no handshake"))

    def _handshake(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError as error:
            self._flush()  # an alert tells the server why
            self._fail(error)
            self.abort()
        else:
            self._flush()
            self._is_established = True
            self._inner.connection_made(cast("asyncio.Transport", self))
            if not self.ready.done():
                self.ready.set_result(None)

    def _fail(self, error: OSError) -> None:
        if not self.ready.done():
            self.ready.set_exception(error)

    def _decrypt(self) -> None:
        plaintext: list[bytes] = []
        is_ended = is_broken = False
        try:
            # Reading where nothing is pending costs an exception.
            while not plaintext or self._tls.pending() or self._incoming.pending:
                piece = self._tls.read(_RECORD_BYTES)
                if not piece:
                    is_ended = True
                    break
                plaintext.append(piece)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            is_ended = True
        except ssl.SSLError:
            is_broken = True
        self._flush()
        if plaintext:
            self._inner.data_received(plaintext[0] if len(plaintext) == 1 else b"".join(plaintext))
        if is_ended:
            self._inner.eof_received()
        if is_ended or is_broken:
            self.abort()

    def _flush(self) -> None:
        if self._socket is not None and self._outgoing.pending:
            self._socket.write(self._outgoing.read())

    def _follow_records(self, data: bytes) -> None:
        """Find out whether `data` ends within a record."""
        at = 0
        while at < len(data):
            if not self._missing:
                lacking = _RECORD_HEAD - len(self._record_head)
                self._record_head += data[at : at + lacking]
                at += lacking
                if len(self._record_head) < _RECORD_HEAD:
                    return
                self._missing, self._record_head = int.from_bytes(self._record_head[3:]), b""
            read = min(self._missing, len(data) - at)
            self._missing -= read
            at += read
