"""``/graphql`` over ASGI, for requests that do not take the fast path, and on other servers."""

import asyncio
from dataclasses import dataclass
from types import TracebackType

from starlette.requests import ClientDisconnect
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.edge.http_request import HeaderLines, HttpHeaders, HttpRequest, request_id_of
from gateway.graphql_http.content_negotiation import prefers_html
from gateway.graphql_http.handler import GraphQLHandler
from gateway.graphql_http.response import STREAMED, to_starlette
from gateway.server.explorer import Explorer

# Start watching for a disconnect only after 50 ms: most responses are sent before, and cost only a
# timer.
_WATCH_AFTER_S = 0.05


@dataclass(frozen=True, slots=True)
class GraphQLRoute:
    """Handles requests to ``/graphql`` and ``/graphql/``; browsers that navigate get the page."""

    graphql: GraphQLHandler
    explorer: Explorer | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request."""
        http = StarletteRequest(scope, receive)
        request = AsgiRequest(http, send)
        try:
            response = await self._handle(http, request)
            if await request.end(is_complete=response is None):
                return
        finally:
            request.cancel()
        if response is not None:
            await response(scope, receive, send)

    async def _handle(self, http: StarletteRequest, request: "AsgiRequest") -> Response | None:
        """Return the response; None where it has been sent in pieces."""
        if self.explorer is not None and request.method != "POST":
            accept = b",".join(request.headers.all(b"accept"))
            if prefers_html(accept):
                # The page loads its assets relative to its own address.
                has_slash = http.scope["path"].endswith("/")
                return redirect("../graphql", http) if has_slash else self.explorer.page()
        response = await self.graphql.handle(request)
        return None if response is STREAMED else to_starlette(response)


async def redirect_to_graphql(http: StarletteRequest) -> Response:
    """Redirect from ``/`` to ``/graphql``."""
    return redirect("graphql", http)


def redirect(path: str, http: StarletteRequest) -> Response:
    """Redirect to a path relative to the request, with its query string.

    A proxy in front may have another host and a longer path.
    """
    query = http.scope["query_string"].decode("latin-1")
    return Response(status_code=307, headers={"Location": f"{path}?{query}" if query else path})


class AsgiRequest(HttpRequest):
    """A request whose body and disconnect arrive as ASGI messages."""

    __slots__ = ("_http", "_pieces_to_send", "_send", "_timer", "_watcher", "_writer")

    def __init__(self, http: StarletteRequest, send: Send | None = None) -> None:
        super().__init__(
            http.method,
            http.scope["query_string"],
            HttpHeaders(list(http.scope["headers"])),
            http.client.host if http.client else None,
            request_id_of(http),
        )
        self.task = asyncio.current_task()
        self._http, self._send = http, send
        self._pieces_to_send: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._writer: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None

    async def receive(self, max_bytes: int) -> bytes:
        """Read the body, up to the piece that exceeds `max_bytes`."""
        body = bytearray()
        try:
            async for piece in self._http.stream():
                body += piece
                if len(body) > max_bytes:
                    break
        except ClientDisconnect:
            raise EOFError from None
        return bytes(body)

    @property
    def takes_pieces(self) -> bool:
        """Whether a response in pieces can be sent: HTTP/1.0 knows no chunks."""
        return bool(self._http.scope["http_version"] != "1.0")

    async def begin(self, headers: HeaderLines, data: bytes) -> None:
        """Start a task that sends the pieces, so that nothing else waits for the client."""
        self.send(data)
        self._writer = asyncio.create_task(self._write(headers), name="response in pieces")

    def send(self, data: bytes) -> None:
        """Queue a piece."""
        self._pieces_to_send.put_nowait(data)

    async def end(self, *, is_complete: bool) -> bool:
        """Wait until all pieces are sent; return whether there are any.

        A response that is not complete is cut off.
        """
        if self._writer is not None and is_complete:
            self._pieces_to_send.put_nowait(None)
            await self._writer
        return self._writer is not None

    def cancel(self) -> None:
        """Send no more."""
        if self._writer is not None:
            self._writer.cancel()

    async def _write(self, headers: HeaderLines) -> None:
        send = self._send
        assert send is not None  # noqa: S101 - only GraphQL is sent in pieces
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
        while (piece := await self._pieces_to_send.get()) is not None:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def __enter__(self) -> None:
        super().__enter__()
        # The body has been read before: the next message is the disconnect.
        self._timer = asyncio.get_running_loop().call_later(_WATCH_AFTER_S, self._start_watcher)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        super().__exit__(kind, error, traceback)

    def _start_watcher(self) -> None:
        self._watcher = asyncio.create_task(self._watch(), name="client disconnect")

    async def _watch(self) -> None:
        while (await self._http.receive())["type"] != "http.disconnect":
            pass  # the first message of a GET is its empty body
        self.disconnect()
