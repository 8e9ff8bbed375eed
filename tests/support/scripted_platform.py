"""The sandbox over real HTTP, of which a test may replace any response."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from gateway.sandbox.app import create_sandbox
from gateway.sandbox.world import World
from tests.sandbox.client import NOW, shared_world
from tests.support.serving import serve

Handler = Callable[[Request], Awaitable[Response | None]]
ScriptedResponse = Response | Handler

_ENDPOINTS = {
    "promotionData": "promotionData",
    "promotionsV2": "promotionsV2",
    "get": "promotionById",
    "programs": "programs",
    "promotions": "promotionsV3",
    "generate": "token",
}


@dataclass
class Platform:
    """The sandbox, with another response where `answers` has one for the endpoint.

    The endpoints are ``promotionData``, ``promotionsV2``, ``promotionsV3``, ``promotionById``,
    ``programs`` and ``token``; a handler that gives None leaves the call to the sandbox.
    `requests` has every call, answered here or there. With `lists_alone` definitions are in lists
    only: the call for one by its id, which the gateway makes once in five minutes then, is a 404
    and not in `requests`.
    """

    world: World
    options: dict[str, Any] = field(default_factory=dict)
    lists_alone: bool = False
    responses: dict[str, ScriptedResponse] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._sandbox = create_sandbox(self.world, clock=lambda: NOW, **self.options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Return the response to one call."""
        if scope["type"] == "http":
            request = Request(scope, receive)
            response = await self._respond(request)
            if response is not None:
                await response(scope, receive, send)
                return
        await self._sandbox(scope, receive, send)

    async def _respond(self, request: Request) -> Response | None:
        path = request.url.path
        if path == "/__calls":
            if request.method == "DELETE":
                self.requests.clear()
            return JSONResponse({"total": len(self.requests), "log": self._log()})
        endpoint = _ENDPOINTS.get(path.rsplit("/", 1)[-1])
        if endpoint is None:
            return None
        if endpoint == "promotionById" and self.lists_alone:
            return Response("", 404)
        self.requests.append(request)
        answer = self.responses.get(endpoint)
        return answer if answer is None or isinstance(answer, Response) else await answer(request)

    def _log(self) -> list[dict[str, str]]:
        return [
            {"path": request.url.path, "query": request.scope["query_string"].decode("latin-1")}
            for request in self.requests
        ]


def errors_body(code: object) -> dict[str, Any]:
    """Return the documented error body."""
    return {"errors": [{"status": False, "code": code, "message": "in the platform's own words"}]}


@contextmanager
def platform(
    world: World | None = None, *, lists_alone: bool = False, **options: Any
) -> Iterator[tuple[Platform, str]]:
    """Serve a platform; return it and its URL."""
    scripted = Platform(world or shared_world(), options, lists_alone)
    with serve(scripted) as url:
        yield scripted, url
