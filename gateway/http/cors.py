"""Cross-origin requests of browsers: closed, but for the origins that the settings name.

There is no wildcard, and no leave to send cookies: nothing here reads any.
"""

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.request_id import HEADER as REQUEST_ID

_SENT = ("Accept", "Authorization", "Content-Encoding", "Content-Type", REQUEST_ID)
_REMEMBERED_S = "600"


class CorsMiddleware:
    """Lets pages of `origins` send to `path`, `headers` of their own among the usual ones."""

    def __init__(
        self, app: ASGIApp, path: str, origins: Iterable[str], headers: Iterable[str] = ()
    ) -> None:
        self._app, self._path, self._origins = app, path, frozenset(origins)
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
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        is_named = origin in self._origins

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                marked = MutableHeaders(scope=message)
                marked.add_vary_header("Origin")
                if is_named:
                    marked["Access-Control-Allow-Origin"] = origin
                    marked["Access-Control-Expose-Headers"] = f"{REQUEST_ID}, Retry-After"
            await send(message)

        is_preflight = scope["method"] == "OPTIONS" and "access-control-request-method" in headers
        if is_named and is_preflight:
            await Response(status_code=204, headers=self._preflight)(scope, receive, send_marked)
            return
        await self._app(scope, receive, send_marked)
