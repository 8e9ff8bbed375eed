"""The old writes for up to a hundred customers at once: enrolling, issuing and revoking.

`POST /v2/promotion/bulk/…`: `enrolAndEarn`, `directEarn`, `revokeEnrolAndEarn`,
`revokeDirectEarn`. They know promotions of the old interface only. What is refused for a customer
stands beside the others' results, under HTTP status 200:

| code | refused |
|---|---|
| 8015 | customer not found |
| 8874, 8896 | program, promotion not found |
| 8892 | promotion inactive |
| 8881 | nothing of this type can be enrolled in, issued or revoked so |
| 8899 | enrolled already, or a limit is reached |
| 8901 | not enrolled, so that nothing can be issued |
| 8902 | ENROL of a direct issue; of a revocation: nothing to revoke |
| 8903 | an enrolment cannot be revoked before its issues |

A malformed request is 1101, and more than a hundred customers 11013, for all. Only 8015, 8892 and
8902 of ENROL are documented with their meaning; the other codes are documented, their meaning here
is a guess.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.sandbox.customer import Customer
from gateway.sandbox.promotion import DIRECT_ISSUE, ENROL_AND_ISSUE, GENERIC, Promotion
from gateway.sandbox.responses import Refusal
from gateway.sandbox.writes.body import json_object, member, number, numbers, text
from gateway.sandbox.writes.ledger import Ledger, NotPossible, Reason
from gateway.sandbox.writes.log import Entry

_IDENTIFIERS = frozenset({"id", "mobile", "email"})
_MAX_CUSTOMERS = 100
_CODES: dict[Reason, tuple[int, str]] = {
    "generic": (8881, "Promotion type is not supported"),
    "limit": (8899, "Limit of the promotion is reached for the customer"),
    "not_enrolled": (8901, "Customer is not enrolled in the promotion"),
    "nothing": (8902, "Nothing to revoke"),
    "has_issues": (8903, "Issues have to be revoked before the enrolment"),
}

Item = dict[str, Any]
Act = Callable[[Ledger, Customer, Promotion, Item], dict[str, Any]]


def _enrol(ledger: Ledger, customer: Customer, promotion: Promotion, _item: Item) -> dict[str, Any]:
    if promotion.offer_type == DIRECT_ISSUE:
        raise Refusal(8902, "ENROL is not supported for a direct issue")
    return {"issualId": str(ledger.enrol(customer, promotion).enrolment_id)}


def _earn(ledger: Ledger, customer: Customer, promotion: Promotion, _item: Item) -> dict[str, Any]:
    enrolment, issue = ledger.issue(customer, promotion)
    # Of a direct issue the enrolment's id is a dummy, which the customer view does not know.
    is_direct = promotion.offer_type == DIRECT_ISSUE
    enrolment_id = ledger.next_id() if is_direct else enrolment.enrolment_id
    return {"issualId": str(enrolment_id), "earnedId": str(issue.issue_id)}


def _direct_earn(
    ledger: Ledger, customer: Customer, promotion: Promotion, item: Item
) -> dict[str, Any]:
    if promotion.offer_type != DIRECT_ISSUE:
        raise Refusal(8881, "Promotion type is not supported")
    return _earn(ledger, customer, promotion, item)


def _revoke_enrol(
    ledger: Ledger, customer: Customer, promotion: Promotion, _item: Item
) -> dict[str, Any]:
    if promotion.offer_type != ENROL_AND_ISSUE:
        raise Refusal(8881, "Promotion type is not supported")
    return {"revokedIssualId": str(ledger.withdraw_newest(customer, promotion).enrolment_id)}


def _revoke_earn(
    ledger: Ledger, customer: Customer, promotion: Promotion, item: Item
) -> dict[str, Any]:
    if promotion.offer_type == GENERIC:
        raise Refusal(8881, "Promotion type is not supported")
    try:
        ids = numbers(item, "earnIds")
    except ValueError:
        raise Refusal(1101, "Invalid input: earnIds") from None
    removed = ledger.withdraw_issues(customer, promotion, ids)
    return {"revokedEarnIds": [str(each) for each in removed]}


@dataclass(frozen=True, slots=True)
class BulkEndpoint:
    """One of the four: what each `bulkAction` does, "" where the endpoint has none.

    `results` are the members of a result, which are null where nothing was done. Only what runs can
    be enrolled in and issued (`needs_active`).
    """

    actions: dict[str, Act]
    results: tuple[str, ...]
    needs_active: bool


ENROL_AND_EARN = BulkEndpoint(
    {"ENROL": _enrol, "EARN": _earn}, ("issualId", "earnedId"), needs_active=True
)
DIRECT_EARN = BulkEndpoint({"": _direct_earn}, ("issualId", "earnedId"), needs_active=True)
REVOKE_ENROL_AND_EARN = BulkEndpoint(
    {"REVOKE_ENROL": _revoke_enrol, "REVOKE_EARN": _revoke_earn},
    ("revokedIssualId", "revokedEarnIds"),
    needs_active=False,
)
REVOKE_DIRECT_EARN = BulkEndpoint({"": _revoke_earn}, ("revokedEarnIds",), needs_active=False)


def bulk(endpoint: BulkEndpoint, ledger: Ledger, entry: Entry, body: bytes) -> dict[str, Any]:
    """Return the JSON of an endpoint. Raise Refusal for a malformed request."""
    request = json_object(body, lambda: Refusal(1101, "Invalid input"))
    act = endpoint.actions.get(text(request, "bulkAction") if "" not in endpoint.actions else "")
    customers = request.get("customers")
    if (
        text(request, "type") != "CUSTOMER"
        or act is None
        or text(request, "identifierName") not in _IDENTIFIERS
        or not isinstance(customers, list)
        or not customers
        or not all(isinstance(item, dict) for item in customers)
    ):
        raise Refusal(1101, "Invalid input")
    if len(customers) > _MAX_CUSTOMERS:
        raise Refusal(11013, "Too many customers")
    response = [_one(endpoint, act, ledger, entry, request, item) for item in customers]
    return {
        "response": response,
        "totalCount": len(response),
        "failureCount": sum(bool(each["errors"]) for each in response),
    }


def _one(  # noqa: PLR0913, PLR0917 - the endpoint's parts, and the customer's
    endpoint: BulkEndpoint,
    act: Act,
    ledger: Ledger,
    entry: Entry,
    request: dict[str, Any],
    item: Item,
) -> dict[str, Any]:
    """Act for one customer; return their result, or their error."""
    details = member(request, "promotionDetails")
    result: dict[str, Any] = {
        "entityType": "CUSTOMER",
        "entityId": None,
        "promotionId": number(details, "promotionId"),
        "programId": number(details, "programId"),
    } | dict.fromkeys(endpoint.results)
    errors: list[dict[str, Any]] = []
    try:
        promotion = old_promotion(ledger, details, needs_active=endpoint.needs_active)
        result["promotionId"] = promotion.promotion_id
        customer = find_customer(
            ledger,
            text(request, "identifierName"),
            text(item, "identifierValue"),
            text(item, "source"),
        )
        result["entityId"] = customer.customer_id
        result |= attempt(lambda: act(ledger, customer, promotion, item))
        entry["applied"] = True
    except Refusal as refusal:
        errors.append({"status": False, "code": refusal.code, "message": refusal.message})
    return {"result": result, "errors": errors, "warnings": []}


def attempt(act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what an action returns; raise Refusal with the code of what is not possible."""
    try:
        return act()
    except NotPossible as refused:
        raise Refusal(*_CODES[refused.reason]) from None


def old_promotion(ledger: Ledger, details: dict[str, Any], *, needs_active: bool) -> Promotion:
    """Return a promotion of the old interface, by its number or identifier. Raise Refusal."""
    program = ledger.world.programs.get(number(details, "programId") or -1)
    if program is None:
        raise Refusal(8874, "Program not found")
    promotion_id, identifier = number(details, "promotionId"), text(details, "promoIdentifier")
    for promotion in program.definitions:
        if (
            promotion.promotion_id == promotion_id
            if promotion_id is not None
            else identifier and promotion.identifier == identifier
        ):
            if needs_active and (not promotion.active or promotion.ends_at < ledger.clock()):
                raise Refusal(8892, "Promotion is inactive")
            return promotion
    raise Refusal(8896, "Promotion not found")


def find_customer(ledger: Ledger, name: str, value: str, source: str) -> Customer:
    """Return a customer, on INSTORE without a source. Raise Refusal 8015."""
    customer = ledger.world.customer(name, value)
    if customer is None or not customer.is_registered_on(source or "INSTORE"):
        raise Refusal(8015, "Customer not found for the given identifiers")
    return customer
