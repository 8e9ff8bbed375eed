"""The payload of one definition, for the legacy `promotionsV2` (keys in documented order)."""

from datetime import datetime, timedelta
from typing import Any

from gateway.sandbox.promotion import (
    DIRECT_ISSUE,
    ENROL_AND_ISSUE,
    Program,
    Promotion,
    Restriction,
    exact_number,
)
from gateway.sandbox.rulesets import render_rulesets

# The points of a single issue: a restriction that only the legacy endpoint has.
POINTS_PER_ISSUE = "MAX_POINTS_PER_EARN_PER_CUSTOMER"

_NAMES = {
    ("NUMBER_OF_POINTS", "EVENT"): "MAX_ALLOWED_POINTS_PER_EVENT",
    ("NUMBER_OF_POINTS", "CUSTOMER"): "MAX_ALLOWED_POINTS_PER_CUSTOMER",
    ("NUMBER_OF_POINTS", "PROMOTION"): "MAX_ALLOWED_POINTS_PER_PROMOTION",
    ("NUMBER_OF_TIMES", "CUSTOMER"): "MAX_ALLOWED_TIMES_PER_CUSTOMER",
    ("NUMBER_OF_TIMES", "PROMOTION"): "MAX_ALLOWED_TIMES_PER_PROMOTION",
    ("NUMBER_OF_REDEMPTIONS_PER_EARN", "CUSTOMER"): "MAX_REDEMPTIONS_PER_EARN_PER_CUSTOMER",
    ("NUMBER_OF_ISSUALS", "CUSTOMER"): "MAX_NUMBER_OF_ISSUALS_PER_CUSTOMER",
    ("NUMBER_OF_EARNS", "CUSTOMER"): "MAX_NUMBER_OF_EARNS_PER_CUSTOMER",
    ("NUMBER_OF_EARNS", "PROMOTION"): "MAX_NUMBER_OF_EARNS_PER_PROMOTION",
}

_SCOPES: tuple[list[Any] | None, ...] = (
    None,
    ["PROGRAM"],
    [{"type": "TIER", "ids": [11, 12]}, {"type": "SUPPLEMENTARY_PROGRAM", "ids": []}],
)
_REMINDER = {
    "remindBeforeDays": [7, 1],
    "smsTemplate": "Your promotion ends soon",
    "mailSubject": "",
}


def render_definition(promotion: Promotion, program: Program) -> dict[str, Any]:
    """Return one item of `data`."""
    if promotion.documented_definition is not None:
        return dict(promotion.documented_definition)
    limits = promotion.limits
    payload: dict[str, Any] = {
        "id": promotion.promotion_id,
        "name": promotion.name,
        "description": promotion.description,
        "promotionStatus": promotion.status,
        "lastUpdateDate": instant(_last_update(promotion)),
        "lastUpdatedBy": 75_001_234 if promotion.promotion_id % 3 == 0 else -1,
        "rulesetInfos": render_rulesets(promotion),
        "programName": program.name,
        "programId": promotion.program_id,
        "startDate": instant(promotion.starts_at),
        "endDate": instant(promotion.ends_at),
        "identifier": promotion.identifier,
        "isActive": promotion.active,
        "eventName": _event_name(promotion),
        "allocatePointsOn": "LINE_ITEM" if promotion.promotion_id % 4 == 0 else "BILL",
        "limits": {
            "pointsPerCustomer": exact_number(limits.points_per_customer),
            "numberOfTimesPerCustomer": exact_number(limits.times_per_customer),
            "totalPointsInPromotion": exact_number(limits.points_in_promotion),
            "totalPointsPerEventLimit": exact_number(limits.points_per_event),
        },
        "useProportions": promotion.promotion_id % 5 == 0,
        "pointsOfferType": _offer_type(promotion),
    }
    if program.has_promotion_types:
        payload["promotionRestrictions"] = _promotion_restrictions(promotion)
    return payload


def _promotion_restrictions(promotion: Promotion) -> dict[str, Any]:
    number = promotion.promotion_id
    groups = _target_groups(promotion)
    return {
        "restrictions": {
            "redemptionRestrictions": [
                _redemption_restriction(restriction)
                for restriction in promotion.redemption_restrictions
            ],
            "issualRestrictions": [_plain(r) for r in promotion.issual_restrictions],
            "earnRestrictions": _earn_restrictions(promotion),
            "expiryRestrictions": _expiry_restrictions(promotion),
        },
        "scope": _SCOPES[number % len(_SCOPES)],
        "loyaltyEarningType": _earning_type(promotion),
        "expiryReminder": _REMINDER if number % 19 == 0 else None,
        "targetGroupIds": list(groups),
        "targetRuleIds": [rule for rules in groups.values() for rule in rules],
        "linkedTargetGroupVsTargetRuleIdMap": {str(key): rules for key, rules in groups.items()},
        "cappingStatus": (True if number % 2 else "ENABLED") if number % 11 == 0 else None,
        "skipEarnedDateCheckOnRedeem": number % 13 == 0,
        "isStackable": number % 2 == 0,
        "isConsideredForRanking": number % 3 == 0,
        "isExclusive": number % 7 == 0,
        "isAlwaysApply": number % 17 == 0,
    }


def _redemption_restriction(restriction: Restriction) -> dict[str, Any]:
    unit = restriction.period_unit
    return _plain(restriction) | {
        "type": "PERIOD_BASED" if unit else "NON_PERIOD_BASED",
        "periodType": "MOVING_WINDOW" if unit else None,
        "periodUnit": unit,
    }


def _plain(restriction: Restriction) -> dict[str, Any]:
    # An unknown kpi gets a name by the same pattern, so that both endpoints stay comparable.
    fallback = f"MAX_{restriction.kpi}_PER_{restriction.limit_on}"
    return {
        "name": _NAMES.get((restriction.kpi, restriction.limit_on), fallback),
        "value": exact_number(restriction.maximum),
    }


def _earn_restrictions(promotion: Promotion) -> list[dict[str, Any]]:
    restrictions = [_plain(restriction) for restriction in promotion.earn_restrictions]
    if promotion.earn_restrictions and promotion.promotion_id % 3 == 0:
        restrictions.append({"name": POINTS_PER_ISSUE, "value": 50})
    return restrictions


def _expiry_restrictions(promotion: Promotion) -> list[dict[str, Any]]:
    """Return the expiry of enrolments (ISSUAL) and, if these are separate, of issues (EARN)."""
    if promotion.offer_type not in {DIRECT_ISSUE, ENROL_AND_ISSUE}:
        return []
    custom = promotion.promotion_id % 2 == 0
    expiries: list[dict[str, Any]] = [
        {"name": "ISSUAL_PROMOTION_EXPIRY_BASED_ON", "value": 10, "type": "PROMOTION"},
    ]
    if promotion.offer_type == ENROL_AND_ISSUE:
        expiries.append(
            {
                "name": "EARN_PROMOTION_EXPIRY_BASED_ON",
                "value": 30,
                "type": "CUSTOM" if custom else "PROMOTION",
            }
        )
    return expiries


def _target_groups(promotion: Promotion) -> dict[int, list[int]]:
    if promotion.event_name != "TargetCompleted":
        return {}
    first = 1_000_000 + promotion.promotion_id % 1_000_000
    return {first: [first * 10 + 1, first * 10 + 2], first + 1: [first * 10 + 3]}


def _offer_type(promotion: Promotion) -> str:
    # In the documented example an enrol-and-issue promotion is LOYALTY with ISSUE_AND_EARN.
    if promotion.offer_type == ENROL_AND_ISSUE and promotion.promotion_id % 2 == 1:
        return DIRECT_ISSUE
    return promotion.offer_type


def _earning_type(promotion: Promotion) -> str | None:
    return {ENROL_AND_ISSUE: "ISSUE_AND_EARN", DIRECT_ISSUE: "DIRECT_EARN"}.get(
        promotion.offer_type
    )


def _event_name(promotion: Promotion) -> str:
    # The customer view has TargetCompleted, the legacy example (created by API) TARGETCOMPLETED.
    return promotion.event_name if promotion.source_type == "UI" else promotion.event_name.upper()


def _last_update(promotion: Promotion) -> datetime:
    return promotion.starts_at.replace(hour=9, minute=25, second=4) - timedelta(days=1)


def instant(moment: datetime) -> str:
    """Return an instant as the legacy endpoint writes it: without seconds if they are zero.

    The documented example has both "2025-06-23T00:00Z" and "2026-08-25T23:59:59Z".
    """
    spec = "seconds" if moment.second else "minutes"
    return moment.replace(tzinfo=None).isoformat(timespec=spec) + "Z"
