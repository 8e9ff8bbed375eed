"""Parts of expected results, in the form in which the graph shows them."""

from typing import Any


def limited(most: float, used: float | None = None, left: float | None = None) -> dict[str, Any]:
    """Return a limit that is not used up, or whose usage is unknown."""
    exhausted = None if used is None else False
    return {
        "kind": "LIMITED",
        "max": most,
        "used": used,
        "remaining": left,
        "isExhausted": exhausted,
    }


def unlimited(used: float | None) -> dict[str, Any]:
    """Return the limit that -1 stands for."""
    return {
        "kind": "UNLIMITED",
        "max": None,
        "used": used,
        "remaining": None,
        "isExhausted": False,
    }


def not_stated(used: float | None = None) -> dict[str, Any]:
    """Return the limit that 0 in `limits` stands for."""
    return {
        "kind": "NOT_STATED",
        "max": None,
        "used": used,
        "remaining": None,
        "isExhausted": None,
    }


def moving(unit: str) -> dict[str, Any]:
    """Return a moving window."""
    return {"type": "MOVING_WINDOW", "typeName": "MOVING_WINDOW", "unit": unit, "unitName": unit}


def restriction(
    words: str, scope: str, limit: dict[str, Any], window: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return a restriction; `words` are its stage, its measure and the upstream's name for it."""
    stage, measure, name = words.split()
    return {
        "stage": stage,
        "measure": measure,
        "measureName": name,
        "scope": scope,
        "scopeName": scope,
        "limit": limit,
        "window": window,
    }


ENROLMENTS = "ENROL ENROLMENTS NUMBER_OF_ISSUALS"
ISSUES = "ISSUE ISSUES NUMBER_OF_EARNS"
TIMES = "REDEEM TIMES NUMBER_OF_TIMES"
POINTS = "REDEEM POINTS NUMBER_OF_POINTS"
PER_ISSUE = "REDEEM REDEMPTIONS_PER_ISSUE NUMBER_OF_REDEMPTIONS_PER_EARN"

UNCONFIGURED = {
    "pointsPerEvent": not_stated(),
    "pointsPerCustomer": not_stated(0),
    "timesPerCustomer": not_stated(0),
    "pointsInPromotion": not_stated(),
}


def node(customer_id: str, promotion: dict[str, Any], **own: Any) -> dict[str, Any]:
    """Return a customer's promotion, with the values of most examples where none is given."""
    usual: dict[str, Any] = {
        "metadata": [],
        "limits": UNCONFIGURED,
        "restrictions": [],
        "enrolments": None,
        "currentEnrolment": None,
        "nextExpiryAt": None,
    }
    whole = {"customer": {"customerId": customer_id}, "promotion": promotion} | usual | own
    return {"disabledToo": whole["restrictions"]} | whole


def promotion(program_id: str, promotion_id: str, name: str, **own: Any) -> dict[str, Any]:
    """Return a promotion; by default of type GENERIC, and ended."""
    return {
        "promotionId": promotion_id,
        "programId": program_id,
        "program": {"programId": program_id},
        "name": name,
        "type": "GENERIC",
        "typeName": "GENERIC",
        "event": "TRANSACTION_ADD",
        "eventName": "TransactionAdd",
        "isActive": True,
        "validity": "ENDED",
    } | own
