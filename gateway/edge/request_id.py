"""``X-Request-Id``: taken or made, returned, and in every log line of the request."""

import re
from random import getrandbits

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request as StarletteRequest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.telemetry import request_id_scope

HEADER = "X-Request-Id"
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,128}")


def request_id_for(given: str | None) -> str:
    """Take an id from outside where it is safe in a log line, else make one."""
    if given and _ACCEPTED.fullmatch(given):
        return given
    return f"{getrandbits(128):032x}"  # it is no secret, and need not cost a system call


class RequestIdMiddleware:
    """Gives each HTTP request its id; one from outside is taken where it is safe in a log line."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP request on with its id; anything else as it is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_for(Headers(scope=scope).get(HEADER))
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with request_id_scope(request_id):
            await self._app(scope, receive, send_with_id)


def request_id_of(request: StarletteRequest) -> str:
    """Return the id of a request that has passed the middleware."""
    return str(request.state.request_id)
