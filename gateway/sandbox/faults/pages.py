"""Lies about pages and whose they are, each computed from genuine answers."""

from typing import Any

import msgspec
from starlette.responses import Response

from gateway.sandbox.answers import whole_number
from gateway.sandbox.faults.call import Call, payload_of, with_body
from gateway.sandbox.faults.payload import changed

_ITEMS = {"promotionData": "promotions", "promotionsV2": "data"}


async def other_customer(call: Call) -> Response:
    """Answer with another customer's page, or with the right page under another customer's id."""
    genuine = await call.answer()
    if genuine.status_code != 200:
        return genuine
    if call.options["part"] == "whole":
        other = call.options["other_customer"]
        return await call.answer_to(
            identifierName="externalId", identifierValue=other, source="ALL"
        )
    payload = payload_of(genuine)
    payload["customerId"] += 1
    return with_body(genuine, msgspec.json.encode(payload))


async def totals(call: Call) -> Response:
    """Tell a wrong `totalEntries`, or none."""
    told = call.options["totals"]

    def lie(payload: Any) -> Any:
        if told == "missing":
            payload["pageDetails"].pop("totalEntries")
        else:
            payload["pageDetails"]["totalEntries"] = None if told == "null" else told
        return payload

    return await changed(call, lie)


async def duplicates(call: Call) -> Response:
    """Begin every page but the first with the last item of the page before it."""
    offset = whole_number(call.request.query_params.get("offset", "0"))
    if not offset or offset < 0:
        return await call.answer()
    shifted = await call.answer_to(offset=str(offset - 1))

    def shift(payload: Any) -> Any:
        if shifted.status_code == 200:
            items = _ITEMS[call.endpoint]
            payload[items] = payload_of(shifted)[items]
        return payload

    return await changed(call, shift)


async def ignore_limit(call: Call) -> Response:
    """Answer with pages of another size than was asked for."""
    return await call.answer_to(limit=str(call.options["ignore_limit"]))


async def short_pages(call: Call) -> Response:
    """Answer with fewer items than were asked for, and than `pageDetails` says."""

    def shorten(payload: Any) -> Any:
        del payload[_ITEMS[call.endpoint]][call.options["short_pages"] :]
        return payload

    return await changed(call, shorten)
