"""The payload of one promotion for `GET /v3/promotions` (keys in the published example's order)."""

from datetime import datetime, timedelta
from typing import Any

from gateway.sandbox.promotion import DIRECT_ISSUE, ENROL_AND_ISSUE, GENERIC, Restriction
from gateway.sandbox.responses import again
from gateway.sandbox.successor.promotion import UnifiedPromotion

ORG_ID = 100_458

_LIMITS = {
    ("NUMBER_OF_POINTS", "CUSTOMER"): ("USER", "SUM"),
    ("NUMBER_OF_TIMES", "CUSTOMER"): ("USER", "COUNT"),
    ("NUMBER_OF_POINTS", "PROMOTION"): ("OVERALL", "SUM"),
    ("NUMBER_OF_TIMES", "PROMOTION"): ("OVERALL", "COUNT"),
    ("NUMBER_OF_POINTS", "EVENT"): ("PER_ACTIVITY", "SUM"),
}
_UNITS = {"DAILY": "DAYS", "WEEKLY": "WEEKS", "MONTHLY": "MONTHS"}
_EARNING_TYPES = {ENROL_AND_ISSUE: "ISSUE_AND_EARN", DIRECT_ISSUE: "DIRECT_EARN"}


def render_unified(unified: UnifiedPromotion, *, with_draft: bool = False) -> dict[str, Any]:
    """Return one entry of `content`; `with_draft` is `includeDraftDetails`."""
    payload: dict[str, Any] = {
        "metadata": _metadata(unified, with_draft=with_draft),
        "customerEnrolment": _customer_enrolment(unified),
        "activities": _activities(unified),
        "comments": None,
        "parentId": None,
        "parentDetails": None,
        "version": unified.version,
        "limits": [*_limits(unified), *unified.limits],
        "liabilityOwnerSplitInfo": [],
        "id": unified.hex_id,
        "unifiedPromotionId": unified.unified_id,
        "workflowMetadata": _workflow(unified),
        "communicationApprovalStatus": None,
    }
    return payload | unified.payload


def _metadata(unified: UnifiedPromotion, *, with_draft: bool) -> dict[str, Any]:
    promotion = unified.promotion
    number = promotion.promotion_id
    changed_on = instant(promotion.starts_at - timedelta(days=2) + timedelta(hours=unified.version))
    metadata: dict[str, Any] = {
        "name": promotion.name,
        "description": promotion.description or None,
        "programId": (
            promotion.program_id if unified.program_id_as is None else unified.program_id_as
        ),
        "orgId": ORG_ID,
        "startDate": instant(promotion.starts_at),
        "endDate": instant(promotion.ends_at),
        "timezoneName": "Asia/Kolkata" if number % 2 else None,
        "promotionType": promotion.offer_type,
        "status": promotion.status,
        "promoIdentifier": promotion.identifier or None,
        "promotionId": number,
        "createdOn": instant(promotion.starts_at - timedelta(days=2)),
        "lastModifiedOn": changed_on,
        "createdBy": 0,
        "lastModifiedBy": 75_001_234 if number % 3 == 0 else 0,
        "loyaltyEarningType": _EARNING_TYPES.get(promotion.offer_type),
        "version": None,
        "draftDetails": unified.draft if with_draft else None,
        "loyaltyConfigMetaData": {
            "isStackable": number % 2 == 0,
            "isConsideredForRanking": number % 3 == 0,
            "isExclusive": number % 7 == 0,
            "isAlwaysApply": number % 17 == 0,
            "skipEarnedDateCheckOnRedeem": None,
        },
        "promotionMetadata": [
            {
                "isBrandDefined": entry.brand_defined if number % 2 else str(entry.brand_defined),
                "key": entry.key,
                "value": entry.value,
            }
            for entry in promotion.metadata
        ]
        or None,
        "commonStrategies": None,
        "promotionMode": unified.mode,
        "promotionCategory": None,
    }
    return metadata | unified.metadata


def _customer_enrolment(unified: UnifiedPromotion) -> dict[str, Any]:
    method: dict[str, Any] = {"enrolmentMethod": "TRANSACTION"}
    if unified.repeats_keys:
        method = {"enrolmentMethod": "IMPORT", again("enrolmentMethod"): "TRANSACTION"}
    return method | {"customerEligibilityType": "ALL", "audienceGroups": []}


def _activities(unified: UnifiedPromotion) -> list[dict[str, Any]]:
    promotion = unified.promotion
    kind: dict[str, Any] = {"type": "SINGLE"}
    if unified.repeats_keys:
        kind = {"type": "GROUP", again("type"): "SINGLE"}
    return [
        kind
        | {
            "id": f"activity_{promotion.promotion_id}",
            "name": "Main Reward Activity",
            "refId": None,
            "parentId": None,
            "event": promotion.event_name,
            "ruleExpression": "currentTxn.value>=500",
            "expJSON": (
                '{"arity":"operation","value":">=","type":"boolean:primitive","operands":['
                '{"arity":"name","value":"currentTxn.value"},'
                '{"arity":"literal","value":"500","type":"real:primitive"}]}'
            ),
            "rulesetId": promotion.promotion_id * 100,
            "commonCycleActionMapping": [
                {
                    "cycle": "cycle_promo_period",
                    "actions": [points_action("100")],
                    "startDate": f"{promotion.starts_at:%Y-%m-%d}",
                    "endDate": f"{promotion.ends_at:%Y-%m-%d}",
                }
            ],
            "allCycles": [],
            "milestones": [],
        }
    ]


def points_action(points: str, action_id: str = "action_award_points") -> dict[str, Any]:
    """Return an action that awards points."""
    return {
        "id": action_id,
        "actionName": "AWARD_CURRENCY",
        "actionClass": "com.capillary.loyalty.engine.actor.promotion.actions.AwardCurrency",
        "description": None,
        "mandatoryPropertiesValues": {"POINTS_TO_AWARD": points, "CURRENCY_IDENTIFIER": "POINTS"},
        "mandatoryComplexPropertiesValues": {},
        "embeddedStrategies": [],
    }


def _limits(unified: UnifiedPromotion) -> list[dict[str, Any]]:
    promotion = unified.promotion
    return [
        limit(
            promotion.promotion_id * 100 + nth,
            *_LIMITS[restriction.kpi, restriction.limit_on],
            float(restriction.maximum),
            period=period("MOVING_WINDOW", _UNITS[restriction.period_unit], 1)
            if restriction.period_unit in _UNITS
            else None,
        )
        for nth, restriction in enumerate(promotion.redemption_restrictions)
        if (restriction.kpi, restriction.limit_on) in _LIMITS
    ]


def limit(  # noqa: PLR0913 - the keys of the payload
    limit_id: int,
    granularity: str,
    limit_type: str,
    value: float,
    *,
    period: dict[str, Any] | None = None,
    action: str = "AWARD_CURRENCY",
    sub_type: str = "Points",
    scope: str = "PROMOTION",
    active: bool = True,
) -> dict[str, Any]:
    """Return one entry of `limits`; without a period it covers the promotion's whole life."""
    return {
        "id": str(limit_id),
        "entityScope": scope,
        "entityId": "0",
        "granularity": granularity,
        "actionType": action,
        "actionSubTypeId": sub_type,
        "limitType": limit_type,
        "limitValue": value,
        "active": active,
        "period": period or _whole_life(),
        "createdOn": None,
        "createdBy": 0,
        "lastUpdatedOn": None,
        "lastUpdatedBy": 0,
    }


def _whole_life() -> dict[str, Any]:
    return period("NON_PERIOD_BASED", None, 0)


def period(kind: str, unit: str | None, length: int, **facts: Any) -> dict[str, Any]:
    """Return the `period` of a limit; `facts` are its day, its reference date and its bounds."""
    return {
        "id": None,
        "periodType": kind,
        "periodUnit": unit,
        "periodValue": length,
        "periodStartDay": None,
        "referenceDate": None,
        "startDate": None,
        "endDate": None,
    } | facts


def _workflow(unified: UnifiedPromotion) -> dict[str, Any]:
    promotion = unified.promotion
    if promotion.offer_type == GENERIC:
        return {"enrolment": {}, "optin": {}}
    enrolment = {
        "basedOn": "EXTERNAL_TRIGGER",
        "activities": None,
        "audienceMapping": None,
        "restrictions": _enrolment_restrictions(unified),
    }
    optin: dict[str, Any] = {
        "basedOn": "ACTIVITY",
        "audienceMapping": None,
        "activities": None,
        "restrictions": _optin_restrictions(unified),
    }
    if unified.opens_at is not None:
        optin["optInStartDate"] = instant(unified.opens_at)
    if unified.closes_at is not None:
        optin["optInEndDate"] = instant(unified.closes_at)
    return {"enrolment": enrolment, "optin": optin}


def _enrolment_restrictions(unified: UnifiedPromotion) -> dict[str, Any] | None:
    restrictions: dict[str, Any] = {}
    for restriction in unified.promotion.issual_restrictions:
        key = {
            "CUSTOMER": "enrolmentLimitPerCustomer",
            "PROMOTION": "enrolmentLimitPerPromotion",
        }[restriction.limit_on]
        restrictions[key] = _plain(restriction)
    if restrictions:
        restrictions["enrolmentExpiryBasedOn"] = {
            "value": 0,
            "expiryDate": None,
            "type": "PROMOTION",
        }
    return restrictions or None


def _optin_restrictions(unified: UnifiedPromotion) -> dict[str, Any] | None:
    promotion = unified.promotion
    restrictions: dict[str, Any] = {}
    for restriction in promotion.earn_restrictions:
        if restriction.limit_on == "CUSTOMER":
            restrictions["optinLimitPerCustomer"] = _plain(restriction)
    for restriction in promotion.redemption_restrictions:
        if restriction.kpi == "NUMBER_OF_REDEMPTIONS_PER_EARN":
            restrictions["maxRedemptionsPerEarnPerCustomer"] = _plain(restriction)
    return restrictions or None


def _plain(restriction: Restriction) -> dict[str, Any]:
    return {
        "value": int(restriction.maximum),
        "type": "NON_PERIOD_BASED",
        "periodType": None,
        "periodUnit": None,
    }


def instant(moment: datetime) -> str:
    """Return an instant as the successor writes it: with seconds and the cluster's zone."""
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
