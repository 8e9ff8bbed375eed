"""POST /v2/promotion/issue: the oldest way to enrol or to issue, for one customer.

A direct issue is issued, anything else is enrolled in. The response has no id: what happened shows
in the customer view. Errors have the codes of the bulk endpoints.
"""

from collections.abc import Mapping
from typing import Any

from gateway.sandbox.promotion import DIRECT_ISSUE
from gateway.sandbox.responses import Refusal
from gateway.sandbox.writes.body import json_object
from gateway.sandbox.writes.bulk import attempt, find_customer, old_promotion
from gateway.sandbox.writes.ledger import Ledger
from gateway.sandbox.writes.log import Entry

_IDENTIFIERS = frozenset({"id", "mobile", "email", "externalId"})


def issue(
    ledger: Ledger, entry: Entry, body: bytes, parameters: Mapping[str, str]
) -> dict[str, Any]:
    """Return the JSON of the endpoint. Raise Refusal."""
    request = json_object(body, lambda: Refusal(1101, "Invalid input"))
    name = parameters.get("identifierName", "")
    if name not in _IDENTIFIERS:
        raise Refusal(8013, "Identifier name missing or incorrect")
    if parameters.get("type", "CUSTOMER") != "CUSTOMER":
        raise Refusal(1101, "Invalid input: type")
    promotion = old_promotion(ledger, request, needs_active=True)
    customer = find_customer(
        ledger, name, parameters.get("identifierValue", ""), parameters.get("source", "")
    )

    def act() -> dict[str, Any]:
        ledger.enrol(customer, promotion)
        return {}

    attempt(act)
    entry["applied"] = True
    effect = "PROMOTION_EARNED" if promotion.offer_type == DIRECT_ISSUE else "PROMOTION_ISSUED"
    return {
        "warnings": [],
        "errors": [],
        "sideEffects": [
            {
                "type": effect,
                "programId": promotion.program_id,
                "promotionId": promotion.promotion_id,
            }
        ],
    }
