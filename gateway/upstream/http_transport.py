"""One HTTP exchange with the platform: the port that all calls go through, and httpx behind it."""

import re
from collections.abc import AsyncIterable, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

import httpx

ACCEPT_ENCODING = "gzip"
USER_AGENT = "promotion-gateway"
# Sent with each request, whatever it is for.
FIXED_HEADERS = {
    "User-Agent": USER_AGENT,
    "Accept": "application/json",
    "Accept-Encoding": ACCEPT_ENCODING,
    "Connection": "keep-alive",
}

NO_HEADERS: Mapping[str, str] = MappingProxyType({})

_is_target = re.compile(r"/[!-~]*").fullmatch
_is_name = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
is_value = re.compile(r"[\t -~\x80-\xff]*").fullmatch


class TransportResponse(NamedTuple):
    """A whole answer; the names of `headers` are in lower case, and repeated ones are joined.

    `body` is as it was on its way, a content encoding included; None: larger than was allowed.
    """

    status: int
    headers: Mapping[bytes, bytes]
    body: bytes | None


class HttpTransport(Protocol):
    """The platform's one origin, reached by HTTP."""

    async def send(  # noqa: PLR0913 - so many parts has an HTTP request
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        *,
        most_bytes: int,
        body: bytes = b"",
        trace: Mapping[str, str] = NO_HEADERS,
    ) -> TransportResponse:
        """Send a request, and read its answer to the end, or up to `most_bytes` of body.

        `target` is a path with its query, below the origin's own; `headers` and those of its
        `trace` come to the fixed ones, and are not written to any more.
        A redirect is an answer like any other. The deadline is the caller's, who cancels. Raises
        httpx.TransportError where there is no whole answer, and ValueError, sending nothing, for a
        target or a header that HTTP does not allow.
        """
        ...

    async def aclose(self) -> None:
        """End all connections."""
        ...


def check_target(target: str) -> None:
    """Raise ValueError for what could be read as more than one target."""
    if not _is_target(target):
        raise ValueError("the target is no path of visible ASCII")


def check_headers(headers: Mapping[str, str]) -> None:
    """Raise ValueError for what could be read as more than these headers."""
    for name, value in headers.items():
        if not _is_name(name) or not is_value(value):
            raise ValueError("a header has a character that none may have")


def join_fields(fields: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return a head's fields by their names in lower case; repeated ones as one list (RFC 9110)."""
    joined: dict[bytes, bytes] = {}
    for raw_name, value in fields:
        name = raw_name.lower()
        joined[name] = joined[name] + b", " + value if name in joined else value
    return joined


class HttpxTransport:
    """The same over any httpx transport, which so can stand for the platform in tests."""

    def __init__(self, base_url: str, transport: httpx.AsyncBaseTransport) -> None:
        self._base_url, self._transport = base_url.rstrip("/"), transport

    async def send(  # noqa: PLR0913 - so many parts has an HTTP request
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        *,
        most_bytes: int,
        body: bytes = b"",
        trace: Mapping[str, str] = NO_HEADERS,
    ) -> TransportResponse:
        """Send a request, and read its answer."""
        given = FIXED_HEADERS | dict(headers) | dict(trace)
        check_target(target)
        check_headers(given)
        url = self._base_url + target
        request = httpx.Request(method, url, headers=given, content=body or None)
        response = await self._transport.handle_async_request(request)
        try:
            received = bytearray()
            assert isinstance(response.stream, AsyncIterable)  # noqa: S101 - a transport's promise
            async for piece in response.stream:
                received += piece
                if len(received) > most_bytes:
                    break
        finally:
            await response.aclose()
        kept = None if len(received) > most_bytes else bytes(received)
        return TransportResponse(response.status_code, join_fields(response.headers.raw), kept)

    async def aclose(self) -> None:
        """End the transport."""
        await self._transport.aclose()
