"""The port to the platform over any httpx transport, by which a test stands in for the platform."""

from collections.abc import AsyncIterable, Mapping

import httpx

from gateway.upstream.http_transport import (
    FIXED_HEADERS,
    NO_HEADERS,
    TransportResponse,
    check_headers,
    check_target,
    join_fields,
)


class HttpxTransport:
    """An `HttpTransport` that sends by `transport`."""

    def __init__(
        self, transport: httpx.AsyncBaseTransport, base_url: str = "http://platform.example"
    ) -> None:
        self._transport, self._base_url = transport, base_url.rstrip("/")

    async def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        *,
        max_bytes: int,
        body: bytes = b"",
        trace: Mapping[str, str] = NO_HEADERS,
    ) -> TransportResponse:
        """Send a request, and return its response."""
        fields = FIXED_HEADERS | dict(headers) | dict(trace)
        check_target(target)
        check_headers(fields)
        url = self._base_url + target
        request = httpx.Request(method, url, headers=fields, content=body or None)
        response = await self._transport.handle_async_request(request)
        try:
            received = bytearray()
            assert isinstance(response.stream, AsyncIterable)
            async for chunk in response.stream:
                received += chunk
                if len(received) > max_bytes:
                    break
        finally:
            await response.aclose()
        content = None if len(received) > max_bytes else bytes(received)
        return TransportResponse(response.status_code, join_fields(response.headers.raw), content)

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()
