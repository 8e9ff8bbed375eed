"""The endpoint for any ASGI server: what does not come the direct way comes here."""

import asyncio
from dataclasses import dataclass
from types import TracebackType

from starlette.requests import ClientDisconnect
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response

from gateway.edge.http_request import HttpHeaders, HttpRequest
from gateway.edge.request_id import request_id_of
from gateway.graphql_http.content_negotiation import prefers_html
from gateway.graphql_http.handler import GraphQLHandler
from gateway.graphql_http.response import to_starlette
from gateway.server.explorer import Explorer

# Most answers are out before that, and pay for nothing but a timer.
_LOOK_AFTER_S = 0.05


@dataclass(frozen=True, slots=True)
class GraphQLRoute:
    """Answers at ``/graphql`` and ``/graphql/``, to browsers with the page."""

    graphql: GraphQLHandler
    explorer: Explorer | None = None

    async def answer(self, http: StarletteRequest) -> Response:
        """Answer one HTTP request."""
        asked = AsgiRequest(http)
        if self.explorer is not None and _is_navigation(asked):
            # The page finds its parts beside its own address.
            has_slash = http.scope["path"].endswith("/")
            return lead_to("../graphql", http) if has_slash else self.explorer.page()
        return to_starlette(await self.graphql.handle(asked))


def lead_to(place: str, http: StarletteRequest) -> Response:
    """Send a client elsewhere, its query string with it.

    `place` is relative to the request: a proxy in front may have another host and a longer path.
    """
    query = http.scope["query_string"].decode("latin-1")
    return Response(status_code=307, headers={"Location": f"{place}?{query}" if query else place})


def _is_navigation(asked: HttpRequest) -> bool:
    return asked.method != "POST" and prefers_html(b",".join(asked.headers.all(b"accept")))


class AsgiRequest(HttpRequest):
    """A request of which the server tells piece by piece."""

    __slots__ = ("_http", "_timer", "_watching")

    def __init__(self, http: StarletteRequest) -> None:
        super().__init__(
            http.method,
            http.scope["query_string"],
            HttpHeaders(list(http.scope["headers"])),
            http.client.host if http.client else None,
            request_id_of(http),
        )
        self.task = asyncio.current_task()
        self._http = http
        self._timer: asyncio.TimerHandle | None = None
        self._watching: asyncio.Task[None] | None = None

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

    def __enter__(self) -> None:
        super().__enter__()
        # After a moment, watch for the client's disconnecting: the body has been read before.
        self._timer = asyncio.get_running_loop().call_later(_LOOK_AFTER_S, self._look)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()
        super().__exit__(kind, error, traceback)

    def _look(self) -> None:
        self._watching = asyncio.create_task(self._watch(), name="client's departure")

    async def _watch(self) -> None:
        while (await self._http.receive())["type"] != "http.disconnect":
            pass  # a GET has an empty body, which nobody has read
        self.disconnect()
