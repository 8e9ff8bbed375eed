"""Well-formed responses that are wrong, computed from the original ones: pages, totals, tokens."""

from datetime import timedelta
from typing import Any

import msgspec
from starlette.responses import Response

from gateway.sandbox.auth import TOKEN_HEADERS
from gateway.sandbox.faults.mode import Call, payload_of, with_body
from gateway.sandbox.faults.payload import changed, items_of
from gateway.sandbox.responses import whole_number

# By endpoint: the parameter that selects a page.
_PLACES = {"promotionData": "offset", "promotionsV2": "offset", "promotionsV3": "page"}


async def other_customer(call: Call) -> Response:
    """Return another customer's page, or the right page under another customer's id."""
    original = await call.original_response()
    if original.status_code != 200:
        return original
    if call.options["part"] == "whole":
        other = call.options["other_customer"]
        return await call.original_with(
            identifierName="externalId", identifierValue=other, source="ALL"
        )
    payload = payload_of(original)
    payload["customerId"] += 1
    return with_body(original, msgspec.json.encode(payload))


async def totals(call: Call) -> Response:
    """Return a page with a wrong total, or without it."""
    total = call.options["totals"]

    def falsify(payload: Any) -> Any:
        holder, name = payload.get("pageDetails"), "totalEntries"
        if holder is None:
            holder, name = payload["data"], "totalElements"
        if total == "missing":
            holder.pop(name)
        else:
            holder[name] = None if total == "null" else total
        return payload

    return await changed(call, falsify)


async def duplicates(call: Call) -> Response:
    """Start every page except the first with the last item of the previous one."""
    parameter = _PLACES[call.endpoint]
    place = whole_number(call.request.query_params.get(parameter, "0"))
    if not place or place < 0:
        return await call.original_response()
    before = await call.original_with(**{parameter: str(place - 1)})

    def shift(payload: Any) -> Any:
        repeated = items_of(payload_of(before)) if before.status_code == 200 else []
        items = items_of(payload)
        if parameter == "page":
            # Pages have numbers, so that the one before ends where this one begins.
            repeated = [*repeated[-1:], *items][: len(items)]
        items[:] = repeated
        return payload

    return await changed(call, shift)


async def ignore_limit(call: Call) -> Response:
    """Return a page of another size than requested."""
    name = "size" if call.endpoint == "promotionsV3" else "limit"
    return await call.original_with(**{name: str(call.options["ignore_limit"])})


async def short_pages(call: Call) -> Response:
    """Return fewer items than requested, and than `pageDetails` states."""

    def shorten(payload: Any) -> Any:
        del items_of(payload)[call.options["short_pages"] :]
        return payload

    return await changed(call, shorten)


async def short_token(call: Call) -> Response:
    """Return a token that expires before its `ttlSeconds`; with 0 it is never accepted."""
    response = await call.original_response()
    if response.status_code == 200:
        token = payload_of(response)["data"]["accessToken"]
        call.authentication.expire_in(token, timedelta(seconds=call.options["short_token"]))
    return response


async def revoke_token(call: Call) -> Response:
    """Revoke the token of the call, which gets a 401, like all later ones with it."""
    for name in TOKEN_HEADERS:
        token = call.request.headers.get(name)
        if token is not None:
            call.authentication.expire_in(token, timedelta())
    return await call.original_response()
