"""The server's HTTP protocol, with limits for a request's head and for the time it takes to arrive.

uvicorn parses a head of any size, and waits for the rest of a request without limit. This counts
packets while a head is incomplete, and the bytes of a complete head only if its packets were large
enough. One timer runs while a request is incomplete: a request in one packet never starts it.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import httptools

from gateway.edge.http_request import HttpHeaders
from gateway.errors import ConnectionLimitError, ShuttingDownError
from gateway.server.connections import CONNECTIONS, RESERVED_PATHS, Connections
from gateway.server.fast_path import early_response, error_bytes, too_many_connections
from gateway.server.uvicorn_protocol import UvicornProtocol

_UPGRADE_HEADERS = frozenset({b"upgrade", b"http2-settings"})
_MAX_PIPELINED = 16
_LINE_BYTES = 4  # ": " and the end of a header line
_VERSIONS = ("1.1", "1.0")
_MAX_PATH = 512  # bytes, without the query string
_MAX_CONNECTION = 1024  # bytes of Connection, if it has to be parsed


class _RequestRefusedError(Exception):
    """The server refuses a request, and parses no more of the connection."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class _TooManyConnectionsError(_RequestRefusedError):
    """A connection beyond the limit has sent a request that is no probe."""


class LimitedHttpProtocol(UvicornProtocol):
    """Refuses requests whose head is too large or that arrive too slowly, in JSON.

    Tests have subclasses with shorter times, in seconds.
    """

    max_head_bytes = 32 * 1024  # with the request line
    max_headers = 100
    head_timeout_s = 10.0
    body_timeout_s = 10.0
    reserved_timeout_s = 2.0  # for all of these, beyond the limit of connections

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._all: Connections | None = self.app_state.get(CONNECTIONS)
        self._is_reserved = False  # for a probe: all others have a connection
        self._in_head = False
        self._packet_bytes = 0  # of the packet that is being parsed
        self._arrived = 0  # bytes of the packets before that have a part of the head
        self._head_bytes = 0  # of those, the packets that have nothing else
        self._trailer_bytes = 0
        self._number = 0  # of the request, on this connection
        self._refusal: _RequestRefusedError | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timed: tuple[int, bool] | None = None  # the request, and whether it is its body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to wait for a head."""
        super().connection_made(transport)
        if self._all is not None:
            self._is_last = self._all.is_draining
            if self._all.add(self):
                self._is_reserved = self._is_last = True
                self.head_timeout_s = self.body_timeout_s = self.reserved_timeout_s
                self.lingering_s = self.reserved_timeout_s
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_timer()
        if self._all is not None:
            self._all.remove(self)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Close the connection, or close it after the response to the request on it."""
        self._is_last = True
        if not self._in_head:
            super().shutdown()

    def refuse(self) -> None:
        """Respond 503 because there are too many connections, and close."""
        if not self.transport.is_closing():
            self._stop_timer()
            self.transport.write(self._too_many_connections())
            self.abandon()
            self.transport.close()

    def _too_many_connections(self) -> bytes:
        headers = HttpHeaders(self.headers if self._in_head else ())
        return too_many_connections(self.server_state.default_headers, headers, self.fast_path)

    def cut(self) -> int:
        """Respond 503 unless a response has begun, and close; return the number of requests cut."""
        if self.is_closing:
            return 0
        self._stop_timer()
        last = self.last_cycle
        is_pending = last is not None and not last.response_complete
        number = len(self.pipeline) + (is_pending or self._in_head)
        has_response = is_pending and last is not None and last.response_started
        if number and not self.pipeline and not has_response:
            self._mark_refused()
            self.transport.write(self._shutdown_response())
        self.abandon()
        self.close(lingers=self._in_head or self._in_body)
        return number

    def _mark_refused(self) -> None:
        """Record that the request in flight, which is cancelled next, gets a response from here."""
        if self._fast_request is not None:
            self._fast_request.is_refused = True

    def _shutdown_response(self) -> bytes:
        request, last = self._fast_request, self.last_cycle
        request_id, headers = None, HttpHeaders(self.headers or ())
        if request is not None:
            request_id, headers = request.id, request.headers
        elif last is not None and not last.response_complete:
            headers = HttpHeaders(list(last.scope["headers"]))
            request_id = last.scope["state"].get("request_id")
        return error_bytes(
            ShuttingDownError(), headers, self.fast_path, url=self.url, request_id=request_id
        )

    def data_received(self, data: bytes) -> None:
        """Parse data, and refuse a request that is too large or malformed."""
        if self._lingering is not None or self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        number, in_body, self._packet_bytes = self._number, self._in_body, len(data)
        try:
            self.parser.feed_data(data)
            if self._in_head:
                self._count_packet(self._number - number, in_body=in_body)
        except _RequestRefusedError as refusal:
            self._refuse(refusal)
            return
        except httptools.HttpParserUpgrade as upgrade:
            self._parse_without_upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self._refuse(self._refusal or _RequestRefusedError(400, "Malformed HTTP request."))
            return
        self._watch()

    def on_message_begin(self) -> None:
        """Start to count; the scope of ASGI is created only for a request that needs one."""
        self._number += 1
        self._in_head, self._in_body = True, False
        self._arrived = self._head_bytes = self._trailer_bytes = 0
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header; a trailer, which follows the body, is only counted."""
        if self._in_head:
            self.headers.append((name.lower(), value))
            return
        self._trailer_bytes += len(name) + len(value) + _LINE_BYTES
        if self._trailer_bytes > self.max_head_bytes:
            self._refuse_head()

    def _count_packet(self, begun: int, *, in_body: bool) -> None:
        """Count a packet that ends within a head, and refuse one of twice the size it may have.

        A smaller one is refused at its end: the response needs the head's `Origin`, so that the
        page of a browser may read it, and a client reads no response before it has sent its head.

        `begun` requests have begun in the packet, and `in_body` is whether it began within a body.
        """
        self._arrived += self._packet_bytes
        if begun == 0 or (begun == 1 and not in_body):
            # All of it belongs to the head, though a value that has not ended is in no callback.
            self._head_bytes += self._packet_bytes
            if self._head_bytes > 2 * self.max_head_bytes:
                self._refuse_head()

    def _check_head_bytes(self) -> None:
        lines = sum(len(name) + len(value) + _LINE_BYTES for name, value in self.headers)
        if len(self.url) + lines > self.max_head_bytes:
            self._refuse_head()

    def _refuse_head(self) -> None:
        if len(self.url) > self.max_head_bytes:
            self._refuse_now(414, f"The URL must have at most {self.max_head_bytes} bytes.")
        limit = f"All headers together must have at most {self.max_head_bytes} bytes."
        self._refuse_now(431, limit)

    def on_headers_complete(self) -> None:  # noqa: C901 - one check after the other
        """Start the request; refuse one that another server could parse differently."""
        if self._arrived + self._packet_bytes > self.max_head_bytes:
            self._check_head_bytes()
        if len(self.headers) > self.max_headers:
            self._refuse_now(431, f"The request must have at most {self.max_headers} headers.")
        headers = HttpHeaders(self.headers)
        for coding in headers.all(b"transfer-encoding"):
            if coding.lower() != b"chunked":
                self._refuse_now(400, "Transfer-Encoding must be chunked.")
        hosts = len(headers.all(b"host"))
        version = self.parser.get_http_version()
        if hosts != 1 and (hosts or version == "1.1"):
            self._refuse_now(400, "The request must have exactly one Host header.")
        if version not in _VERSIONS:
            self._refuse_now(400, "The request must be HTTP/1.1 or HTTP/1.0.")
        if len(self.url) > _MAX_PATH and len(self.url.partition(b"?")[0]) > _MAX_PATH:
            self._refuse_now(404, "Not found: this path does not exist.")  # no path is that long
        if len(self.pipeline) >= _MAX_PIPELINED:
            self._refuse_now(400, "Too many pipelined requests.")
        if self.parser.should_upgrade():
            return  # the parser stops here, and raises HttpParserUpgrade
        if self._is_reserved and not self._is_served_beyond_the_limit():
            self._refusal = _TooManyConnectionsError(503, "")
            raise self._refusal
        self._in_head = False
        expectations = headers.all(b"expect")
        self.expect_100_continue = b"100-continue" in map(bytes.lower, expectations)
        self.start_request(headers)

    def _is_served_beyond_the_limit(self) -> bool:
        """Whether a request is a probe, or a preflight, without which no page sees a response."""
        if self.parser.get_method() == b"OPTIONS":
            return True
        return self.url.partition(b"?")[0] in RESERVED_PATHS

    def _parse_without_upgrade(self, rest: bytes) -> None:
        """Parse a request again, without its offer of another protocol (RFC 9110 section 7.8).

        The parser takes `rest`, what follows such a head, for the other protocol: it would parse a
        body in a later packet as a request of its own.
        """
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse(_RequestRefusedError(400, "CONNECT is not supported."))
            return
        size = sum(len(value) for name, value in self.headers if name == b"connection")
        if size > _MAX_CONNECTION:
            message = f"Connection must have at most {_MAX_CONNECTION} bytes beside Upgrade."
            self._refuse(_RequestRefusedError(431, message))
            return
        version = self.parser.get_http_version().encode()
        line = b"%s %s HTTP/%s\r\n" % (method, self.url, version)
        head = line + _encode_without_upgrade(self.headers) + b"\r\n"
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(head + rest)

    def _refuse_now(self, status: int, message: str) -> None:
        """Refuse a request; the parser wraps what its callbacks raise, so it is stored here."""
        self._refusal = _RequestRefusedError(status, message)
        raise self._refusal

    def _watch(self) -> None:
        """Run the timer while something is incomplete that only the client can complete."""
        timed = None
        if self._in_head or self._in_body:
            timed = (self._number, self._in_body)
        elif self.timeout_keep_alive_task is None:  # uvicorn's own timer does not run
            last = self.cycle
            if last is None or last.response_complete:  # type: ignore[redundant-expr]  # see there
                timed = (self._number, False)
        if timed == self._timed:
            return
        self._stop_timer()
        self._timed = timed
        if timed is not None:
            timeout_s = self.body_timeout_s if self._in_body else self.head_timeout_s
            self._timer = self.loop.call_later(timeout_s, self._handle_timeout)

    def _stop_timer(self) -> None:
        self._timed = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _handle_timeout(self) -> None:
        last = self.last_cycle
        is_complete = last is None or last.response_complete
        if self.pipeline or not (self._in_body or is_complete):
            # An earlier request is being handled. Meanwhile nothing is read, and so the client
            # cannot complete the next one.
            self._timed = None
            self._watch()
        elif self._in_head or (self._in_body and not is_complete):
            seconds = self.body_timeout_s if self._in_body else self.head_timeout_s
            part = "body" if self._in_body else "head"
            message = f"The request {part} must arrive within {seconds:g} s."
            self._refuse(self._refusal or _RequestRefusedError(408, message))
        else:
            self.transport.close()

    def _refuse(self, refusal: _RequestRefusedError) -> None:
        """Respond unless a response has begun, cancel what is being done, and close."""
        self._stop_timer()
        last = self.last_cycle
        # A second response to one request would be taken for that to the next.
        has_response = last is not None and (
            last.response_started and (self._in_body or not last.response_complete)
        )
        if isinstance(refusal, _TooManyConnectionsError) and self._all is not None:
            self._all.count_refused()
            if self.fast_path is not None:
                code, status = ConnectionLimitError.code, refusal.status
                self.fast_path.count_refused(self.url, HttpHeaders(self.headers), code, status)
            self.transport.write(self._too_many_connections())
        elif not has_response and not self.pipeline and not self.transport.is_closing():
            self._mark_refused()
            is_parsing = self._in_head or self._in_body  # else these are of the request before
            self.transport.write(
                early_response(
                    refusal.status,
                    refusal.message,
                    HttpHeaders(self.headers if is_parsing else ()),
                    self.fast_path,
                    url=self.url if is_parsing else b"",
                    has_body=not is_parsing or self.parser.get_method() != b"HEAD",
                )
            )
        self.abandon()
        self.close(lingers=True)


def _encode_without_upgrade(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return header lines, without those that belong to an upgrade."""
    lines = []
    for name, value in headers:
        if name == b"connection":
            tokens = [token.strip() for token in value.split(b",")]
            others = [token for token in tokens if token.lower() not in _UPGRADE_HEADERS]
            lines += [b"Connection: " + b", ".join(others)] if others else []
        elif name not in _UPGRADE_HEADERS:
            lines.append(name + b": " + value)
    return b"".join(line + b"\r\n" for line in lines)
