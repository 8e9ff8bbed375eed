"""uvicorn's HTTP protocol, with a fast path for GraphQL and limits for clients that do not read.

The only module that relies on undocumented parts of uvicorn's protocol.
`tests/server/test_uvicorn_protocol.py` has a test for each:

- `HttpToolsProtocol` handles one connection, and httptools calls its `on_…` methods. On a complete
  head it builds a `scope` from `url` and `headers`, creates a `RequestResponseCycle` and starts it
  in a task; while the response before is incomplete, the cycle waits in `pipeline` instead.
- `cycle` is the last request, None before the first. uvicorn reads its `response_complete`, sets
  its `disconnected` and `keep_alive`, and calls `message_event.set()`.
- A cycle writes to its `transport`, and closes it after a response that ends the connection.
- `on_response_complete` starts the next cycle of `pipeline`, or else the keep-alive timer, which is
  `timeout_keep_alive_task` and which `_unset_keepalive_if_required` cancels.
- `eof_received` does nothing, so that the transport closes.
- A graceful shutdown calls `shutdown`, and waits for connections and for the tasks in `tasks`.
- `flow.write_paused` and `flow.drain` tell of a full write buffer; `flow.resume_reading`.
- `server_state.default_headers` is replaced, not changed, when the date changes.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gateway.edge.http_request import (
    REQUEST_ID,
    HeaderLines,
    HttpHeaders,
    HttpRequest,
    request_id_for,
)
from gateway.graphql_http.response import STREAMED
from gateway.server.fast_path import FastPath
from gateway.telemetry import bind_request_id

FAST_PATH = "fast_path"  # key of the state that the application's lifespan yields


class FastPathRequest(HttpRequest):
    """A request on the fast path, with what uvicorn reads and sets of a cycle."""

    message_event = asyncio.Event()  # uvicorn sets it, and nothing waits for it
    disconnected = response_started = response_complete = False
    keep_alive = True
    protocol: "UvicornProtocol"

    async def begin(self, headers: HeaderLines, data: bytes) -> None:
        """Begin a response in chunks, once the client has read the response before."""
        await self.protocol.begin_response(self, headers)
        self.send(data)

    def send(self, data: bytes) -> None:
        """Write a chunk; a client that does not read it has the time of any response."""
        if not self.is_disconnected:
            self.protocol.transport.write(b"%x\r\n%b\r\n" % (len(data), data))


class _CompleteCycle:
    """What a connection has for a cycle after a response: it does not keep the request alive."""

    message_event = asyncio.Event()
    disconnected = False
    response_started = response_complete = True


_COMPLETE = cast("RequestResponseCycle", _CompleteCycle())


class UvicornProtocol(HttpToolsProtocol):
    """Handles requests by the fast path if it takes them, else by ASGI.

    uvicorn waits without limit for a client that does not read: before it reads the next request,
    and before it closes a connection. Tests have subclasses with shorter times, in seconds.
    """

    write_timeout_s = 60.0  # from when the write buffer is full, or the last response is written
    half_close_s = 0.05  # after its request, in which a client may close its side and still listen
    lingering_s = 2.0  # how long what the client still sends is read and dropped before closing

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.fast_path: FastPath | None = self.app_state.get(FAST_PATH)
        self._fast_request: FastPathRequest | None = None  # the last one, until its response
        self._in_body = False
        self._received_at = 0.0  # when the last request was complete
        self._is_last = False  # whether the connection is closed after the next response
        self._write_timer: asyncio.TimerHandle | None = None
        self._lingering: asyncio.TimerHandle | None = None

    @property
    def last_cycle(self) -> RequestResponseCycle | None:
        """The last request, responded to or not; uvicorn's type for it hides None."""
        return self.cycle

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers and the work for the client."""
        for timer in (self._write_timer, self._lingering):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)
        if self._fast_request is not None:
            self._fast_request.disconnect()

    def start_request(self, headers: HttpHeaders) -> None:
        """Start a task that handles the request whose head is complete.

        It runs when all data that has arrived is parsed: mostly the body is complete by then.
        """
        self._in_body = True
        path, last = self.fast_path, self.cycle
        if (
            path is None
            or self.url != path.path
            or (last is not None and not last.response_complete)  # type: ignore[redundant-expr]  # None before the first
            or self.expect_100_continue
            or self.parser.get_method() != b"POST"
            or self.parser.get_http_version() != "1.1"
            or not 0 < int(headers.first(b"content-length") or 0) <= path.max_bytes
        ):
            self._start_asgi()
            return
        request = self._fast_request = FastPathRequest(
            "POST",
            b"",
            headers,
            self.client[0] if self.client else None,
            request_id_for(headers.first(REQUEST_ID)),
        )
        request.protocol = self
        request.keep_alive = self.parser.should_keep_alive() and not self._is_last
        self.cycle = request  # type: ignore[assignment]  # uvicorn uses no more of a cycle
        request.task = task = self.loop.create_task(self._respond(path, request))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def _start_asgi(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()  # which creates the scope, and resets these three
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        super().on_headers_complete()
        if self._is_last:
            self.cycle.keep_alive = False
        self.cycle.transport = cast("asyncio.Transport", _LingeringTransport(self))

    async def _respond(self, path: FastPath, request: FastPathRequest) -> None:
        """Handle a request and write its response; close the connection if that is cancelled."""
        try:
            if request.is_disconnected:  # by invalid data after it in the same packet
                return
            bind_request_id(request.id)
            response = await path.graphql.handle(request)
            if self.flow.write_paused and not request.is_disconnected:
                await self.flow.drain()
            if request.is_disconnected:
                return
            if request.response_started:
                if response is not STREAMED:  # an error that can no longer be sent
                    self.transport.close()
                    return
                data = b"0\r\n\r\n"
            else:
                own = self.server_state.default_headers
                data = path.encode(request, response, own, closes=not request.keep_alive)
                request.response_started = True
            self.transport.write(data)
            request.response_complete = True
            self._fast_request = None
            if isinstance(self.cycle, FastPathRequest):  # no other has been parsed meanwhile
                self.cycle = _COMPLETE
            if not request.keep_alive:
                self.close(lingers=self._in_body)
            self.on_response_complete()
        except BaseException:
            self.transport.close()
            raise

    async def begin_response(self, request: FastPathRequest, headers: HeaderLines) -> None:
        """Write the head of a response in chunks."""
        if self.flow.write_paused and not request.is_disconnected:
            await self.flow.drain()
        if self.fast_path is not None and not request.is_disconnected:
            own, closes = self.server_state.default_headers, not request.keep_alive
            request.response_started = True
            self.transport.write(self.fast_path.encode_begin(request, headers, own, closes=closes))

    def eof_received(self) -> bool:  # type: ignore[override]
        """Return whether the client still listens after it has closed its side.

        A client that sends one request and nothing more does that at once (RFC 9112 section 9.6);
        later it is taken for one that has left, and the work for it is cancelled. Which of the two
        it is cannot be seen.
        """
        cycle = self.last_cycle
        if (
            self._in_body
            or cycle is None
            or cycle.response_complete
            or self.loop.time() - self._received_at > self.half_close_s
        ):
            return False
        self.announce_close()
        return True

    def announce_close(self) -> None:
        """Close the connection after the response to the last request, or to the next one."""
        self._is_last = True
        cycle = self.last_cycle
        if cycle is not None and not cycle.response_complete:
            cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Add a piece to the body of a request; drop it after the response."""
        cycle = self.cycle
        if isinstance(cycle, FastPathRequest):
            cycle.feed(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Complete the body of a request."""
        if self.parser.should_upgrade():
            return
        self._in_body = False
        self._received_at = self.loop.time()
        cycle = self.cycle
        if isinstance(cycle, FastPathRequest):
            cycle.complete()
        else:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, unless the connection is closing."""
        if self._lingering is None:
            super().on_response_complete()
        else:
            self.server_state.total_requests += 1

    @property
    def is_closing(self) -> bool:
        """Whether nothing more is to be parsed."""
        return self._lingering is not None or self.transport.is_closing()

    def close(self, *, lingers: bool) -> None:
        """Close the connection; with `lingers` only once the client has, or after a while.

        A connection that is closed while data of the client is unread is reset, and a response that
        the client has not read yet is lost with it (RFC 9112 section 9.6).
        """
        if self.is_closing:
            return
        if not lingers or not self.transport.can_write_eof():
            self.transport.close()
            return
        self._lingering = self.loop.call_later(self.lingering_s, self.transport.close)
        self.flow.resume_reading()
        self.transport.write_eof()

    def abandon(self) -> None:
        """Disconnect every request on this connection, those in the pipeline included."""
        cycle = self.last_cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        if self._fast_request is not None:
            self._fast_request.disconnect()
        self.pipeline.clear()

    def pause_writing(self) -> None:
        """Start the write timer: nothing more is written before the client has read."""
        super().pause_writing()
        self._stop_write_timer()
        self._write_timer = self.loop.call_later(self.write_timeout_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the write timer: the client has read nearly all."""
        self._stop_write_timer()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection; abort it later if the client does not read the rest."""
        super().timeout_keep_alive_handler()
        if self.transport.get_write_buffer_size():
            self.loop.call_later(self.write_timeout_s, self.transport.abort)

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None


class _LingeringTransport:
    """A connection's transport for uvicorn's cycle, which would close it at once."""

    def __init__(self, protocol: UvicornProtocol) -> None:
        self._protocol = protocol

    def __getattr__(self, name: str) -> Any:
        return getattr(self._protocol.transport, name)

    def close(self) -> None:
        """Close the connection once the request has been read."""
        self._protocol.close(lingers=self._protocol._in_body)  # noqa: SLF001 - same module
