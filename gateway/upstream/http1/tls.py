"""TLS between a socket and a connection, which sees each byte that comes.

asyncio and uvloop have TLS of their own, but neither says whether part of a record has come. The
rest of such a record, which nobody has asked for, would be read as the next caller's answer.
"""

import asyncio
import ssl
from typing import cast

_RECORD_BYTES = 16 * 1024  # at most, and what is read at a time
_RECORD_HEAD = 5  # its type, a version, and its length in the last two


class TlsLayer(asyncio.Protocol):
    """A protocol for the socket's transport, and a transport for the `inner` protocol.

    `inner` begins when the other side has proven to be `hostname`. `ready` ends then, or with the
    OSError for which it never will.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        inner: asyncio.Protocol,
        context: ssl.SSLContext,
        hostname: str,
    ) -> None:
        self._inner, self._raw, self._is_up = inner, cast("asyncio.Transport | None", None), False
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=hostname)
        self._head, self._missing = b"", 0  # of the record that is under way
        self.ready: asyncio.Future[None] = loop.create_future()

    # What the inner protocol calls.

    @property
    def is_between_records(self) -> bool:
        """Whether all that has come was whole."""
        return not self._head and not self._missing

    def write(self, data: bytes) -> None:
        """Send."""
        left = memoryview(data)
        try:
            while left:  # a record at a time
                left = left[self._tls.write(left) :]
        except ssl.SSLError:
            self.abort()
        else:
            self._flush()

    def abort(self) -> None:
        """End the connection now."""
        if self._raw is not None:
            self._raw.abort()

    def get_write_buffer_size(self) -> int:
        """Return how much has not gone out."""
        return 0 if self._raw is None else self._raw.get_write_buffer_size()

    def get_extra_info(self, name: str) -> object:
        """Return what is known of the socket."""
        return None if self._raw is None else self._raw.get_extra_info(name)

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake."""
        self._raw = cast("asyncio.Transport", transport)
        self._shake_hands()

    def data_received(self, data: bytes) -> None:
        """Decrypt, and hand on what is whole."""
        self._follow_records(data)
        self._incoming.write(data)
        if not self._is_up:
            self._shake_hands()
        if self._is_up:
            self._read()

    def eof_received(self) -> None:
        """Take an end that is not the other side's word for a broken connection (RFC 9112 §9.8)."""
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._raw = None
        if self._is_up:
            self._inner.connection_lost(exc)
        else:
            self._fail(exc if isinstance(exc, OSError) else ConnectionResetError("no handshake"))

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError as error:
            self._flush()  # an alert says why
            self._fail(error)
            self.abort()
        else:
            self._flush()
            self._is_up = True
            self._inner.connection_made(cast("asyncio.Transport", self))
            if not self.ready.done():
                self.ready.set_result(None)

    def _fail(self, error: OSError) -> None:
        if not self.ready.done():
            self.ready.set_exception(error)

    def _read(self) -> None:
        plain: list[bytes] = []
        is_ended = is_broken = False
        try:
            # To read where nothing is costs an exception.
            while not plain or self._tls.pending() or self._incoming.pending:
                piece = self._tls.read(_RECORD_BYTES)
                if not piece:
                    is_ended = True
                    break
                plain.append(piece)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            is_ended = True
        except ssl.SSLError:
            is_broken = True
        self._flush()
        if plain:
            self._inner.data_received(plain[0] if len(plain) == 1 else b"".join(plain))
        if is_ended:
            self._inner.eof_received()
        if is_ended or is_broken:
            self.abort()

    def _flush(self) -> None:
        if self._raw is not None and self._outgoing.pending:
            self._raw.write(self._outgoing.read())

    def _follow_records(self, data: bytes) -> None:
        """See where the record that is under way ends."""
        at = 0
        while at < len(data):
            if not self._missing:
                lacking = _RECORD_HEAD - len(self._head)
                self._head += data[at : at + lacking]
                at += lacking
                if len(self._head) < _RECORD_HEAD:
                    return
                self._missing, self._head = int.from_bytes(self._head[3:]), b""
            taken = min(self._missing, len(data) - at)
            self._missing -= taken
            at += taken
