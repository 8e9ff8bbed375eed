"""The server's protocol, with bounds: on a request's head, and on the time that it may take.

uvicorn reads heads of any size and waits for their rest for ever. This adds, in its callbacks, a
count of what a head holds, and one timer that runs only while a request is incomplete: a request
that arrives in one piece, as nearly all do, never starts it.

A request that an application's direct way can answer is given to that. Any other becomes one of
ASGI, as uvicorn makes it.
"""

import asyncio
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gateway.edge.http_request import HttpHeaders, HttpRequest
from gateway.edge.request_id import HEADER, request_id_for
from gateway.server.early_responses import early_response
from gateway.server.fast_path import FastPath
from gateway.server.fast_path_cycle import FastPathCycle
from gateway.server.upgrade_headers import without_upgrade
from gateway.server.write_timeout import EndingTransport, WriteTimeoutProtocol

FAST_PATH = "direct_way"  # in the state that an application's lifespan leaves behind

_REQUEST_ID = HEADER.lower().encode()
_TOLD_AT_ONCE = frozenset({b"expect", b"transfer-encoding"})
_MOST_PIPELINED = 16
_VERSIONS = ("1.1", "1.0")
_MAX_PATH = 512  # bytes, of all that stands before a query string
_MAX_CONNECTION = 1024  # bytes of Connection, where it has to be read


class _RequestRefusedError(Exception):
    """A request of which no more is read."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class LimitedHttpProtocol(WriteTimeoutProtocol):
    """Reads requests whose head is small, and that arrive in time; refuses others in JSON.

    A test has a subclass with shorter times, in seconds.
    """

    most_head_bytes = 32 * 1024  # the request line included
    most_headers = 100
    head_within_s = 10.0
    body_within_s = 10.0

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._in_head = self._in_body = False
        # What is counted of a head, 0 where that need not be done; what of it has come in packets
        # of nothing else, and in packets that may have held something else, too.
        self._head_bytes = self._head_fed = self._arrived = 0
        self._is_counting = False  # whether so much has arrived that headers have to be counted
        self._number = 0  # of the message that is being read
        self._is_last = False  # whether the server ends, and with it this connection
        self._refusal: _RequestRefusedError | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timed: tuple[int, bool] | None = None
        self._way: FastPath | None = self.app_state.get(FAST_PATH)
        self._direct: FastPathCycle | None = None  # the last request that went that way

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_watching()
        super().connection_lost(exc)
        if self._direct is not None:
            self._direct.leave()

    def shutdown(self) -> None:
        """Close the connection, or let the answer be its last to what is arriving or begun."""
        self._is_last = True
        if not self._in_head:
            super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Read on, or refuse what is too large or no HTTP."""
        if self._ending is not None or self.transport.is_closing():
            return  # what was refused may still be arriving
        self._unset_keepalive_if_required()
        number, in_body = self._number, self._in_body
        arrived = self._arrived + len(data)
        self._is_counting = in_body or arrived > self.most_head_bytes or self._head_bytes > 0
        try:
            self.parser.feed_data(data)
            if self._in_head:
                self._see_part_of_head(len(data), self._number - number, in_body=in_body)
        except _RequestRefusedError as refused:
            self._refuse(refused)
            return
        except httptools.HttpParserUpgrade as upgrade:
            self._read_without_upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self._refuse(self._refusal or _RequestRefusedError(400, "Malformed HTTP request."))
            return
        self._watch()

    def on_message_begin(self) -> None:
        """Begin to count."""
        self._number += 1
        self._in_head, self._in_body = True, False
        self._head_bytes = self._head_fed = self._arrived = 0
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_url(self, url: bytes) -> None:
        """Count the request line."""
        if self._is_counting and self._count(len(url)):
            self._stop_later(414, f"The URL must have at most {self.most_head_bytes} bytes.")
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header; one that follows the body is counted, and not believed."""
        if self._is_counting:
            if self._count(len(name) + len(value) + 4):  # ": " and the line's end
                self._stop_later(431, self._too_many_bytes)
            if not self._in_head:
                return
        name = name.lower()
        self.headers.append((name, value))
        if name in _TOLD_AT_ONCE:
            self._see_header(name, value.lower())

    def _see_header(self, name: bytes, value: bytes) -> None:
        if name == b"expect":
            self.expect_100_continue |= value == b"100-continue"
        elif value.strip() != b"chunked":
            self._stop_later(400, "Transfer-Encoding must be chunked.")

    def _count(self, number: int) -> bool:
        """Count more bytes of a head; says whether they are too many.

        A head of which less than the limit has arrived is not counted before.
        """
        if not self._head_bytes:
            known = sum(len(name) + len(value) + 4 for name, value in self.headers)
            self._head_bytes = len(self.url) + known
        self._head_bytes += number
        return self._head_bytes > self.most_head_bytes

    def _see_part_of_head(self, number: int, begun: int, *, in_body: bool) -> None:
        """Count a packet at whose end the head has not ended, and `begun` messages have begun."""
        self._arrived += number
        if begun == 0 or (begun == 1 and not in_body):
            # All of this is the head's. A value that has not ended has reached no callback; the
            # parser keeps it.
            self._head_fed += number
            if self._head_fed > self.most_head_bytes:
                self._stop_later(431, self._too_many_bytes)

    def on_headers_complete(self) -> None:
        """Let the request begin, or refuse one that another server could read otherwise."""
        if self._refusal is not None:
            raise self._refusal
        if len(self.headers) > self.most_headers:
            self._stop(431, f"The request must have at most {self.most_headers} headers.")
        headers = HttpHeaders(self.headers)
        hosts = headers.count(b"host")
        version = self.parser.get_http_version()
        if hosts != 1 and (hosts or version == "1.1"):
            self._stop(400, "The request must have exactly one Host header.")
        if version not in _VERSIONS:
            self._stop(400, "The request must be HTTP/1.1 or HTTP/1.0.")
        if len(self.url) > _MAX_PATH and len(self.url.partition(b"?")[0]) > _MAX_PATH:
            self._stop(404, "Not found: this path does not exist.")  # none that long is looked for
        if len(self.pipeline) >= _MOST_PIPELINED:
            self._stop(400, "Too many pipelined requests.")
        if self.parser.should_upgrade():
            return  # the parser ends here, and raises HttpParserUpgrade
        self._in_head, self._in_body = False, True
        self._is_counting = True  # what follows the body, and what follows that in this packet
        way = self._way
        if way is None or version != "1.1" or not self._begin_directly(way, headers):
            self._begin_by_asgi()

    def on_body(self, body: bytes) -> None:
        """Hand a part of a body on."""
        if isinstance(self.cycle, FastPathCycle):
            self.cycle.take(body)
        else:
            super().on_body(body)

    def end_answer(self) -> None:
        """End the connection after an answer, of whose request more may be arriving."""
        self.end(is_reading=self._in_body)

    def on_message_complete(self) -> None:
        """Note the end of a request."""
        if self.parser.should_upgrade():
            return
        self._in_body = False
        if isinstance(self.cycle, FastPathCycle):
            self.cycle.complete()
        else:
            super().on_message_complete()

    def _begin_directly(self, way: FastPath, headers: HttpHeaders) -> bool:
        """Let a request of HTTP/1.1 begin that may go directly; says whether it has.

        Its task runs once all that has arrived is read: mostly, the body is whole by then.
        """
        last = self._last
        if (
            self.url != way.path
            or (last is not None and not last.response_complete)
            or self.expect_100_continue
            or self.limit_concurrency is not None
            or self.parser.get_method() != b"POST"
            or not 0 < int(headers.first(b"content-length") or 0) <= way.most_bytes
        ):
            return False
        given = headers.first(_REQUEST_ID)
        request_id = request_id_for(None if given is None else given.decode("latin-1"))
        client = self.client[0] if self.client else None
        asked = HttpRequest("POST", b"", headers, client, request_id)
        keep_alive = self.parser.should_keep_alive() and not self._is_last
        self.cycle = self._direct = cycle = FastPathCycle(way, asked, keep_alive=keep_alive)
        task = asked.task = self.loop.create_task(cycle.answer(self, asked))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)
        return True

    def _begin_by_asgi(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()  # only now: what it makes for ASGI is not for nothing
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        super().on_headers_complete()
        if self._is_last:
            self.cycle.keep_alive = False
        self.cycle.transport = cast("asyncio.Transport", EndingTransport(self))

    def _read_without_upgrade(self, rest: bytes) -> None:
        """Read a request as if it had not asked for another protocol, which it may not insist on.

        The parser takes what follows such a head for the other protocol: of a body in a later
        packet it would make a request of its own.
        """
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse(_RequestRefusedError(400, "CONNECT is not supported."))
            return
        if sum(len(value) for name, value in self.headers if name == b"connection") > (
            _MAX_CONNECTION
        ):
            told = f"Connection must have at most {_MAX_CONNECTION} bytes beside Upgrade."
            self._refuse(_RequestRefusedError(431, told))
            return
        version = self.parser.get_http_version().encode()
        line = b"%s %s HTTP/%s\r\n" % (method, self.url, version)
        head = without_upgrade(self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(line + head + b"\r\n" + rest)

    @property
    def _too_many_bytes(self) -> str:
        return f"All headers together must have at most {self.most_head_bytes} bytes."

    def _stop_later(self, status: int, message: str) -> None:
        """Stop reading where the head ends, or where it has twice the bytes that it may have.

        A page of another origin may not read the answer unless it has the mark, which needs the
        head's `Origin`; and a client reads no answer before it has sent its head.
        """
        if self._refusal is None:
            self._refusal = _RequestRefusedError(status, message)
        if not self._in_head or max(self._head_bytes, self._head_fed) > 2 * self.most_head_bytes:
            raise self._refusal

    def _stop(self, status: int, message: str) -> None:
        """Stop reading; the parser wraps what its callbacks raise, so that it is kept here."""
        self._refusal = _RequestRefusedError(status, message)
        raise self._refusal

    def _watch(self) -> None:
        """Have a timer while something is incomplete that only the client can complete."""
        timed = None
        if self._in_head or self._in_body:
            timed = (self._number, self._in_body)
        elif self.timeout_keep_alive_task is None:  # uvicorn's own timer does not run
            last = self._last
            if last is None or last.response_complete:
                timed = (self._number, False)
        if timed == self._timed:
            return
        self._stop_watching()
        if timed:
            self._timed = timed
            self._start_timer()

    @property
    def _last(self) -> RequestResponseCycle | None:
        """The last request that has begun, answered or not; uvicorn's word for it hides None."""
        return self.cycle

    def _start_timer(self) -> None:
        within_s = self.body_within_s if self._in_body else self.head_within_s
        self._timer = self.loop.call_later(within_s, self._too_late)

    def _stop_watching(self) -> None:
        self._timed = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        answering_an_earlier = self.pipeline or (
            not self._in_body and self._last is not None and not self._last.response_complete
        )
        if answering_an_earlier:  # meanwhile we read nothing: the client cannot complete it
            self._start_timer()
        elif self._in_head or (self._in_body and not self.cycle.response_complete):
            seconds = self.body_within_s if self._in_body else self.head_within_s
            part = "body" if self._in_body else "head"
            told = f"The request {part} must arrive within {seconds:g} s."
            self._refuse(self._refusal or _RequestRefusedError(408, told))
        else:
            self.transport.close()

    def _refuse(self, refused: _RequestRefusedError) -> None:
        """Answer where no answer has begun, and close; the application learns of that at once."""
        self._stop_watching()
        cycle = self._last
        # A second answer to one request would be taken for that to the next.
        has_answer = cycle is not None and (
            cycle.response_started and (self._in_body or not cycle.response_complete)
        )
        if not has_answer and not self.pipeline and not self.transport.is_closing():
            self.transport.write(self._write_refusal(refused))
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        if self._direct is not None:
            self._direct.leave()
        self.pipeline.clear()
        self.end(is_reading=True)

    def _write_refusal(self, refused: _RequestRefusedError) -> bytes:
        is_known = self._in_head or self._in_body  # else what is known is the request before
        asked = HttpHeaders(self.headers if is_known else ())
        origins = self._way.origins if self._way is not None else None
        has_body = not is_known or self.parser.get_method() != b"HEAD"
        return early_response(refused.status, refused.message, asked, origins, has_body=has_body)
