"""What answers have in common: their form, and those for requests that no endpoint answers."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import BadRequestError, MethodNotAllowedError, RequestError
from gateway.execution.outcome import masked
from gateway.http.negotiation import JSON
from gateway.http.request_id import request_id_of
from gateway.http.statistics import OperationStatistics
from gateway.telemetry import log


def respond(
    body: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    status: int = 200,
    media_type: str = JSON,
) -> Response:
    """Write an answer that no cache on the way may keep, and none may give to another caller."""
    headers = {
        "Content-Type": f"{media_type}; charset=utf-8",
        "Cache-Control": "private, no-store",
        "Vary": "Accept, Authorization",
    }
    return Response(msgspec.json.encode(body), status, headers)


def refuse(error: RequestError, media_type: str = JSON, status: int | None = None) -> Response:
    """Answer a request that is none for GraphQL, and note that."""
    status = status or error.status
    log.info("request_refused", status=status, code=error.code)
    body = {"errors": [{"message": error.message, "extensions": error.extensions}]}
    answer = respond(body, status, media_type)
    answer.headers.update(error.headers)
    if error.retry_after_s is not None:
        answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer


async def no_such_resource(_http: HttpRequest, error: Exception) -> Response:
    """Answer in JSON where there is nothing at a path (404), or nothing for a method (405)."""
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code != 405:
        return refuse(BadRequestError("There is nothing at this path."), status=error.status_code)
    allowed = ", ".join(sorted((error.headers or {}).get("Allow", "GET, HEAD").split(", ")))
    response = refuse(MethodNotAllowedError(f"Use one of {allowed}."))
    response.headers["Allow"] = allowed
    return response


class MaskingMiddleware:
    """Answers for a mistake in the gateway itself, which it logs: the client learns where."""

    def __init__(self, app: ASGIApp, statistics: OperationStatistics) -> None:
        self._app, self._statistics = app, statistics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; an answer that has begun before the mistake is cut off."""
        begun = False

        async def noting_send(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting_send)
        except Exception as error:
            if scope["type"] != "http":
                raise
            log.error("unexpected_error", path="", exc_info=error)
            if not begun:
                error_shown = masked(request_id_of(HttpRequest(scope)))
                self._statistics.errors([error_shown["extensions"]["code"]])
                body = {"errors": [error_shown]}
                await respond(body, 500)(scope, receive, send)
