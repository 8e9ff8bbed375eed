"""JSON responses, and the errors of both endpoints."""

from typing import Any, Literal

import msgspec
from starlette.responses import Response

LegacyErrorStyle = Literal["errors", "status"]


class Refusal(Exception):  # noqa: N818 - a response, not a failure of the sandbox
    """A refused request, with the documented error code and message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def json_response(payload: Any, status: int = 200) -> Response:
    """Return a JSON response."""
    return Response(msgspec.json.encode(payload), status, media_type="application/json")


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
