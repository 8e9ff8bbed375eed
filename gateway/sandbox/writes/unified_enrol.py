"""POST /v3/promotions/enrol: enrolling and opting in, for promotions of the new interface.

| refused | answer |
|---|---|
| `action`, `promotion`, its `id` or its `promotionId` is missing | 310002 to 310005 |
| `customer`, its identifier, its `source`, or `programId` is missing | 310006 to 310009 |
| no JSON | 999999 |
| program, promotion or customer not found, promotion not running | 400, told by the message |
| GENERIC, and OPT_IN where there is none or without an enrolment | 400, told by the message |
| before, after or outside of the opt-in window | 310229, 310230, 310238 |
| enrolled already, or a limit is reached | SUCCESS without ids, and a warning |
| the engine does not answer | SUCCESS without ids, and another warning |

All have HTTP status 400 but the last two. Only some codes are documented: 310008 and the window's;
which of 310002 to 310009 is for which other member is a guess.
"""

from datetime import datetime
from typing import Any

from gateway.sandbox.customer import Customer
from gateway.sandbox.promotion import DIRECT_ISSUE
from gateway.sandbox.responses import UnifiedRefusal, envelope
from gateway.sandbox.successor.promotion import OPEN_STATUSES, UnifiedPromotion
from gateway.sandbox.writes.body import json_object, member, number, text
from gateway.sandbox.writes.ledger import Ledger, NotPossible
from gateway.sandbox.writes.log import Entry

LIMIT_WARNING = (
    "Unable to enroll in promotions. Customer already enrolled or limit reached."  # as documented
)
MILESTONE_WARNING = "failed to enrol into milestones"
SILENCE_WARNING = "No Response from EMF service"
_IDENTIFIERS = frozenset({"id", "mobile", "email"})
_ACTIONS = frozenset({"ENROL", "OPT_IN"})


def enrol(ledger: Ledger, entry: Entry, body: bytes) -> dict[str, Any]:
    """Return the JSON of the endpoint. Raise UnifiedRefusal."""
    request = json_object(body, lambda: UnifiedRefusal(999999, "Malformed JSON request"))
    _require_members(request)
    action = text(request, "action")
    unified = _promotion(ledger, request)
    customer = _customer(ledger, member(request, "customer"))
    if action == "OPT_IN":
        _require_opt_in(ledger, request, unified)
    ids, warnings = _apply(ledger, entry, action, customer, unified)
    return envelope(_answer(request, unified, customer, *ids), warnings=warnings or None)


def _require_members(request: dict[str, Any]) -> None:
    promotion, customer = member(request, "promotion"), member(request, "customer")
    identifier = text(customer, "identifierName") and text(customer, "identifierValue")
    required: tuple[tuple[int, str, Any], ...] = (
        (310002, "action", text(request, "action")),
        (310003, "promotion", promotion),
        (310004, "promotion.id", text(promotion, "id")),
        (310005, "promotion.promotionId", number(promotion, "promotionId")),
        (310006, "customer", customer),
        (310007, "customer.identifierName and customer.identifierValue", identifier),
        (310008, "customer.source", text(customer, "source")),
        (310009, "programId", number(request, "programId")),
    )
    for code, name, found in required:
        if not found:
            raise UnifiedRefusal(code, f"{name} is missing")
    if text(request, "action") not in _ACTIONS:
        raise UnifiedRefusal(310002, "action must be ENROL or OPT_IN")
    if text(customer, "identifierName") not in _IDENTIFIERS:
        raise UnifiedRefusal(310007, "identifierName must be id, mobile or email")


def _promotion(ledger: Ledger, request: dict[str, Any]) -> UnifiedPromotion:
    """Return the version with both ids, if customers may enrol in it."""
    program_id = number(request, "programId")
    if program_id not in ledger.world.programs:
        raise UnifiedRefusal(400, "Program not found")
    wanted = member(request, "promotion")
    for unified in ledger.world.unified:
        promotion = unified.promotion
        if (
            unified.hex_id == text(wanted, "id")
            and promotion.promotion_id == number(wanted, "promotionId")
            and promotion.program_id == program_id
            and unified.status in OPEN_STATUSES
        ):
            return unified
    raise UnifiedRefusal(400, "Promotion not found or not in LIVE or UPCOMING status")


def _customer(ledger: Ledger, wanted: dict[str, Any]) -> Customer:
    name, value = text(wanted, "identifierName"), text(wanted, "identifierValue")
    customer = ledger.world.customer(name, value)
    if customer is None or not customer.is_registered_on(text(wanted, "source")):
        raise UnifiedRefusal(400, "Customer not found")
    return customer


def _require_opt_in(ledger: Ledger, request: dict[str, Any], unified: UnifiedPromotion) -> None:
    if unified.promotion.offer_type == DIRECT_ISSUE:
        raise UnifiedRefusal(400, "OPT_IN is not supported for this promotion")
    now = ledger.clock()
    if unified.opens_at is not None and now < unified.opens_at:
        raise UnifiedRefusal(310229, "Opt-in window has not started")
    if unified.closes_at is not None and now > unified.closes_at:
        raise UnifiedRefusal(310230, "Opt-in window has ended")
    given = text(request, "optinDate")
    if given and not _is_within(given, unified):
        raise UnifiedRefusal(310238, "optinDate is outside of the opt-in window")


def _is_within(given: str, unified: UnifiedPromotion) -> bool:
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        return False
    if moment.tzinfo is None:
        return False
    opens_at = unified.opens_at or unified.promotion.starts_at
    closes_at = unified.closes_at or unified.promotion.ends_at
    return opens_at <= moment <= closes_at


def _apply(
    ledger: Ledger, entry: Entry, action: str, customer: Customer, unified: UnifiedPromotion
) -> tuple[tuple[int | None, int | None], list[str]]:
    """Return the ids of the enrolment and of the opt-in, and warnings."""
    if unified.enrol_fault == "unconfirmed":
        return (None, None), [SILENCE_WARNING]
    try:
        ids = _act(ledger, action, customer, unified)
    except NotPossible as refused:
        match refused.reason:
            case "generic":
                raise UnifiedRefusal(400, "GENERIC promotions cannot be enrolled in") from None
            case "not_enrolled":
                raise UnifiedRefusal(400, _NO_ENROLMENT) from None
            case _:
                return (None, None), [LIMIT_WARNING]
    entry["applied"] = True
    if unified.enrol_fault == "unconfirmed_applied":
        return (None, None), [SILENCE_WARNING]
    return ids, [MILESTONE_WARNING] if unified.enrol_fault == "milestones" else []


_NO_ENROLMENT = "[NO_ACTIVE_ENROLLMENT] Customer is not enrolled in the promotion"


def _act(
    ledger: Ledger, action: str, customer: Customer, unified: UnifiedPromotion
) -> tuple[int, int | None]:
    if action == "OPT_IN":
        enrolment, issue = ledger.issue(customer, unified.promotion)
        return enrolment.enrolment_id, issue.issue_id
    enrolment = ledger.enrol(customer, unified.promotion)
    issued = enrolment.issues[0].issue_id if enrolment.issues else None
    return enrolment.enrolment_id, issued


def _answer(
    request: dict[str, Any],
    unified: UnifiedPromotion,
    customer: Customer,
    enrolment_id: int | None,
    issue_id: int | None,
) -> dict[str, Any]:
    wanted = member(request, "customer")
    return {
        "requestId": request.get("requestId"),
        "action": request["action"],
        "customer": {
            "identifierName": wanted["identifierName"],
            "identifierValue": wanted["identifierValue"],
            "customerId": customer.customer_id,
        },
        "enrollmentStatus": {
            "promotion": {
                "id": unified.promotion.promotion_id,
                "identifier": unified.promotion.identifier,
                "programId": unified.promotion.program_id,
                "enrollmentId": None if enrolment_id is None else str(enrolment_id),
                "optinId": None if issue_id is None else str(issue_id),
            },
            "milestone": {"status": None, "milestones": []},
        },
        "status": "SUCCESS",
    }
