"""Cross-origin requests of browsers: closed, but for the origins that the settings name.

There is no wildcard, and no leave to send cookies: nothing here reads any.
"""

from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.asked import Headers
from gateway.http.request_id import HEADER as REQUEST_ID

_SENT = ("Accept", "Authorization", "Content-Encoding", "Content-Type", REQUEST_ID)
_REMEMBERED_S = "600"


class Origins:
    """The origins whose pages may read answers."""

    __slots__ = ("_named",)

    def __init__(self, named: Iterable[str]) -> None:
        self._named = {origin.encode("latin-1"): origin for origin in named}

    def named(self, headers: Headers) -> str | None:
        """Give the origin of a request where it is one of them, to the letter."""
        return self._named.get(headers.first(b"origin") or b"")

    def mark(self, lines: Iterable[tuple[bytes, bytes]], origin: str | None) -> MutableHeaders:
        """Mark an answer to a request of one of them, or of `None` of them."""
        marked = MutableHeaders(raw=list(lines))
        if self._named:
            marked.add_vary_header("Origin")
        if origin is not None:
            marked["Access-Control-Allow-Origin"] = origin
            marked["Access-Control-Expose-Headers"] = f"{REQUEST_ID}, Retry-After"
        return marked


class CorsMiddleware:
    """Lets pages of `origins` send to `path`, `headers` of their own among the usual ones."""

    def __init__(
        self, app: ASGIApp, path: str, origins: Origins, headers: Iterable[str] = ()
    ) -> None:
        self._app, self._path, self._origins = app, path, origins
        self._preflight = {
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": ", ".join([*_SENT, *headers]),
            "Access-Control-Max-Age": _REMEMBERED_S,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a named origin's preflight, mark answers to its requests, and pass on all else."""
        if scope["type"] != "http" or scope["path"] != self._path:
            await self._app(scope, receive, send)
            return
        headers = Headers(list(scope["headers"]))
        origin = self._origins.named(headers)

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._origins.mark(message["headers"], origin).raw
            await send(message)

        is_preflight = (
            scope["method"] == "OPTIONS"
            and headers.first(b"access-control-request-method") is not None
        )
        if origin is not None and is_preflight:
            await Response(status_code=204, headers=self._preflight)(scope, receive, send_marked)
            return
        await self._app(scope, receive, send_marked)
