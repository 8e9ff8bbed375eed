"""The payload of one promotion of one customer, for `promotionData` (keys in documented order)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from gateway.sandbox.customer import Enrolment, Holding, points_figure
from gateway.sandbox.promotion import Restriction, exact_number

# `fetchAllUsage=true` adds these at "-1" if they are not enabled: see customer 564332013.
ALWAYS_INCLUDED = (
    Restriction("NUMBER_OF_TIMES", "CUSTOMER", "-1"),
    Restriction("NUMBER_OF_POINTS", "CUSTOMER", "-1"),
    Restriction("NUMBER_OF_REDEMPTIONS_PER_EARN", "CUSTOMER", "-1"),
)


def render_holding(
    holding: Holding, *, all_usage: bool, has_promotion_types: bool
) -> dict[str, Any]:
    """Return one item of `promotions`.

    `all_usage` is `fetchAllUsage`. Without `has_promotion_types` (of the org) there is no
    `promotionRestriction`.
    """
    if holding.documented is not None:
        return _documented(dict(holding.documented), all_usage=all_usage)
    payload = _facts(holding)
    if has_promotion_types:
        payload["promotionRestriction"] = _restrictions(holding, all_usage=all_usage)
    if holding.enrolments is not None:
        payload["customerPromotionTimelines"] = [
            _enrolment(enrolment) for enrolment in holding.enrolments
        ]
    return payload


def _documented(payload: dict[str, Any], *, all_usage: bool) -> dict[str, Any]:
    """Return a documented item; without `fetchAllUsage`, without restrictions at "-1"."""
    if not all_usage:
        restrictions = dict(payload["promotionRestriction"])
        restrictions["redemptionRestrictions"] = [
            restriction
            for restriction in restrictions["redemptionRestrictions"]
            if restriction["maxLimit"] != "-1"
        ]
        payload["promotionRestriction"] = restrictions
    return payload


def _facts(holding: Holding) -> dict[str, Any]:
    promotion = holding.promotion
    limits = promotion.limits
    payload: dict[str, Any] = {
        "promotionId": promotion.promotion_id,
        "promotionName": promotion.name,
        "programId": promotion.program_id,
        "startDate": instant(promotion.starts_at),
        "endDate": instant(promotion.ends_at),
        "identifier": promotion.identifier,
        "description": promotion.description,
        "active": promotion.active,
        "eventName": promotion.event_name,
    }
    if promotion.metadata:
        payload["promotionMetadata"] = [
            {"key": entry.key, "value": entry.value, "brandDefined": entry.brand_defined}
            for entry in promotion.metadata
        ]
    payload["limits"] = {
        "maxPointsPerEvent": _figure(holding, limits.points_per_event),
        "pointsPerCustomer": _figure(holding, limits.points_per_customer),
        "numberOFTimesPerCustomer": exact_number(limits.times_per_customer),
        "totalPointsInPromotion": _figure(holding, limits.points_in_promotion),
    }
    payload["customerUsage"] = {
        "currentPointsPerCustomer": _figure(holding, points_figure(holding.points)),
        "currentNumberOfTimesPerCustomer": holding.times,
        "currentTotalPointsInPromotion": _figure(holding, "0"),
    }
    payload["pointsOfferType"] = promotion.offer_type
    return payload


def _restrictions(holding: Holding, *, all_usage: bool) -> dict[str, Any]:
    promotion = holding.promotion
    redemption = [r for r in promotion.redemption_restrictions if all_usage or r.maximum != "-1"]
    if all_usage:
        included = {(restriction.kpi, restriction.limit_on) for restriction in redemption}
        redemption += [
            restriction
            for restriction in ALWAYS_INCLUDED
            if (restriction.kpi, restriction.limit_on) not in included
        ]
    return {
        "issualRestrictions": _rendered(holding, promotion.issual_restrictions, typed=False),
        "earnRestrictions": _rendered(holding, promotion.earn_restrictions, typed=False),
        "redemptionRestrictions": _rendered(holding, redemption, typed=True),
    }


def _rendered(
    holding: Holding, restrictions: Iterable[Restriction], *, typed: bool
) -> list[dict[str, Any]]:
    return [_restriction(holding, restriction, typed=typed) for restriction in restrictions]


def _restriction(holding: Holding, restriction: Restriction, *, typed: bool) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "kpi": restriction.kpi,
        "maxLimit": _figure(holding, restriction.maximum),
    }
    usage = holding.usage(restriction)
    if usage is not None:
        payload["currentCustomerUsage"] = _figure(holding, usage)
    payload["limitOn"] = restriction.limit_on
    if typed:
        payload["type"] = "PERIOD_BASED" if restriction.period_unit else "NON_PERIOD_BASED"
        if restriction.period_unit:
            payload["periodType"] = "MOVING_WINDOW"
            payload["periodUnit"] = restriction.period_unit
    return payload


def _figure(holding: Holding, figure: str) -> str | int | float:
    return exact_number(figure) if holding.promotion.figures_as_numbers else figure


def _enrolment(enrolment: Enrolment) -> dict[str, Any]:
    return {
        "enrollmentDate": instant(enrolment.enrolled_at),
        "enrollmentExpiryDate": instant(enrolment.expires_at),
        "enrollmentId": enrolment.enrolment_id,
        "enrollEventLogId": enrolment.event_log_id,
        "issuedDetails": [
            {
                "issualId": issue.issue_id,
                "issualDate": instant(issue.issued_at),
                "issualExpiryDate": instant(issue.expires_at),
                "issualEventLogId": issue.event_log_id,
                "redeemedCount": issue.redeemed_count,
            }
            for issue in enrolment.issues
        ],
    }


def instant(moment: datetime) -> str:
    """Return an instant as the customer view writes it: "2024-10-31T18:30:00.000Z"."""
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
