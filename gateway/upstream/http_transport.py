"""The port through which all calls to the platform go: one HTTP request and its response."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

ACCEPT_ENCODING = "gzip"
USER_AGENT = "promotion-gateway"
# Sent with every request.
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
    """A complete response; names in `headers` are in lower case, repeated fields are joined.

    `body` is as received, a content encoding included; None where it exceeds the limit.
    """

    status: int
    headers: Mapping[bytes, bytes]
    body: bytes | None


class HttpTransport(Protocol):
    """Sends HTTP requests to the platform's origin."""

    async def send(  # noqa: PLR0913 - the parts of an HTTP request
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        *,
        max_bytes: int,
        body: bytes = b"",
        trace: Mapping[str, str] = NO_HEADERS,
    ) -> TransportResponse:
        """Send a request, and return its response with a body of at most `max_bytes`.

        `target` is a path with its query, appended to the base URL's path. `headers` and `trace`
        are added to `FIXED_HEADERS`; the caller does not modify either afterwards. A redirect is
        returned like any other response. There is no timeout: the caller cancels at its deadline.

        Raise httpx.TransportError where there is no complete response, and ValueError, without
        sending, for a target or a header that HTTP does not allow.
        """
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


def check_target(target: str) -> None:
    """Raise ValueError for what is not a path, or could be read as more than one target."""
    if not _is_target(target):
        raise ValueError("the target is not a path of visible ASCII characters")


def check_headers(headers: Mapping[str, str]) -> None:
    """Raise ValueError for what could be read as more than these headers."""
    for name, value in headers.items():
        if not _is_name(name) or not is_value(value):
            raise ValueError("a header has a character that HTTP does not allow")


def join_fields(fields: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return fields by their names in lower case; repeated ones as one list (RFC 9110 §5.3)."""
    joined: dict[bytes, bytes] = {}
    for raw_name, value in fields:
        name = raw_name.lower()
        joined[name] = joined[name] + b", " + value if name in joined else value
    return joined
