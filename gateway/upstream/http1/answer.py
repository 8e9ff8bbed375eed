"""Reading answers from bytes, whichever way they come in pieces; no I/O.

llhttp parses, and refuses what could be read in two ways: a length and chunks, two lengths, bare
line feeds, folded lines. Here is what it leaves to its user: limits, where an answer ends that has
no length, and whether the connection is fit for another one.
"""

import httptools
import httpx

from gateway.upstream.exchange import Reply, join_fields

MOST_HEAD_BYTES = 64 * 1024
MOST_FIELDS = 100
# What is neither head nor body are the chunks' own lines: so many for each byte of the body.
_FRAMING_PER_BYTE = 8
# What is being read; nothing: no answer is expected, or it is complete.
_HEAD, _BODY, _NOTHING = range(3)


class AnswerReader:
    """Reads one answer after the other from one connection.

    `expect` comes before each; then `feed` or `end` until `is_complete`, and `take`; `close` comes
    last.
    """

    __slots__ = (
        "_body",
        "_fault",
        "_fields",
        "_headers",
        "_is_latest",
        "_is_too_large",
        "_most_bytes",
        "_parser",
        "_part",
        "_status",
        "_until_end",
        "is_reusable",
        "received",
    )

    def __init__(self) -> None:
        self._part = _NOTHING
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self.expect(0)
        self._part = _NOTHING

    def expect(self, most_bytes: int) -> None:
        """Be ready for an answer, of whose body at most so many bytes are read."""
        self._most_bytes = most_bytes
        self._part = _HEAD
        self._fields: list[tuple[bytes, bytes]] = []
        self._headers: dict[bytes, bytes] = {}
        self._body: bytes | bytearray = b""
        self._fault, self._status = "", 0
        self._is_too_large = self._until_end = self._is_latest = False
        self.received = 0
        self.is_reusable = False

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing more to read: all is here, or more than is wanted."""
        return self._part == _NOTHING

    def feed(self, data: bytes) -> None:
        """Take what the connection has brought.

        Raises httpx.RemoteProtocolError for what is not HTTP/1, or past a limit.
        """
        if self._parser is None:
            return
        self.received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.is_reusable = False
            if not self.is_complete:  # else the answer is whole, and what follows it is not HTTP
                raise httpx.RemoteProtocolError("this is not HTTP/1.1") from None
        if self._part == _HEAD:
            self._check_fields()
        if self._fault:
            raise httpx.RemoteProtocolError(self._fault)
        if self._part == _NOTHING:
            return
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

    def take(self) -> Reply:
        """Give the complete answer."""
        return Reply(self._status, self._headers, None if self._is_too_large else bytes(self._body))

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
        """See how the body comes."""
        parser = self._parser
        if self._part != _HEAD or parser is None:
            return
        self._check_fields()
        status = parser.get_status_code()
        if status < 200:
            if status == 101:
                self._fault = "nobody asked for another protocol"
            return
        self._part, self._status = _BODY, status
        self._headers = headers = join_fields(self._fields)
        if self.received > MOST_HEAD_BYTES and self._head_bytes() > MOST_HEAD_BYTES:
            self._fault = "the head is too large"
        coding = headers.get(b"transfer-encoding")
        if coding is not None and coding.lower() != b"chunked":
            self._fault = "a transfer coding that was not asked for"
        version = parser.get_http_version()
        self._is_latest = version == "1.1"
        if not self._is_latest and version != "1.0":
            self._fault = "this is not HTTP/1.1"
        length = headers.get(b"content-length")
        if length is None:
            self._until_end = coding is None
        elif int(length) > self._most_bytes:
            self._leave_off()

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
            self.is_reusable = self._is_latest and parser.should_keep_alive()

    def _check_fields(self) -> None:
        if len(self._fields) > MOST_FIELDS:
            self._fault = "the head has too many fields"

    def _leave_off(self) -> None:
        self._is_too_large = True
        self._body = b""
        self._part = _NOTHING

    def _head_bytes(self) -> int:
        return sum(len(name) + len(value) + 4 for name, value in self._fields)
