"""The documented payloads, and copies of them with one value changed."""

import copy
import json
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from gateway.sandbox.documented_examples import document
from gateway.upstream.customer_view.payload import CustomerPromotionPayload, restrictions_field
from gateway.upstream.decoding.decode import (
    Refusal,
    UpstreamPage,
    decode_customer_page,
    decode_definition_page,
)
from gateway.upstream.definitions.payload import DefinitionPayload
from gateway.upstream.normalise.enums import RestrictionStage
from gateway.upstream.normalise.limits import PromotionLimitFigures, parse_customer_limits
from gateway.upstream.normalise.restrictions import (
    RestrictionFigures,
    customer_restriction,
    stated_restrictions,
)
from gateway.upstream.normalise.restrictions import (
    customer_restrictions as read_customer_restrictions,
)

Item = TypeVar("Item")
Step = str | int

BROKEN: dict[str, Any] = {}
"""An item without an id: beside it, a page is read item by item."""


def customer_item() -> dict[str, Any]:
    """Return documented promotion 1119990 of customer 345854019, with the documented metadata."""
    item: dict[str, Any] = copy.deepcopy(
        document("customer_345854019_issued_page_of_6")["promotions"][0]
    )
    documented = document("customer_555380204_page_of_2")["promotions"][1]
    item["promotionMetadata"] = copy.deepcopy(documented["promotionMetadata"])
    return item


def definition_item() -> dict[str, Any]:
    """Return documented definition 96664 of program 973."""
    item: dict[str, Any] = copy.deepcopy(document("program_973_user_created")["data"][0])
    return item


def customer_page(*items: Any, **envelope: Any) -> bytes:
    """Return a page of the customer view as JSON."""
    page = {
        "pageDetails": {"pageNumber": 0, "pageSize": 10, "totalEntries": len(items)},
        "customerId": 345854019,
        "promotions": list(items),
        "warnings": [],
    }
    return _write(page | envelope)


def definition_page(*items: Any, **envelope: Any) -> bytes:
    """Return a page of the legacy list as JSON."""
    page = {
        "status": {"code": 200, "message": "success"},
        "validationErrors": None,
        "data": list(items),
        "pageDetails": {"pageNumber": 0, "pageSize": 100, "totalEntries": len(items)},
    }
    return _write(page | envelope)


def _write(page: dict[str, Any]) -> bytes:
    """Return compact JSON, so that JSON within an item is the same however it was decoded."""
    return json.dumps(page, separators=(",", ":")).encode()


def as_page(answer: UpstreamPage[Item] | Refusal) -> UpstreamPage[Item]:
    """Return a decoded page, and fail for an error body."""
    assert isinstance(answer, UpstreamPage)
    return answer


def read_customer(*items: Any) -> list[CustomerPromotionPayload | None]:
    """Decode items of the customer view for comparison."""
    return as_page(comparable(decode_customer_page)(customer_page(*items))).items


def read_definitions(*items: Any) -> list[DefinitionPayload | None]:
    """Decode items of the legacy list for comparison."""
    return as_page(comparable(decode_definition_page)(definition_page(*items))).items


def comparable(decode: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Replace the lazy fields' JSON by its values, because equal values may have different JSON."""

    def read(body: bytes) -> Any:
        page = decode(body)
        for item in page.items if isinstance(page, UpstreamPage) else ():
            if isinstance(item, DefinitionPayload):
                said: Any = item.rulesets
                item.rulesets_json = said
                said = item.rules
                item.rules_json = said
            if isinstance(item, CustomerPromotionPayload):
                said = restrictions_field.read(item.restrictions_json)
                item.restrictions_json = said
        return page

    return read


def customer_promotion(**changes: Any) -> CustomerPromotionPayload:
    """Decode the documented promotion with some keys changed."""
    (item,) = as_page(decode_customer_page(customer_page(customer_item() | changes))).items
    assert item is not None
    return item


def definition(**changes: Any) -> DefinitionPayload:
    """Decode the documented definition with some keys changed."""
    (item,) = as_page(decode_definition_page(definition_page(definition_item() | changes))).items
    assert item is not None
    return item


def definition_with_rules(**changes: Any) -> DefinitionPayload:
    """Decode the documented definition with keys of ``promotionRestrictions`` changed."""
    return definition(promotionRestrictions=definition_item()["promotionRestrictions"] | changes)


def put(payload: Any, path: tuple[Step, ...], value: Any) -> Any:
    """Return a copy of a payload with the value at a path replaced."""
    copied = copy.deepcopy(payload)
    place = copied
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return copied


def get(payload: Any, path: tuple[Step, ...]) -> Any:
    """Return the value at a path."""
    for step in path:
        payload = payload[step]
    return payload


def drop(payload: Any, path: tuple[Step, ...]) -> Any:
    """Return a copy of a payload without the value at a path."""
    copied = copy.deepcopy(payload)
    place = copied
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return copied


Decode = Callable[..., Any]
Write = Callable[..., bytes]
BOTH = pytest.mark.parametrize(
    ("decode", "write", "item", "list_key"),
    [
        (comparable(decode_customer_page), customer_page, customer_item(), "promotions"),
        (comparable(decode_definition_page), definition_page, definition_item(), "data"),
    ],
    ids=["customer view", "legacy list"],
)


def customer_limits(payload: CustomerPromotionPayload) -> PromotionLimitFigures:
    """Return the limits of a payload in the form of the graph."""
    return parse_customer_limits((payload.limits, payload.usage))


def customer_restrictions(
    payload: CustomerPromotionPayload,
    stage: RestrictionStage | None = None,
    *,
    include_disabled: bool = False,
) -> list[RestrictionFigures]:
    """Return the restrictions of a payload in the form of the graph."""
    stated = stated_restrictions(payload, stage, include_disabled=include_disabled)
    return [customer_restriction(each) for each in read_customer_restrictions(stated)]
