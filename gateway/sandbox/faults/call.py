"""A call that a fault has struck, and what a mode of faults is."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.sandbox.auth import Authentication
from gateway.sandbox.calls import Endpoint
from gateway.sandbox.faults.parameter import Parameter

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Call:
    """One struck call: `genuine` answers as if nothing were wrong; `options` are the mode's."""

    endpoint: Endpoint
    request: Request
    options: Mapping[str, Any]
    genuine: Handler
    clock: Callable[[], datetime]
    authentication: Authentication

    async def answer(self) -> Response:
        """Return the answer that the call would have got."""
        return await self.genuine(self.request)

    async def answer_to(self, **parameters: str) -> Response:
        """Return the answer that the call would have got with these query parameters changed."""
        query = self.request.scope["query_string"].decode("latin-1")
        asked = dict(parse_qsl(query, keep_blank_values=True)) | parameters
        scope = {**self.request.scope, "query_string": urlencode(asked).encode()}
        return await self.genuine(Request(scope, self.request.receive))


@dataclass(frozen=True, slots=True)
class Mode:
    """One kind of fault.

    `act` answers a struck call. `value` is what stands behind the mode's own name; `parameters` are
    its further ones. `endpoints` are those it makes sense for, and its default.
    """

    name: str
    summary: str
    act: Callable[[Call], Awaitable[Response]]
    endpoints: tuple[Endpoint, ...]
    value: Parameter | None = None
    parameters: tuple[Parameter, ...] = ()


def payload_of(answer: Response) -> Any:
    """Decode a genuine answer."""
    return msgspec.json.decode(bytes(answer.body))


def with_body(answer: Response, body: bytes) -> Response:
    """Return a genuine answer another body."""
    return Response(body, answer.status_code, media_type="application/json")
