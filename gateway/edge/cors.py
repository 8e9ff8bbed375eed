"""Cross-origin requests of browsers (CORS, CSRF): refused but for the configured origins.

There is no wildcard except for a port. No response allows credentials: nothing here uses cookies.
"""

import re
import time
from collections.abc import Callable, Iterable

from starlette.datastructures import MutableHeaders

from gateway.config.edge import ANY_PORT
from gateway.config.parsing import PREFIX
from gateway.edge.http_request import HeaderLines, HttpHeaders
from gateway.errors import CrossSiteError
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
    "X-Request-Id",
)
_EXPOSED_HEADERS = "X-Request-Id, Retry-After"
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

    @staticmethod
    def preflight_headers(headers: Iterable[str]) -> dict[str, str]:
        """Return the headers of a preflight response; it allows `headers` and the usual ones."""
        allowed = {name.lower(): name for name in (*_ALLOWED_HEADERS, *headers)}
        return {
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": ", ".join(allowed.values()),
            "Access-Control-Max-Age": _PREFLIGHT_MAX_AGE_S,
        }

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
