"""A promotion that uses every documented form of the successor's payload at once."""

from datetime import datetime, timedelta
from typing import Any

from gateway.sandbox.promotion import Promotion
from gateway.sandbox.successor.payload import instant, limit, period, points_action
from gateway.sandbox.successor.promotion import UnifiedPromotion

_TARGET_GROUP = 55_001


def everything(promotion: Promotion) -> UnifiedPromotion:
    """Return a promotion with every kind of limit, period, restriction and activity."""
    starts_at, ends_at = promotion.starts_at, promotion.ends_at
    return UnifiedPromotion(
        promotion=promotion,
        repeats_keys=True,
        opens_at=starts_at + timedelta(days=1),
        closes_at=ends_at - timedelta(days=1),
        limits=tuple(_limits(promotion)),
        metadata={
            "timezoneName": "Indian/Maldives",
            "createdBy": 75_001_234,
            "commonStrategies": {"expiry": [_expiry_strategy()]},
        },
        payload={
            "activities": _activities(starts_at, ends_at),
            "workflowMetadata": _workflow(starts_at, ends_at),
            "liabilityOwnerSplitInfo": [{"orgId": 100_458, "ratio": 0.5, "active": True}],
            "comments": "approved",
        },
    )


def _expiry_strategy() -> dict[str, Any]:
    return {
        "strategyTypeId": 3,
        "propertyValues": '{"expiry_time_values":"12"}',
        "owner": "LOYALTY",
        "updatedViaNewUI": True,
    }


def _limits(promotion: Promotion) -> list[dict[str, Any]]:
    number = promotion.promotion_id * 100 + 50
    fixed = period(
        "FIXED_WINDOW",
        None,
        0,
        startDate=instant(promotion.starts_at),
        endDate=instant(promotion.ends_at),
    )
    calendar = period("FIXED_CALENDAR_WINDOW", "WEEKS", 2, periodStartDay="MONDAY")
    cyclic = period("CYCLIC_WINDOW", "DAYS", 10, referenceDate=instant(promotion.starts_at))
    moving = period("MOVING_WINDOW", "MONTHS", 3)
    return [
        limit(number + 1, "OVERALL", "SUM", 100_000),
        limit(number + 2, "OVERALL", "COUNT", 5_000),
        limit(number + 3, "USER", "SUM", 250.5),
        limit(number + 4, "USER", "COUNT", 3),
        limit(number + 5, "PER_ACTIVITY", "SUM", 25),
        limit(number + 6, "USER", "SUM", 100, period=moving),
        limit(number + 7, "USER", "COUNT", 2, period=calendar),
        limit(number + 8, "OVERALL", "SUM", 9_000, period=fixed),
        limit(number + 9, "PER_ACTIVITY", "COUNT", 1, period=cyclic),
        limit(number + 10, "USER", "SUM", 40, sub_type="Miles"),
        limit(number + 11, "USER", "COUNT", 1, action="ISSUE_COUPON", sub_type="81234"),
        limit(number + 12, "USER", "COUNT", 1, action="AWARD_BADGE", sub_type=""),
        limit(number + 13, "OVERALL", "SUM", 1_000_000, scope="PROGRAM"),
        limit(number + 14, "USER", "SUM", 1, active=False),
        limit(number + 15, "HOUSEHOLD", "SUM", 7),
    ]


def _workflow(starts_at: datetime, ends_at: datetime) -> dict[str, Any]:
    return {
        "enrolment": {
            "basedOn": "AUDIENCE",
            "activities": None,
            "audienceMapping": [{"groupId": "11", "groupName": "Gold members"}],
            "restrictions": {
                "enrolmentExpiryBasedOn": {
                    "value": 0,
                    "expiryDate": instant(ends_at),
                    "type": "FIXED_DATE",
                },
                "enrolmentLimitPerCustomer": _windowed(2, "MONTHLY"),
                "enrolmentLimitPerPromotion": _plain(100_000),
            },
        },
        "optin": {
            "basedOn": "ACTIVITY",
            "audienceMapping": None,
            "activities": [
                {
                    "type": "SINGLE",
                    "id": "activity_optin_trigger",
                    "name": "Opt-in Trigger Activity",
                    "event": "TransactionAdd",
                    "allCycles": [],
                }
            ],
            "restrictions": {
                "optinExpiryBasedOn": {"value": 30, "expiryDate": None, "type": "CUSTOM"},
                "optinLimitPerCustomer": _windowed(4, "WEEKLY"),
                "maxRedemptionsPerEarnPerCustomer": _plain(3),
                "maxPointsPerEarnPerCustomer": _windowed(50, "DAILY"),
            },
            "optInStartDate": instant(starts_at + timedelta(days=1)),
            "optInEndDate": instant(ends_at - timedelta(days=1)),
        },
    }


def _plain(value: int) -> dict[str, Any]:
    return {"value": value, "type": "NON_PERIOD_BASED", "periodType": None, "periodUnit": None}


def _windowed(value: int, unit: str) -> dict[str, Any]:
    return {
        "value": value,
        "type": "PERIOD_BASED",
        "periodType": "MOVING_WINDOW",
        "periodUnit": unit,
    }


def _activities(starts_at: datetime, ends_at: datetime) -> list[dict[str, Any]]:
    """Return a group of two, one of them a group, and a single one with a milestone."""
    mapping = {
        "cycle": "cycle_promo_period",
        "actions": [points_action("100")],
        "startDate": f"{starts_at:%Y-%m-%d}",
        "endDate": f"{ends_at:%Y-%m-%d}",
    }
    nested = _group("activity_nested", "ALL", [_single("activity_visit", "VisitAdd")], [])
    return [
        _group(
            "activity_group",
            "ANY",
            [_single("activity_buy", "TransactionAdd"), nested],
            [mapping],
        ),
        _single("activity_target", "TransactionFinished") | {"milestones": [_milestone(mapping)]},
        _single("activity_level", "SlabUpgrade")
        | {
            "commonCycleActionMapping": [
                mapping | {"startDate": instant(starts_at), "endDate": instant(ends_at)}
            ]
        },
    ]


def _single(activity_id: str, event: str) -> dict[str, Any]:
    return {
        "type": "SINGLE",
        "id": activity_id,
        "name": activity_id.replace("_", " "),
        "event": event,
        "ruleExpression": "true",
        "expJSON": '{"arity":"literal","value":"true","type":"boolean:primitive"}',
        "commonCycleActionMapping": [],
        "allCycles": [],
        "milestones": [],
    }


def _group(
    activity_id: str,
    combination: str,
    children: list[dict[str, Any]],
    mappings: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "type": "GROUP",
        "id": activity_id,
        "name": activity_id.replace("_", " "),
        "combinationType": combination,
        "commonCycleActionMapping": mappings,
        "children": children,
    }


def _milestone(mapping: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "Three visits",
        "description": "Come three times.",
        "trackingType": "STREAKS",
        "targetType": "COUNT",
        "targetEntity": "TRANSACTION",
        "defaultValue": "3",
        "targetValue": None,
        "targetGroupId": _TARGET_GROUP,
        "targetRuleIds": [_TARGET_GROUP * 10 + 1, _TARGET_GROUP * 10 + 2],
        "recurringCycles": False,
        "leaderboardEnabled": False,
        "sameActionsForEveryCycle": True,
        "differentTargetsForEveryCycle": False,
        "cycleActionMapping": [mapping | {"actions": [points_action("500", "action_milestone")]}],
        "streaks": [{"name": "Weekly", "targetCountOfSequence": 3, "consecutive": True}],
    }
