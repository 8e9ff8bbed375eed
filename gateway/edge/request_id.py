"""``X-Request-Id``: accepted or generated, sent back, and in every log line of the request."""

import re
from random import getrandbits

from starlette.datastructures import MutableHeaders
from starlette.requests import Request as StarletteRequest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.telemetry import request_id_scope

HEADER = "X-Request-Id"
HEADER_LINE = HEADER.lower().encode()
_is_accepted = re.compile(rb"[A-Za-z0-9._-]{1,128}").fullmatch


def request_id_for(received: bytes | None) -> str:
    """Return the received id if it is safe in a log line, else a generated one."""
    if received is not None and _is_accepted(received):
        return received.decode("ascii")
    return f"{getrandbits(128):032x}"  # no secret, which would cost a system call


class RequestIdMiddleware:
    """Assigns an id to each HTTP request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP request on with its id, and anything else unchanged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ids = (value for name, value in scope["headers"] if name == HEADER_LINE)
        request_id = request_id_for(next(ids, None))
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with request_id_scope(request_id):
            await self._app(scope, receive, send_with_id)


def request_id_of(request: StarletteRequest) -> str:
    """Return the id that the middleware has assigned."""
    return str(request.state.request_id)
