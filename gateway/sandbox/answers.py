"""JSON answers, and the refusals of both endpoints."""

from typing import Any, Literal

import msgspec
from starlette.responses import Response

LegacyErrorStyle = Literal["errors", "status"]


class Refusal(Exception):  # noqa: N818 - it is the answer to a request, not a failure of the sandbox
    """A request that an endpoint refuses, with the documented code and its words."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def json_answer(payload: Any, status: int = 200) -> Response:
    """Encode a JSON response."""
    return Response(msgspec.json.encode(payload), status, media_type="application/json")


def errors_body(refusal: Refusal) -> dict[str, Any]:
    """Return the documented error body: `{"errors": [{"status", "code", "message"}]}`."""
    return {"errors": [{"status": False, "code": refusal.code, "message": refusal.message}]}


def status_body(refusal: Refusal) -> dict[str, Any]:
    """Return the other body that the legacy response table allows: a `status` that is not 200."""
    told = {"code": refusal.code, "message": refusal.message}
    return {"status": told, "validationErrors": [told], "data": None}


def page_details(*, limit: int, offset: int, total: int) -> dict[str, int]:
    """`pageDetails` of both endpoints; a page of size zero is page 0 of 0."""
    return {
        "pageNumber": offset // limit if limit else 0,
        "pageSize": limit,
        "totalEntries": total,
        "pageCount": -(-total // limit) if limit else 0,
    }


def whole_number(text: str) -> int | None:
    """Read a query parameter as a whole number of plain ASCII digits; None where it is not."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        return None
    return int(text)
