"""What browsers are told about every answer: take it for what it says, and show it nowhere."""

from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    # The explorer page has its own, which lets it run what it brings.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_RAW = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]


def with_security_headers(lines: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Add the headers that an answer does not have; names are in lower case."""
    headers = list(lines)
    names = {name for name, _value in headers}
    return headers + [header for header in _RAW if header[0] not in names]


class SecurityHeadersMiddleware:
    """Adds the headers that an answer does not have."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = with_security_headers(message["headers"])
            await send(message)

        await self._app(scope, receive, send_with_headers)
