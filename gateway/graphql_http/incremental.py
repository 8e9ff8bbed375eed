"""The payloads of a response in parts, in ``multipart/mixed`` (`docs/defer.md`).

There are two formats, which clients choose by a parameter of the media type in `Accept`:

- ``deferSpec=20220824``, also without a parameter: each part has its `path` and its `data`;
- ``incrementalSpec=v0.2``: fragments are announced as `pending`, with an id that their parts and
  `completed` refer to.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from gateway.edge.http_request import HttpRequest
from gateway.execution.delivery import Delivery, Fragment, Payload
from gateway.execution.outcome import masked
from gateway.execution.part import Part
from gateway.graphql_http.content_negotiation import BY_ID, BY_PATH, choose_parts_format
from gateway.graphql_http.response import multipart_headers
from gateway.telemetry import log

_BOUNDARY = b"\r\n---"
_HEAD = b"\r\ncontent-type: application/json; charset=utf-8\r\n\r\n"
_END = b"--\r\n"

_encode = msgspec.json.Encoder().encode
Json = dict[str, Any]


class PayloadFormat(ABC):
    """One of the two formats; `parameter` is that of the media type."""

    parameter: ClassVar[str]

    @abstractmethod
    def opened(self, fragments: Sequence[Fragment]) -> Json:
        """Return the members of a payload that announce fragments."""

    @abstractmethod
    def members(self, payload: Payload) -> Json:
        """Return the members of a payload; empty where it has nothing that is sent."""


class PathFormat(PayloadFormat):
    """The format of August 2022: a part that has failed has `data: null`."""

    parameter = BY_PATH

    def opened(self, fragments: Sequence[Fragment]) -> Json:
        """Return nothing."""
        return {}

    def members(self, payload: Payload) -> Json:
        """Return the parts, and the fragments that have failed."""
        parts = [_with_label(_part(part, {"path": part.path}), of) for part, of in payload.parts]
        failed = [
            _with_label({"data": None, "path": each.path, "errors": each.errors}, each)
            for each in payload.completed
            if each.is_failed
        ]
        return {"incremental": parts + failed} if parts or failed else {}


class IdFormat(PayloadFormat):
    """The format of the current proposal, as GraphQL.js has it since 17.0.0-alpha.9."""

    parameter = BY_ID

    def opened(self, fragments: Sequence[Fragment]) -> Json:
        """Return the fragments with their ids."""
        pending = [_with_label({"id": each.id, "path": each.path}, each) for each in fragments]
        return {"pending": pending} if pending else {}

    def members(self, payload: Payload) -> Json:
        """Return the parts, and all fragments that are complete."""
        members = self.opened(payload.opened)
        if payload.parts:
            members["incremental"] = [_part(part, _place(part, of)) for part, of in payload.parts]
        if payload.completed:
            members["completed"] = [
                {"id": each.id, **({"errors": each.errors} if each.is_failed else {})}
                for each in payload.completed
            ]
        return members


def _part(part: Part, place: Json) -> Json:
    member = {"data": part.data, **place}
    return {**member, "errors": part.errors} if part.errors else member


def _place(part: Part, fragment: Fragment) -> Json:
    below = part.path[len(fragment.path) :]
    return {"id": fragment.id, "subPath": below} if below else {"id": fragment.id}


def _with_label(member: Json, fragment: Fragment) -> Json:
    return member if fragment.label is None else {**member, "label": fragment.label}


FORMATS: dict[str, PayloadFormat] = {each.parameter: each for each in (PathFormat(), IdFormat())}
"""By the parameter of the media type."""


class PartsResponse:
    """A response in parts. `errors` are those of all but the first, `parts` the number of all."""

    def __init__(self, http_request: HttpRequest, payload_format: PayloadFormat) -> None:
        self._request, self._format = http_request, payload_format
        self._failure: list[Json] = []
        self.errors: list[Json] = []
        self.parts, self.began_at = 1, 0.0

    async def deliver(self, first: Json, delivery: Delivery, request_id: str) -> None:
        """Send the first part, and the others as soon as each is complete."""
        headers = multipart_headers(self._format.parameter)
        self.began_at = time.perf_counter()
        body = {**first, **self._format.opened(delivery.opened), "hasNext": True}
        await self._request.begin(headers, _BOUNDARY + _next_part(body))
        try:
            await delivery.run(bytes(first["data"]), self._send)
        except Exception as error:  # noqa: BLE001 - a client never sees an internal error
            log.error("unexpected_error", path="", exc_info=error)
            self._failure = [masked(request_id)]
            self.errors += self._failure
        self.parts += delivery.number

    def _send(self, payload: Payload) -> None:
        for part, _ in payload.parts:
            self.errors += part.errors
        for fragment in payload.completed:
            self.errors += fragment.errors
        members = self._format.members(payload)
        if members:
            self._request.send(_next_part({**members, "hasNext": True}))

    def end(self, extensions: Json) -> None:
        """Send that nothing follows."""
        body: Json = {"hasNext": False}
        if extensions:
            body["extensions"] = extensions
        if self._failure:
            body["errors"] = self._failure
        self._request.send(_next_part(body) + _END)


def parts_response(http_request: HttpRequest) -> PartsResponse | None:
    """Return a response in parts to a request that accepts one; None for all others.

    HEAD has no body, and is executed as a whole.
    """
    if http_request.method == "HEAD" or not http_request.takes_pieces:
        return None
    chosen = choose_parts_format(b",".join(http_request.headers.all(b"accept")))
    return None if chosen is None else PartsResponse(http_request, FORMATS[chosen])


def _next_part(body: Json) -> bytes:
    """Return a part up to the beginning of the next one: clients read it only then."""
    return _HEAD + _encode(body) + _BOUNDARY
