"""A mode of faults: its parameters, and the calls to which it applies."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.sandbox.auth import Authentication
from gateway.sandbox.calls import Endpoint

_MAX_QUOTED = 60


class FaultError(ValueError):
    """The text of a fault is invalid; the message is one line that names what is allowed."""


class _Required:
    """The default of a parameter that must be given."""


REQUIRED: Final = _Required()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named parameter; `read` parses its value, or raises ValueError if it is not `allowed`."""

    name: str
    allowed: str
    read: Callable[[str], Any]
    default: Any = REQUIRED

    def parse(self, text: str) -> Any:
        """Return the parsed value. Raise FaultError, which names what is allowed."""
        try:
            return self.read(text)
        except ValueError:
            raise FaultError(f"{self.name}={shorten(text)}: it must be {self.allowed}") from None


def shorten(text: str) -> str:
    """Return a text on one line, shortened for an error message."""
    line = " ".join(text.split())
    return line if len(line) <= _MAX_QUOTED else line[:_MAX_QUOTED] + "…"


def whole(name: str, low: int, high: int, default: Any = REQUIRED) -> Parameter:
    """Create a parameter that is an integer within bounds."""

    def read(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text) or not low <= int(text) <= high:
            raise ValueError
        return int(text)

    return Parameter(name, f"a whole number from {low} to {high}", read, default)


def fraction(name: str, default: float) -> Parameter:
    """Create a parameter from 0 to 1."""

    def read(text: str) -> float:
        if not re.fullmatch(r"[01]|[01]?\.[0-9]{1,9}", text) or float(text) > 1:
            raise ValueError
        return float(text)

    return Parameter(name, "a number from 0 to 1", read, default)


def word(name: str, *allowed: str, default: Any = REQUIRED) -> Parameter:
    """Create a parameter that is one of a few words."""

    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError
        return text

    return Parameter(name, " or ".join(allowed), read, default)


def text(name: str, allowed: str, default: Any = REQUIRED) -> Parameter:
    """Create a parameter that is printable ASCII, so that it fits into a header."""

    def read(value: str) -> str:
        if not value or not value.isascii() or not value.isprintable():
            raise ValueError
        return value

    return Parameter(name, allowed, read, default)


Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Call:
    """A call to which a fault applies.

    `options` are the parameters of its mode, and `handler` responds as if there were no fault.
    """

    endpoint: Endpoint
    request: Request
    options: Mapping[str, Any]
    handler: Handler
    clock: Callable[[], datetime]
    authentication: Authentication

    async def original_response(self) -> Response:
        """Return the response without the fault."""
        return await self.handler(self.request)

    async def original_with(self, **parameters: str) -> Response:
        """Return the response without the fault for changed query parameters."""
        query = self.request.scope["query_string"].decode("latin-1")
        changed = dict(parse_qsl(query, keep_blank_values=True)) | parameters
        scope = {**self.request.scope, "query_string": urlencode(changed).encode()}
        return await self.handler(Request(scope, self.request.receive))


@dataclass(frozen=True, slots=True)
class Mode:
    """A kind of fault.

    `respond` returns the response of a call to which it applies. `value` is the parameter that the
    name of the mode itself has, `parameters` are the others. `endpoints` are those for which it
    makes sense, and all of them by default.
    """

    name: str
    summary: str
    respond: Callable[[Call], Awaitable[Response]]
    endpoints: tuple[Endpoint, ...]
    value: Parameter | None = None
    parameters: tuple[Parameter, ...] = ()


def payload_of(response: Response) -> Any:
    """Return the decoded JSON of a response."""
    return msgspec.json.decode(bytes(response.body))


def with_body(response: Response, body: bytes) -> Response:
    """Return a response with another body."""
    return Response(body, response.status_code, media_type="application/json")
