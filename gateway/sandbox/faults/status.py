"""The fault `status`: another HTTP status, with or without a body, a wait or a redirect."""

from datetime import timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

from starlette.responses import Response

from gateway.sandbox.answers import Refusal, errors_body, json_answer
from gateway.sandbox.faults.call import Call

DATE_IN = "date+"  # `retry_after=date+30`: the HTTP date of 30 seconds from now

_HTML = (
    "<!DOCTYPE html>\n<html><head><title>{status}</title></head>"
    "<body><h1>{status}</h1><hr>a proxy in between</body></html>\n"
)


async def status(call: Call) -> Response:
    """Answer with a status in the endpoint's place."""
    code = call.options["status"]
    answer = _answer(call, code)
    if call.options["retry_after"] is not None:
        answer.headers["retry-after"] = _retry_after(call)
    if call.options["location"] is not None:
        answer.headers["location"] = _location(call)
    return answer


def _answer(call: Call, code: int) -> Response:
    match call.options["body"]:
        case "html":
            return Response(_HTML.format(status=code), code, media_type="text/html")
        case "documented":
            told = code if call.options["code"] is None else call.options["code"]
            refusal = errors_body(Refusal(told, "A fault of the sandbox"))
            return json_answer(refusal, code)
        case _:
            return Response(status_code=code)


def _retry_after(call: Call) -> str:
    told: str = call.options["retry_after"]
    seconds = told.removeprefix(DATE_IN)
    if seconds == told or not seconds.isdigit():
        return told
    # By the sandbox's clock, as everything here that has a time.
    return format_datetime(call.clock() + timedelta(seconds=int(seconds)), usegmt=True)


def _location(call: Call) -> str:
    """Return an origin the call's own path and query, so that following it would find something."""
    told: str = call.options["location"]
    if urlsplit(told).path:
        return told
    url = call.request.url
    return f"{told}{url.path}" + (f"?{url.query}" if url.query else "")
