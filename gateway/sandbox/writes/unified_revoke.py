"""POST /v3/promotions/revoke: revoking enrolments and opt-ins of the new interface.

| refused | answer |
|---|---|
| no JSON | 999999 |
| a member is missing or wrong, promotion not found, STOPPED, no opt-in there | 400 |
| a `requestId` that was used before | 558, with this HTTP status |
| customer not found | FAILED, 3901 for the customer |
| no active opt-in, none of those ids | FAILED, 8892 for the customer |
| none of those enrolments | FAILED, 8893 for the customer |
| no enrolment at all | FAILED, 400 with `[NO_ACTIVE_ENROLLMENT]` for the customer |

What is refused for the customer has HTTP status 200. What 3901, 8892 and 8893 mean is a guess.
"""

from collections.abc import Mapping
from typing import Any

from gateway.sandbox.customer import Customer
from gateway.sandbox.promotion import DIRECT_ISSUE
from gateway.sandbox.responses import UnifiedRefusal, envelope
from gateway.sandbox.successor.promotion import UnifiedPromotion
from gateway.sandbox.writes.body import json_object, member, number, numbers, text
from gateway.sandbox.writes.ledger import Ledger, NotPossible
from gateway.sandbox.writes.log import Entry

DUPLICATE_REQUEST = 558
_IDENTIFIERS = frozenset({"id", "mobile", "email", "externalId"})
_MAX_IDS = 10
_MAX_REQUEST_ID_LENGTH = 50
# By action: the member with the ids, and the parameter that means all of them.
_ACTIONS = {
    "REVOKE_ENROLL": ("enrollmentIds", "revokeAllEnrollments"),
    "REVOKE_OPTIN": ("optInIds", "revokeAllOptIns"),
}
# Not a version that was ever in force.
_UNPUBLISHED = frozenset({"DRAFT", "PENDING_APPROVAL", "REJECTED", "SNAPSHOT"})


def revoke(
    ledger: Ledger, entry: Entry, body: bytes, parameters: Mapping[str, str]
) -> dict[str, Any]:
    """Return the JSON of the endpoint. Raise UnifiedRefusal."""
    request = json_object(body, lambda: UnifiedRefusal(999999, "Malformed JSON request"))
    action = text(request, "action")
    if action not in _ACTIONS:
        raise _invalid("action must be REVOKE_ENROLL or REVOKE_OPTIN")
    wanted = _only_customer(request)
    ids = _ids(wanted, action, parameters)
    unified = _promotion(ledger, request)
    if action == "REVOKE_OPTIN" and unified.promotion.offer_type == DIRECT_ISSUE:
        raise _invalid("OPT_IN is not supported for this promotion")
    _use_request_id(ledger, request)
    result = _result(wanted)
    customer = ledger.world.customer(
        text(wanted, "identifierName"), text(wanted, "identifierValue")
    )
    if customer is None or not customer.is_registered_on(text(wanted, "source") or "INSTORE"):
        _fail(result, 3901, "Customer not found")
    else:
        result["customerId"] = customer.customer_id
        _revoke(ledger, entry, action, customer, unified, ids, result)
    return envelope(_answer(request, unified, result))


def _invalid(message: str) -> UnifiedRefusal:
    return UnifiedRefusal(400, message)


def _only_customer(request: dict[str, Any]) -> dict[str, Any]:
    customers = request.get("customers")
    if not isinstance(customers, list) or len(customers) != 1:
        raise _invalid("exactly one customer is supported")
    wanted = customers[0]
    if (
        not isinstance(wanted, dict)
        or text(wanted, "identifierName") not in _IDENTIFIERS
        or not text(wanted, "identifierValue")
    ):
        raise _invalid("identifierName and identifierValue are required")
    return wanted


def _ids(wanted: dict[str, Any], action: str, parameters: Mapping[str, str]) -> list[int] | None:
    """Return the ids to revoke; None for all of them."""
    name, everything = _ACTIONS[action]
    if parameters.get(everything, "false").lower() == "true":
        return None
    try:
        ids = numbers(wanted, name)
    except ValueError:
        raise _invalid(f"{name} must be a list of numbers") from None
    if ids is None:
        raise _invalid(f"{name} or {everything} is required")
    if len(ids) > _MAX_IDS:
        raise _invalid(f"at most {_MAX_IDS} {name} are supported")
    return ids


def _promotion(ledger: Ledger, request: dict[str, Any]) -> UnifiedPromotion:
    """Return the version in force of the promotion, by its number or its identifier."""
    program_id = number(request, "programId")
    wanted = member(request, "promotion")
    promotion_id, identifier = number(wanted, "promotionId"), text(wanted, "promotionIdentifier")
    if program_id is None or (promotion_id is None) == (not identifier):
        raise _invalid("programId, and either promotionId or promotionIdentifier are required")
    found = [
        unified
        for unified in ledger.world.unified
        if unified.promotion.program_id == program_id
        and unified.status not in _UNPUBLISHED
        and (
            unified.promotion.promotion_id == promotion_id
            if promotion_id is not None
            else unified.promotion.identifier == identifier
        )
    ]
    if not found:
        raise _invalid("Promotion not found")
    newest = max(found, key=lambda unified: unified.version)
    if newest.status == "STOPPED":
        raise _invalid("Revoke is not allowed on a STOPPED promotion")
    return newest


def _use_request_id(ledger: Ledger, request: dict[str, Any]) -> None:
    request_id = text(request, "requestId")
    if len(request_id) > _MAX_REQUEST_ID_LENGTH:
        raise _invalid(f"requestId must have at most {_MAX_REQUEST_ID_LENGTH} characters")
    if request_id in ledger.request_ids:
        raise UnifiedRefusal(DUPLICATE_REQUEST, "Duplicate requestId", DUPLICATE_REQUEST)
    if request_id:
        ledger.request_ids.add(request_id)


def _result(wanted: dict[str, Any]) -> dict[str, Any]:
    return {
        "identifierName": wanted["identifierName"],
        "identifierValue": wanted["identifierValue"],
        "customerId": None,
        "revokedEnrollmentIds": [],
        "revokedOptInIds": [],
        "status": "SUCCESS",
        "errors": [],
        "warnings": [],
    }


def _fail(result: dict[str, Any], code: int, message: str) -> None:
    result["status"] = "FAILED"
    result["errors"].append({"code": code, "message": message})


def _revoke(  # noqa: PLR0913, PLR0917 - who, what, and where the result goes
    ledger: Ledger,
    entry: Entry,
    action: str,
    customer: Customer,
    unified: UnifiedPromotion,
    ids: list[int] | None,
    result: dict[str, Any],
) -> None:
    """Revoke enrolments with their opt-ins, or opt-ins; put the ids or an error in the result."""
    promotion = unified.promotion
    try:
        if action == "REVOKE_OPTIN":
            result["revokedOptInIds"] = ledger.withdraw_issues(customer, promotion, ids)
        else:
            removed = ledger.withdraw_enrolments(customer, promotion, ids)
            result["revokedEnrollmentIds"] = [each.enrolment_id for each in removed]
            result["revokedOptInIds"] = [
                issue.issue_id for each in removed for issue in each.issues
            ]
    except NotPossible:
        if action == "REVOKE_OPTIN":
            _fail(result, 8892, "No active opt-in found")
        elif ids is None:
            _fail(result, 400, "[NO_ACTIVE_ENROLLMENT] No active enrollment found")
        else:
            _fail(result, 8893, "Enrollment not found")
        return
    entry["applied"] = True


def _answer(
    request: dict[str, Any], unified: UnifiedPromotion, result: dict[str, Any]
) -> dict[str, Any]:
    return {
        "requestId": request.get("requestId"),
        "action": request["action"],
        "status": result["status"],
        "promotionId": unified.promotion.promotion_id,
        "promotionIdentifier": unified.promotion.identifier,
        "customerResults": [result],
        "totalCount": 1,
        "failureCount": int(result["status"] == "FAILED"),
    }
