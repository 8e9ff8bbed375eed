"""Cross-origin requests of browsers: closed, but for the origins that the settings name.

There is no wildcard but for a port, and no leave to send cookies: nothing here reads any.
"""

import re
import time
from collections.abc import Callable, Container, Iterable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.config.edge import ANY_PORT
from gateway.config.parsing import PREFIX
from gateway.edge.http_request import HeaderLines, HttpHeaders
from gateway.edge.request_id import HEADER as REQUEST_ID
from gateway.edge.request_id import request_id_of
from gateway.errors import CrossSiteError
from gateway.graphql_http.response import error_response, to_starlette
from gateway.telemetry import log

# What GraphQL clients send, and what browsers' tracing adds to it.
_SENT = (
    "Accept",
    "Apollo-Require-Preflight",
    "ApolloGraphQL-Client-Name",
    "ApolloGraphQL-Client-Version",
    "Authorization",
    "Baggage",
    "Content-Encoding",
    "Content-Type",
    "GraphQL-Client-Name",
    "GraphQL-Client-Version",
    "Sentry-Trace",
    "Traceparent",
    "Tracestate",
    "X-Apollo-Operation-Id",
    "X-Apollo-Operation-Name",
    REQUEST_ID,
)
_EXPOSED = f"{REQUEST_ID}, Retry-After"
_REMEMBERED_S = "600"
_WITH_PORT = re.compile(
    rb"(https?://(?:[a-z0-9._-]{1,253}|\[[0-9a-f:]{2,45}\]))(?::[1-9][0-9]{0,4})?"
)
_NOTICE_EVERY_S = 60.0


class Origins:
    """The origins whose pages may read answers; those that end in ``:*`` may have any port.

    `clock` gives seconds.
    """

    __slots__ = ("_any_port", "_clock", "_named", "_noticed_at", "_refused")

    def __init__(self, named: Iterable[str], clock: Callable[[], float] = time.monotonic) -> None:
        encoded = [origin.encode("latin-1") for origin in named]
        self._named = {origin for origin in encoded if not origin.endswith(ANY_PORT.encode())}
        self._any_port = {origin[: -len(ANY_PORT)] for origin in encoded} - self._named
        self._clock, self._refused = clock, 0
        self._noticed_at: float | None = None

    def __contains__(self, origin: bytes | None) -> bool:
        if origin is None or origin in self._named:
            return origin is not None
        if not self._any_port:
            return False
        match = _WITH_PORT.fullmatch(origin)
        return match is not None and match[1] in self._any_port

    def named(self, headers: HttpHeaders) -> str | None:
        """Return the origin of a request where it is one of them, to the letter."""
        origin = headers.first(b"origin")
        return origin.decode("latin-1") if origin is not None and origin in self else None

    def mark(self, lines: HeaderLines, origin: str | None) -> HeaderLines:
        """Mark an answer to a request of one of them, or of `None` of them."""
        marked = MutableHeaders(raw=list(lines))
        if self._named or self._any_port:
            marked.add_vary_header("Origin")
        if origin is not None:
            marked["Access-Control-Allow-Origin"] = origin
            marked["Access-Control-Expose-Headers"] = _EXPOSED
        return marked.raw

    def refuse(self) -> CrossSiteError:
        """Return the refusal of a page of another origin; the log names the setting now and then.

        Whoever looks into it because their page does not work finds what to change, and a flood of
        such requests makes no flood of lines.
        """
        self._refused += 1
        now = self._clock()
        if self._noticed_at is None or now - self._noticed_at >= _NOTICE_EVERY_S:
            log.warning(
                "cors_origin_rejected", setting=f"{PREFIX}CORS_ORIGINS", count=self._refused
            )
            self._noticed_at, self._refused = now, 0
        return CrossSiteError("Requests from this origin are not allowed.")


class CorsMiddleware:
    """Lets pages of `origins` ask, and send `headers` of their own among the usual ones.

    They learn of every answer but those of `closed` paths, which are for operators: a page that
    asks at a wrong path is told so.
    """

    def __init__(
        self, app: ASGIApp, origins: Origins, headers: Iterable[str], closed: Container[str]
    ) -> None:
        self._app, self._origins, self._closed = app, origins, closed
        allowed = {name.lower(): name for name in (*_SENT, *headers)}
        self._preflight = {
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": ", ".join(allowed.values()),
            "Access-Control-Max-Age": _REMEMBERED_S,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer preflights, mark answers to named origins' requests, and pass on all else."""
        if scope["type"] != "http" or scope["path"] in self._closed:
            await self._app(scope, receive, send)
            return
        headers = HttpHeaders(list(scope["headers"]))
        origin = self._origins.named(headers)

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._origins.mark(message["headers"], origin)
            await send(message)

        app = self._app
        if scope["method"] == "OPTIONS" and _is_preflight(headers):
            if origin is not None:
                app = Response(status_code=204, headers=self._preflight)
            else:
                refused = error_response(
                    self._origins.refuse(), request_id_of(StarletteRequest(scope))
                )
                app = to_starlette(refused)
        await app(scope, receive, send_marked)


def _is_preflight(headers: HttpHeaders) -> bool:
    """Whether a browser asks what a page may send (Fetch, section 4.8)."""
    asks = headers.first(b"access-control-request-method") is not None
    return asks and headers.first(b"origin") is not None
