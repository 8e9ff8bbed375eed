"""The links of the chain with spans: around the cache, and around each HTTP request.

Only with `GATEWAY_TRACING_URL`; without it the chain consists of the plain links.
"""

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from gateway.cache.fetching import Source
from gateway.telemetry.tracing import recording_span, span
from gateway.upstream.cached_upstream import SOURCE, CachedUpstream
from gateway.upstream.call import UpstreamCall
from gateway.upstream.http_transport import NO_HEADERS, HttpTransport, TransportResponse

T = TypeVar("T")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class TracedTransport:
    """A transport whose requests are client spans; the platform's span is a child of theirs.

    The query is never recorded: it names the customer.
    """

    def __init__(self, transport: HttpTransport, url: str) -> None:
        parts = urlsplit(url)
        self._transport = transport
        self._server: dict[str, str | int] = {
            "server.address": parts.hostname or "",
            "server.port": parts.port or _DEFAULT_PORTS.get(parts.scheme, 80),
            "url.scheme": parts.scheme,
        }

    async def send(  # noqa: PLR0913 - the port's
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        *,
        max_bytes: int,
        body: bytes = b"",
        trace: Mapping[str, str] = NO_HEADERS,
    ) -> TransportResponse:
        """Send a request, as `HttpTransport.send` specifies."""
        send = self._transport.send
        if recording_span() is None:
            return await send(method, target, headers, max_bytes=max_bytes, body=body, trace=trace)
        about = {
            "http.request.method": method,
            "url.path": target.partition("?")[0],
            **self._server,
        }
        with span(method, about, is_client=True) as client:
            assert client is not None  # noqa: S101 - within a recorded one
            trace = {**trace, "traceparent": client.traceparent}
            response = await send(
                method, target, headers, max_bytes=max_bytes, body=body, trace=trace
            )
            client.set({"http.response.status_code": response.status})
            if response.status >= 400:
                client.set({"error.type": str(response.status)})
                client.fail()
            return response

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


class TracedCachedUpstream(CachedUpstream):
    """A cache whose look-ups are spans, with the upstream calls that they lead to as children."""

    __slots__ = ()

    async def send(self, call: UpstreamCall[T], *, not_before: float = 0.0) -> T:
        """Return the decoded response of `call`, as `CachedUpstream.send` does."""
        if recording_span() is None:
            return await super().send(call, not_before=not_before)
        about = {"gateway.endpoint": call.endpoint, SOURCE: Source.UPSTREAM.name}
        with span(f"cache {call.endpoint}", about):
            return await super().send(call, not_before=not_before)
