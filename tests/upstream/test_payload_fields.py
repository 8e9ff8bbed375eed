"""The documented fields by which drift is counted are all of the payloads', and nothing else."""

from enum import Enum
from typing import Any

import pytest

from gateway.sandbox.documented_examples import document
from gateway.upstream.decoding.decode import (
    decode_customer_page,
    decode_definition_page,
    decode_successor_page,
)
from gateway.upstream.decoding.drift import DriftKind
from gateway.upstream.normalise import enums
from gateway.upstream.payload_fields import payload_fields
from tests.support.payloads import (
    as_page,
    customer_item,
    customer_page,
    definition_item,
    definition_page,
)
from tests.support.successor import full_item, successor_body

FIELDS = payload_fields()
DECODERS = {
    "promotionData": decode_customer_page,
    "promotionsV2": decode_definition_page,
    "promotionById": decode_definition_page,
    "promotionsV3": decode_successor_page,
}


def test_each_series_is_there_once() -> None:
    """A field that is in two lists of a metric would be two series of one name."""
    for rows in FIELDS:
        assert len(set(rows)) == len(rows) > 0


def test_a_field_is_named_by_the_keys_that_lead_to_it() -> None:
    """Lists and keys of maps add nothing to it."""
    assert ("promotionData", "customerPromotionTimelines.issuedDetails.issualId") in FIELDS.needed
    assert ("promotionsV2", "rulesetInfos.rules.caseToActions.id") in FIELDS.needed
    assert ("promotionData", "pageDetails.totalEntries", "null") in FIELDS.undocumented


def test_documented_words_are_known() -> None:
    """No documented example has an unknown one."""
    for name in ("customer_345854019_issued_page_of_6", "customer_564332013_page_of_3"):
        page = as_page(decode_customer_page(customer_page(*document(name)["promotions"])))
        assert page.drift.fields(DriftKind.UNKNOWN) == []
    definitions = as_page(decode_definition_page(definition_page(definition_item())))
    assert definitions.drift.fields(DriftKind.UNKNOWN) == []


def _put(item: Any, path: str, word: str) -> None:
    """Set a word at each place of a path, in the first entry of each list."""
    key, _, rest = path.partition(".")
    if not rest:
        item[key] = word
        return
    inner = item.get(key) or ([{}] if key.endswith("Restrictions") else {})
    item[key] = inner
    _put(inner[0] if isinstance(inner, list) else inner, rest, word)


_NEEDED_NAMES = {"kpi": "NUMBER_OF_POINTS", "name": "MAX_ALLOWED_POINTS_PER_EVENT"}


def _with_word(endpoint: str, path: str) -> bytes:
    if endpoint == "promotionsV3":
        item = full_item()
        _put(item, path, "A_NEW_WORD")
        return successor_body(item)
    is_current = endpoint == "promotionData"
    item = customer_item() if is_current else definition_item()
    if not is_current and path.startswith("promotionRestrictions."):
        rules = item["promotionRestrictions"]
        rules["restrictions"] = {
            name: [dict(_NEEDED_NAMES)]
            for name in ("redemptionRestrictions", "issualRestrictions", "earnRestrictions")
        } | {"expiryRestrictions": [{"name": "EARN_PROMOTION_EXPIRY_BASED_ON"}]}
    if is_current and path.startswith("promotionRestriction."):
        item["promotionRestriction"] = {
            name: [dict(_NEEDED_NAMES)]
            for name in ("redemptionRestrictions", "issualRestrictions", "earnRestrictions")
        }
    _put(item, path, "A_NEW_WORD")
    return customer_page(item) if is_current else definition_page(item)


@pytest.mark.parametrize(("endpoint", "path"), FIELDS.enums)
@pytest.mark.parametrize("times", [1, 2])
def test_an_unknown_word_is_counted_each_time(endpoint: str, path: str, times: int) -> None:
    """At once and, beside an unreadable item, item by item; a blank or absent word is none."""
    decode: Any = DECODERS[endpoint]
    for _ in range(times):
        page = decode(_with_word(endpoint, path))
        assert page.drift == {(DriftKind.UNKNOWN, path): 1}
        assert (page.unreadable, page.total) == (0, 1)


def test_every_enum_of_the_platform_is_counted() -> None:
    """Each enum of the graph that has UNKNOWN for the platform's words has fields that count."""
    with_unknown = {
        name
        for name, value in vars(enums).items()
        if isinstance(value, type) and issubclass(value, Enum) and "UNKNOWN" in value.__members__
    }
    leaves = {path.rpartition(".")[2] for _endpoint, path in FIELDS.enums}
    assert {key for key, name in _COUNTED.items() if name in with_unknown} <= leaves
    assert with_unknown - set(_COUNTED.values()) == {"PromotionValidity"}  # of times, not of words


_COUNTED = {
    "pointsOfferType": "PromotionType",
    "eventName": "PromotionEvent",
    "promotionStatus": "PromotionStatus",
    "loyaltyEarningType": "EarningType",
    "type": "ExpiryBasis",
    "kpi": "RestrictionMeasure",
    "limitOn": "RestrictionScope",
    "periodType": "WindowType",
    "periodUnit": "WindowUnit",
}
