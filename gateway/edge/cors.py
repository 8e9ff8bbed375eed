"""Cross-origin requests of browsers (CORS, CSRF): refused but for the configured origins.

There is no wildcard except for a port. No response allows credentials: nothing here uses cookies.
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

# The headers that GraphQL clients send, and those that tracing in browsers adds.
_ALLOWED_HEADERS = (
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
_EXPOSED_HEADERS = f"{REQUEST_ID}, Retry-After"
_PREFLIGHT_MAX_AGE_S = "600"
_OTHER_SITES = frozenset({b"cross-site", b"same-site"})
_ORIGIN_WITH_PORT = re.compile(
    rb"(https?://(?:[a-z0-9._-]{1,253}|\[[0-9a-f:]{2,45}\]))(?::[1-9][0-9]{0,4})?"
)
_LOG_INTERVAL_S = 60.0


class Origins:
    """The allowed origins; one that ends in ``:*`` may have any port.

    `clock` returns seconds.
    """

    __slots__ = ("_any_port", "_clock", "_exact", "_logged_at", "_refused")

    def __init__(self, allowed: Iterable[str], clock: Callable[[], float] = time.monotonic) -> None:
        encoded = [origin.encode("latin-1") for origin in allowed]
        self._exact = {origin for origin in encoded if not origin.endswith(ANY_PORT.encode())}
        self._any_port = {origin[: -len(ANY_PORT)] for origin in encoded} - self._exact
        self._clock, self._refused = clock, 0
        self._logged_at: float | None = None

    def __contains__(self, origin: bytes) -> bool:
        if origin in self._exact:
            return True
        match = _ORIGIN_WITH_PORT.fullmatch(origin) if self._any_port else None
        return match is not None and match[1] in self._any_port

    def allowed(self, headers: HttpHeaders) -> str | None:
        """Return the origin of a request if it is an allowed one, exactly as sent."""
        origin = headers.first(b"origin")
        return None if origin is None or origin not in self else origin.decode("latin-1")

    def add_headers(self, lines: HeaderLines, origin: str | None) -> HeaderLines:
        """Add the CORS headers of a response to a request of an allowed origin, or of none."""
        headers = MutableHeaders(raw=list(lines))
        if self._exact or self._any_port:
            headers.add_vary_header("Origin")
        if origin is not None:
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Expose-Headers"] = _EXPOSED_HEADERS
        return headers.raw

    def check_csrf(self, headers: HttpHeaders) -> None:
        """Raise CrossSiteError for a request that a page of a disallowed origin has triggered.

        Such a page cannot POST JSON without a preflight, but it can trigger a GET, as of an image:
        it cannot read the response, and yet the operation would run. Browsers state the relation of
        the origins (Fetch Metadata), which no page can change.
        """
        if headers.first(b"sec-fetch-site") not in _OTHER_SITES:
            return
        origin = headers.first(b"origin")
        if origin is None:  # as of an image: no setting allows it
            raise CrossSiteError("Cross-site requests must send an Origin header.")
        if origin not in self:
            raise self.refusal()

    def refusal(self) -> CrossSiteError:
        """Return the error for a disallowed origin, and log the setting at most once a minute.

        The log tells the owner of a page what to configure; a flood of requests does not flood it.
        """
        self._refused += 1
        now = self._clock()
        if self._logged_at is None or now - self._logged_at >= _LOG_INTERVAL_S:
            log.warning(
                "cors_origin_rejected", setting=f"{PREFIX}CORS_ORIGINS", count=self._refused
            )
            self._logged_at, self._refused = now, 0
        return CrossSiteError("Requests from this origin are not allowed.")


class CorsMiddleware:
    """Allows pages of `origins` to send requests, with `headers` beside the usual ones.

    They may read every response, a 404 included, except those of the `excluded` paths.
    """

    def __init__(
        self, app: ASGIApp, origins: Origins, headers: Iterable[str], excluded: Container[str]
    ) -> None:
        self._app, self._origins, self._excluded = app, origins, excluded
        allowed = {name.lower(): name for name in (*_ALLOWED_HEADERS, *headers)}
        self._preflight = {
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": ", ".join(allowed.values()),
            "Access-Control-Max-Age": _PREFLIGHT_MAX_AGE_S,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to preflights, and add CORS headers to the responses of all other requests."""
        if scope["type"] != "http" or scope["path"] in self._excluded:
            await self._app(scope, receive, send)
            return
        headers = HttpHeaders(list(scope["headers"]))
        origin = self._origins.allowed(headers)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._origins.add_headers(message["headers"], origin)
            await send(message)

        app = self._app
        if scope["method"] == "OPTIONS" and _is_preflight(headers):
            if origin is not None:
                app = Response(status_code=204, headers=self._preflight)
            else:
                request_id = request_id_of(StarletteRequest(scope))
                app = to_starlette(error_response(self._origins.refusal(), request_id))
        await app(scope, receive, send_with_headers)


def _is_preflight(headers: HttpHeaders) -> bool:
    """Whether an OPTIONS request is a CORS preflight (Fetch, section 4.8)."""
    has_method = headers.first(b"access-control-request-method") is not None
    return has_method and headers.first(b"origin") is not None
