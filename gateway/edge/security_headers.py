"""Headers of every response that restrict what browsers do with it."""

from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    # The explorer page has a policy of its own, which allows its scripts.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_LINES = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]


def with_security_headers(lines: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return a response's header lines and those that it lacks; names are in lower case."""
    headers = list(lines)
    names = {name for name, _value in headers}
    return headers + [line for line in _LINES if line[0] not in names]


class SecurityHeadersMiddleware:
    """Adds the headers that a response lacks."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = with_security_headers(message["headers"])
            await send(message)

        await self._app(scope, receive, send_with_headers)
