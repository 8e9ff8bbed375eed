"""What a customer can do with a promotion now, read off its entry of the customer view.

The platform filters by it (``promotionStatusForCustomer``) and does not return it: these are the
definitions of the filter's values, applied to one entry (docs/platform.md#availability).
"""

from datetime import datetime

from gateway.upstream.customer_view.payload import CustomerPromotionPayload
from gateway.upstream.normalise.enums import (
    CUSTOMER_PROMOTION_TYPES,
    LimitKind,
    PromotionAvailability,
    PromotionType,
    RestrictionScope,
    RestrictionStage,
)
from gateway.upstream.normalise.instants import INSTANTS
from gateway.upstream.normalise.limits import is_exhausted
from gateway.upstream.normalise.restrictions import (
    RestrictionFigures,
    customer_restriction,
    customer_restrictions,
    redemptions_per_issue,
    stated_restrictions,
)
from gateway.upstream.normalise.validity import (
    current_enrolment,
    has_begun,
    has_ended,
    is_expired,
)

_TO_ENROL, _FOR_ISSUE, _TO_REDEEM, _EXPIRED = PromotionAvailability
_GENERIC, _DIRECT_ISSUE, _ENROL_AND_ISSUE, _ = PromotionType


def availability(
    payload: CustomerPromotionPayload,
    now: datetime,
    requested: PromotionAvailability | None = None,
) -> list[PromotionAvailability]:
    """Return what the customer can do, in the order of the enum.

    `requested` is the value by which the platform has filtered the promotion's list: it decides,
    even where the entry reads otherwise. What has expired is nothing else.
    """
    if requested is _EXPIRED:
        return [_EXPIRED]
    ends_at = INSTANTS[payload.ends_at]
    if ends_at is not None and has_ended(ends_at, now):
        return [_EXPIRED] if requested is None else [requested]
    found = _available(payload, now) if _is_running(payload, now) else []
    if requested is None or requested in found:
        return found
    return [each for each in PromotionAvailability if each is requested or each in found]


def _is_running(payload: CustomerPromotionPayload, now: datetime) -> bool:
    """Whether a promotion is not switched off, and has begun; what is not known is neither."""
    if payload.is_active is False:
        return False
    starts_at = INSTANTS[payload.starts_at]
    return starts_at is None or has_begun(starts_at, now)


def _available(payload: CustomerPromotionPayload, now: datetime) -> list[PromotionAvailability]:
    restrictions = _restrictions(payload)
    checks = (
        (_TO_ENROL, _can_enrol(payload, restrictions, now)),
        (_FOR_ISSUE, _can_be_issued(payload, restrictions, now)),
        (_TO_REDEEM, _can_be_redeemed(payload, restrictions, now)),
    )
    return [each for each, is_available in checks if is_available]


def _restrictions(payload: CustomerPromotionPayload) -> list[RestrictionFigures]:
    """Return the restrictions of all stages, unlimited ones included."""
    stated = customer_restrictions(stated_restrictions(payload, include_disabled=True))
    return [customer_restriction(each) for each in stated]


def _can_enrol(
    payload: CustomerPromotionPayload, restrictions: list[RestrictionFigures], now: datetime
) -> bool:
    """Whether an enrol-and-issue promotion is open.

    Where no restriction says how often it may be, one that the customer is enrolled in is not.
    """
    if CUSTOMER_PROMOTION_TYPES[payload.type_name] is not _ENROL_AND_ISSUE:
        return False
    enrol = [
        each.limit
        for each in restrictions
        if each.stage is RestrictionStage.ENROL and each.limit.kind is not LimitKind.NOT_STATED
    ]
    if not enrol:
        return current_enrolment(payload, now) is None
    return not any(map(is_exhausted, enrol))


def _can_be_issued(
    payload: CustomerPromotionPayload, restrictions: list[RestrictionFigures], now: datetime
) -> bool:
    """Whether a direct-issue promotion, or one that the customer is enrolled in, can be issued."""
    kind = CUSTOMER_PROMOTION_TYPES[payload.type_name]
    if kind is _ENROL_AND_ISSUE:
        if current_enrolment(payload, now) is None:
            return False
    elif kind is not _DIRECT_ISSUE:
        return False
    return not any(
        is_exhausted(each.limit) for each in restrictions if each.stage is RestrictionStage.ISSUE
    )


def _can_be_redeemed(
    payload: CustomerPromotionPayload, restrictions: list[RestrictionFigures], now: datetime
) -> bool:
    """Whether the customer can get the benefits, for which all but a generic one takes an issue."""
    is_generic = CUSTOMER_PROMOTION_TYPES[payload.type_name] is _GENERIC
    if not is_generic and not _has_redeemable_issue(payload, now):
        return False
    return not any(
        is_exhausted(each.limit)
        for each in restrictions
        if each.stage is RestrictionStage.REDEEM and each.scope is RestrictionScope.CUSTOMER
    )


def _has_redeemable_issue(payload: CustomerPromotionPayload, now: datetime) -> bool:
    """Whether an issue has not expired and is not known to have no redemptions left."""
    return any(
        not is_expired(issue.expires_at, now)
        and not is_exhausted(redemptions_per_issue(payload, issue.redeemed_count))
        for timeline in payload.timelines or ()
        for issue in timeline.issues or ()
    )
