"""A response parser without I/O, for responses that arrive in pieces of any size.

llhttp parses, and rejects what could be read in two ways: a length and chunks, two lengths, bare
line feeds, folded lines. This adds what llhttp leaves to its user: limits, the end of a response
without a length, and whether the connection can be reused.
"""

from itertools import chain

import httptools
import httpx

from gateway.upstream.http_transport import TransportResponse, join_fields

MAX_HEAD_BYTES = 64 * 1024
MAX_FIELDS = 100
# Bytes of a response that are neither head nor body are chunk headers: at most so many a body byte.
_MAX_FRAMING_PER_BYTE = 8
# The part being read. _DONE: no response is expected, or it is complete.
_HEAD, _BODY, _DONE = range(3)
# Statuses whose responses end with their head, whatever it announces (RFC 9112 §6.3).
_WITHOUT_BODY = frozenset({204, 304})
_NOT_HTTP = "the response is not HTTP/1.1"
_TOO_MANY_FIELDS = "the head has too many fields"
_HEAD_END = b"\r\n\r\n"
_LINE_BREAKS = frozenset({b"\r", b"\n"})


class ResponseReader:
    """Reads the responses of one connection, one after the other.

    Call `expect` before each, then `feed` or `end` until `is_complete`, then `take`; and `close`
    when the connection ends.
    """

    __slots__ = (
        "_body",
        "_error",
        "_fields",
        "_headers",
        "_is_suspicious",
        "_is_too_large",
        "_max_bytes",
        "_parser",
        "_part",
        "_tail",
        "_until_end",
        "is_reusable",
        "received",
        "status",
    )

    def __init__(self) -> None:
        self.is_reusable = False
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self.expect(0)
        self._part = _DONE

    def expect(self, max_bytes: int) -> None:
        """Prepare for a response whose body has at most `max_bytes`."""
        self._max_bytes = max_bytes
        self._part = _HEAD
        self._fields: list[tuple[bytes, bytes]] = []
        self._body: bytes | bytearray = b""
        self.status = self.received = 0
        self._tail = b""  # the last bytes fed, of a response that is not complete
        if not self.is_reusable:  # else these have their initial values
            self._headers: dict[bytes, bytes] = {}
            self._error = ""  # found in a callback of the parser, raised by `feed`
            self._is_too_large = self._until_end = self._is_suspicious = False
        self.is_reusable = False

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing more to read: the response has ended, or is too large."""
        return self._part == _DONE

    def feed(self, data: bytes) -> bool:
        """Read what has arrived; return whether the response is complete.

        Raise httpx.RemoteProtocolError for what is not HTTP/1, or exceeds a limit.
        """
        parser, part = self._parser, self._part
        if parser is None:
            return part == _DONE
        if part == _DONE:
            self.is_reusable = False
            return True
        if not self.received and data[:1] in _LINE_BREAKS:
            self._is_suspicious = True  # the parser skips them; they may end an earlier response
        self.received += len(data)
        previous_length = len(self._body)
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.is_reusable = False
            if self._part != _DONE:  # else the response is complete, and what follows is not HTTP
                raise httpx.RemoteProtocolError(_NOT_HTTP) from None
        if self._part == _HEAD and len(self._fields) > MAX_FIELDS:
            self._error = _TOO_MANY_FIELDS
        if self._error:
            raise httpx.RemoteProtocolError(self._error)
        if self._part == _DONE:
            # The parser skips line breaks after a response, and nothing else.
            if data[-1:] in _LINE_BREAKS and not self._ends_with(data, part, previous_length):
                self.is_reusable = False
            return True
        self._tail = data[-5:] if len(data) >= 5 else (self._tail + data)[-5:]
        self._check_framing()
        return False

    def end(self) -> None:
        """End a response that has no length: the server has closed its side of the connection.

        Raise httpx.RemoteProtocolError where the response is not complete.
        """
        if self._part == _DONE:
            return
        if self._part == _HEAD or not self._until_end:
            raise httpx.RemoteProtocolError("the response is incomplete")
        self._part = _DONE

    def take(self) -> TransportResponse:
        """Return the complete response, and drop its body: connections stay idle for seconds."""
        body, self._body = self._body, b""
        return TransportResponse(
            self.status, self._headers, None if self._is_too_large else bytes(body)
        )

    def close(self) -> None:
        """Drop the parser, which refers back to this reader: no reference cycle is left."""
        self._parser = None

    # Called by the parser. What they find wrong is raised by `feed` after the parser returns.

    def on_message_begin(self) -> None:
        """Note the beginning of a response that was not requested."""
        if self._part == _DONE:
            self.is_reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Store a field of the head; trailer fields are ignored."""
        if self._part == _HEAD:
            self._fields.append((name, value))

    def on_headers_complete(self) -> None:  # noqa: C901 - the cases of RFC 9112 §6.3 in order
        """Store the head, and determine how the body ends."""
        parser = self._parser
        if self._part != _HEAD or parser is None:
            return
        fields = self._fields
        if len(fields) > MAX_FIELDS:
            self._error = _TOO_MANY_FIELDS
        status = parser.get_status_code()
        headers = join_fields(fields)
        if status < 200:
            self._check_interim(status, headers)
            return
        self._part, self.status, self._headers = _BODY, status, headers
        if self.received > MAX_HEAD_BYTES:
            head_bytes = sum(map(len, chain.from_iterable(fields))) + 4 * len(fields)
            if head_bytes > MAX_HEAD_BYTES:
                self._error = "the head is too large"
        version = parser.get_http_version()
        if version != "1.1":
            self._is_suspicious = True
            if version != "1.0":
                self._error = _NOT_HTTP
        if status in _WITHOUT_BODY:
            self._check_no_body(headers)
        elif b"transfer-encoding" in headers:
            if headers[b"transfer-encoding"].strip(b" \t").lower() != b"chunked":
                self._error = "the transfer coding is not chunked"
        elif b"content-length" not in headers:
            self._until_end = True
        elif int(headers[b"content-length"]) > self._max_bytes:
            self._stop_too_large()

    def on_body(self, piece: bytes) -> None:
        """Append a piece of the body."""
        if self._part == _BODY:
            if not self._body:
                self._body = piece  # usually the only piece, which is then never copied
            elif isinstance(self._body, bytearray):
                self._body += piece
            else:
                self._body = bytearray(self._body) + piece
            if len(self._body) > self._max_bytes:
                self._stop_too_large()

    def on_message_complete(self) -> None:
        """Determine whether the connection can be reused; after a 1xx, expect the final head."""
        parser = self._parser
        if parser is None:
            return
        if self._part == _HEAD:
            self._fields.clear()
        elif self._part == _BODY:
            self._part = _DONE
            status = self.status
            if status != 200 and (status == 408 or (status == 205 and self._body)):
                # A 408 may have been sent to an idle connection, and a 205 has no body.
                self._is_suspicious = True
            self.is_reusable = not self._is_suspicious and parser.should_keep_alive()

    def _check_framing(self) -> None:
        framing = self.received - len(self._body)
        if framing > MAX_HEAD_BYTES + _MAX_FRAMING_PER_BYTE * len(self._body):
            raise httpx.RemoteProtocolError("the response has too many bytes beside its body")

    def _check_interim(self, status: int, headers: dict[bytes, bytes]) -> None:
        self._check_no_body(headers)
        if status == 101:
            self._error = "the response switches to another protocol"
        elif status < 100:
            self._error = _NOT_HTTP

    def _check_no_body(self, headers: dict[bytes, bytes]) -> None:
        """Note a body where none is allowed: it would be read as the next response."""
        length = headers.get(b"content-length", b"0")
        self._is_suspicious |= int(length) > 0 or b"transfer-encoding" in headers

    def _stop_too_large(self) -> None:
        self._is_too_large = True
        self._body = b""
        self._part = _DONE

    def _ends_with(self, data: bytes, part: int, previous_length: int) -> bool:
        """Whether the response ends with the last byte of `data`, which completed it.

        `part` and `previous_length` (of the body) describe the state before `data`.
        """
        body = self._body
        if not body or b"transfer-encoding" in self._headers:
            tail = (self._tail + data[-5:])[-5:]
            return tail.endswith(_HEAD_END) and tail[:1] not in _LINE_BREAKS
        if part == _BODY:
            return len(body) - previous_length == len(data)
        if body.isspace() and not body.strip(b"\r\n"):
            # Line breaks after such a body look like a part of it; a head ends with exactly two.
            received = self._tail + data
            return len(received) - len(received.rstrip(b"\r\n")) == len(_HEAD_END) + len(body)
        return data.endswith(body)
