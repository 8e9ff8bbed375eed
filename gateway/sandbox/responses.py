"""JSON responses, and the errors of the old endpoints and of the successor."""

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from starlette.responses import Response

LegacyErrorStyle = Literal["errors", "status"]
_AGAIN = "~again"


class Refusal(Exception):  # noqa: N818 - a response, not a failure of the sandbox
    """A refused request, with the documented error code and message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class UnifiedRefusal(Exception):  # noqa: N818 - as above
    """A request that the successor refuses: its code, message and HTTP status."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def again(name: str) -> str:
    """Return a key that `encode` writes as `name`: for members that stand twice."""
    return name + _AGAIN


def encode(payload: Any) -> bytes:
    """Return JSON; a key of `again` stands under its own name."""
    return msgspec.json.encode(payload).replace(f'{_AGAIN}":'.encode(), b'":')


def json_response(payload: Any, status: int = 200) -> Response:
    """Return a JSON response."""
    return Response(encode(payload), status, media_type="application/json")


def envelope(
    data: Any, *, errors: list[dict[str, Any]] | None = None, warnings: list[str] | None = None
) -> dict[str, Any]:
    """Return the body of every `/v3` response; a warning has a message and no code."""
    return {
        "data": data,
        "errors": errors,
        "warnings": None if warnings is None else [{"message": text} for text in warnings],
    }


def unified_response(respond: Callable[[], dict[str, Any]]) -> Response:
    """Return a response of the successor; a refusal has an envelope without data."""
    try:
        return json_response(respond())
    except UnifiedRefusal as refusal:
        return json_response(unified_errors_body(refusal), refusal.status)


def unified_errors_body(refusal: Refusal | UnifiedRefusal) -> dict[str, Any]:
    """Return the error body of the successor: `{"data": null, "errors": [{"code", "message"}]}`."""
    return envelope(None, errors=[{"code": refusal.code, "message": refusal.message}])


def errors_body(refusal: Refusal) -> dict[str, Any]:
    """Return the documented error body: `{"errors": [{"status", "code", "message"}]}`."""
    return {"errors": [{"status": False, "code": refusal.code, "message": refusal.message}]}


def status_body(refusal: Refusal) -> dict[str, Any]:
    """Return the other error body of the legacy response table: a `status` that is not 200."""
    status = {"code": refusal.code, "message": refusal.message}
    return {"status": status, "validationErrors": [status], "data": None}


def page_details(*, limit: int, offset: int, total: int) -> dict[str, int]:
    """Return the `pageDetails` of both endpoints; a page of size zero is page 0 of 0."""
    return {
        "pageNumber": offset // limit if limit else 0,
        "pageSize": limit,
        "totalEntries": total,
        "pageCount": -(-total // limit) if limit else 0,
    }


def whole_number(text: str) -> int | None:
    """Parse an integer of ASCII digits; None for anything else."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        return None
    return int(text)
