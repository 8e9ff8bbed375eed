"""Reading answers from bytes, whichever way they come in pieces; no I/O.

llhttp parses, and refuses what could be read in two ways: a length and chunks, two lengths, bare
line feeds, folded lines. Here is what it leaves to its user: limits, where an answer ends that has
no length, and whether the connection is fit for another one.
"""

import httptools
import httpx

from gateway.upstream.http_transport import TransportResponse, join_fields

MOST_HEAD_BYTES = 64 * 1024
MOST_FIELDS = 100
# What is neither head nor body are the chunks' own lines: so many for each byte of the body.
_FRAMING_PER_BYTE = 8
# What is being read; nothing: no answer is expected, or it is complete.
_HEAD, _BODY, _NOTHING = range(3)
# Answers that end with their head, whatever it announces (RFC 9112 §6.3), and those that should.
_WITHOUT_BODY = frozenset({204, 304})
_NOT_HTTP = "this is not HTTP/1.1"
_TOO_MANY_FIELDS = "the head has too many fields"
_HEAD_END = b"\r\n\r\n"
_LINE_BREAKS = frozenset({b"\r", b"\n"})


class ResponseReader:
    """Reads one answer after the other from one connection.

    `expect` comes before each; then `feed` or `end` until `is_complete`, and `take`; `close` comes
    last.
    """

    __slots__ = (
        "_body",
        "_fault",
        "_fields",
        "_headers",
        "_is_doubtful",
        "_is_too_large",
        "_most_bytes",
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
        self._part = _NOTHING

    def expect(self, most_bytes: int) -> None:
        """Be ready for an answer, of whose body at most so many bytes are read."""
        self._most_bytes = most_bytes
        self._part = _HEAD
        self._fields: list[tuple[bytes, bytes]] = []
        self._body: bytes | bytearray = b""
        self.status = self.received = 0
        self._tail = b""
        if not self.is_reusable:  # else all of this is as it was at first
            self._headers: dict[bytes, bytes] = {}
            self._fault = ""
            self._is_too_large = self._until_end = self._is_doubtful = False
        self.is_reusable = False

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing more to read: all is here, or more than is wanted."""
        return self._part == _NOTHING

    def feed(self, data: bytes) -> bool:
        """Take what the connection has brought; say whether the answer is complete.

        Raises httpx.RemoteProtocolError for what is not HTTP/1, or past a limit.
        """
        parser, part = self._parser, self._part
        if parser is None:
            return part == _NOTHING
        if part == _NOTHING:
            self.is_reusable = False
            return True
        if not self.received and data[:1] in _LINE_BREAKS:
            self._is_doubtful = True  # the parser passes over them, and nobody knows whose they are
        self.received += len(data)
        had = len(self._body)
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.is_reusable = False
            if not self.is_complete:  # else the answer is whole, and what follows it is not HTTP
                raise httpx.RemoteProtocolError(_NOT_HTTP) from None
        if self._part == _HEAD and len(self._fields) > MOST_FIELDS:
            self._fault = _TOO_MANY_FIELDS
        if self._fault:
            raise httpx.RemoteProtocolError(self._fault)
        if self._part == _NOTHING:
            # Line breaks behind it are passed over likewise, and nothing else is.
            if data[-1:] in _LINE_BREAKS and not self._ends_with(data, part, had):
                self.is_reusable = False
            return True
        self._check_framing(data)
        return False

    def _check_framing(self, data: bytes) -> None:
        """Bound what an answer of which there is more to come has beside its body."""
        self._tail = data[-5:] if len(data) >= 5 else (self._tail + data)[-5:]
        framing = self.received - len(self._body)
        if framing > MOST_HEAD_BYTES + _FRAMING_PER_BYTE * len(self._body):
            raise httpx.RemoteProtocolError("the answer has too much about it")

    def end(self) -> None:
        """Take that the platform will send nothing more: the end of an answer without a length.

        Raises httpx.RemoteProtocolError where there should have been more.
        """
        if self._part == _NOTHING:
            return
        if self._part == _HEAD or not self._until_end:
            raise httpx.RemoteProtocolError("the answer is cut short")
        self._part = _NOTHING

    def take(self) -> TransportResponse:
        """Return the complete answer, whose body is not kept: connections idle for seconds."""
        body, self._body = self._body, b""
        return TransportResponse(
            self.status, self._headers, None if self._is_too_large else bytes(body)
        )

    def close(self) -> None:
        """Let go of the parser, which else would be garbage only a collector finds."""
        self._parser = None

    # What the parser calls. A mistake found here is raised by `feed`, after it.

    def on_message_begin(self) -> None:
        """Notice an answer that nobody has asked for."""
        if self._part == _NOTHING:
            self.is_reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a field of the head; the ones behind a body in chunks are of no use to anybody."""
        if self._part == _HEAD:
            self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """Keep the head of the answer, and learn how its body comes."""
        parser = self._parser
        if self._part != _HEAD or parser is None:
            return
        fields = self._fields
        if len(fields) > MOST_FIELDS:
            self._fault = _TOO_MANY_FIELDS
        status = parser.get_status_code()
        headers = join_fields(fields)
        if status < 200:
            self._see_interim(status, headers)
            return
        self._part, self.status, self._headers = _BODY, status, headers
        if self.received > MOST_HEAD_BYTES and self._head_bytes() > MOST_HEAD_BYTES:
            self._fault = "the head is too large"
        version = parser.get_http_version()
        if version != "1.1":
            self._is_doubtful = True
            if version != "1.0":
                self._fault = _NOT_HTTP
        if status in _WITHOUT_BODY:
            self._doubt_body(headers)
        elif b"transfer-encoding" in headers or b"content-length" not in headers:
            self._see_coding(headers.get(b"transfer-encoding"))
        elif int(headers[b"content-length"]) > self._most_bytes:
            self._leave_off()

    def _see_interim(self, status: int, headers: dict[bytes, bytes]) -> None:
        self._doubt_body(headers)
        if status == 101:
            self._fault = "nobody asked for another protocol"
        elif status < 100:
            self._fault = _NOT_HTTP

    def _doubt_body(self, headers: dict[bytes, bytes]) -> None:
        """Notice a body where there is none: it would be read as the answer behind this one."""
        length = headers.get(b"content-length", b"0")
        self._is_doubtful |= int(length) > 0 or b"transfer-encoding" in headers

    def _see_coding(self, coding: bytes | None) -> None:
        """Learn how a body comes without a length: with both the parser takes neither."""
        self._until_end = coding is None
        if coding is not None and coding.strip(b" \t").lower() != b"chunked":
            self._fault = "a transfer coding that was not asked for"

    def on_body(self, piece: bytes) -> None:
        """Keep a piece of the body."""
        if self._part == _BODY:
            if not self._body:
                self._body = piece  # mostly the only one, which so is never copied
            elif isinstance(self._body, bytearray):
                self._body += piece
            else:
                self._body = bytearray(self._body) + piece
            if len(self._body) > self._most_bytes:
                self._leave_off()

    def on_message_complete(self) -> None:
        """See what becomes of the connection; 1xx only announce the answer."""
        parser = self._parser
        if parser is None:
            return
        if self._part == _HEAD:
            self._fields.clear()
        elif self._part == _BODY:
            self._part = _NOTHING
            status = self.status
            if status != 200 and (status == 408 or (status == 205 and self._body)):
                self._is_doubtful = True  # said to an idle connection, and a body none may have
            self.is_reusable = not self._is_doubtful and parser.should_keep_alive()

    def _ends_with(self, data: bytes, part: int, had: int) -> bool:
        """Whether the answer's last byte is the last of `data`, which came when `part` was read.

        `had` is how much of the body had come before.
        """
        body = self._body
        if not body or b"transfer-encoding" in self._headers:
            tail = (self._tail + data[-5:])[-5:]
            return tail.endswith(_HEAD_END) and tail[:1] not in _LINE_BREAKS
        if part == _BODY:
            return len(body) - had == len(data)
        if body.isspace() and not body.strip(b"\r\n"):
            # Some line breaks behind it look like itself, but no head ends with more than two.
            read = self._tail + data
            return len(read) - len(read.rstrip(b"\r\n")) == len(_HEAD_END) + len(body)
        return data.endswith(body)

    def _leave_off(self) -> None:
        self._is_too_large = True
        self._body = b""
        self._part = _NOTHING

    def _head_bytes(self) -> int:
        return sum(len(name) + len(value) + 4 for name, value in self._fields)
