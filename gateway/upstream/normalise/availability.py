"""What a customer can do with a promotion now, read off its entry of the customer view.

The platform filters by it (``promotionStatusForCustomer``) and does not return it: these are the
definitions of the filter's values, applied to one entry (docs/platform.md#availability).
"""

from datetime import datetime
from typing import NamedTuple

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
    StatedRestrictions,
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
_REDEEM, _ISSUE, _CUSTOMER = (
    RestrictionStage.REDEEM,
    RestrictionStage.ISSUE,
    RestrictionScope.CUSTOMER,
)
_MAX_CACHED, _MAX_CACHED_BYTES = 2048, 2048  # promotions, and bytes of the JSON of each


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
    closed = _CLOSED[stated_restrictions(payload, include_disabled=True)]
    kind = CUSTOMER_PROMOTION_TYPES[payload.type_name]
    found = []
    if kind is _ENROL_AND_ISSUE:
        is_enrolled = current_enrolment(payload, now) is not None
        # Where no restriction says how often, a customer is enrolled once at a time.
        if not (is_enrolled if closed.enrol is None else closed.enrol):
            found.append(_TO_ENROL)
        if is_enrolled and not closed.issue:
            found.append(_FOR_ISSUE)
    elif kind is _DIRECT_ISSUE and not closed.issue:
        found.append(_FOR_ISSUE)
    # The benefits of a generic promotion take no issue.
    if not closed.redeem and (kind is _GENERIC or _has_redeemable_issue(payload, now)):
        found.append(_TO_REDEEM)
    return found


def _has_redeemable_issue(payload: CustomerPromotionPayload, now: datetime) -> bool:
    """Whether an issue has not expired and is not known to have no redemptions left."""
    return any(
        not is_expired(issue.expires_at, now)
        and not is_exhausted(redemptions_per_issue(payload, issue.redeemed_count))
        for timeline in payload.timelines or ()
        for issue in timeline.issues or ()
    )


class _Closed(NamedTuple):
    """Which stages restrictions close by being exhausted; `enrol` is None where none is stated."""

    enrol: bool | None
    issue: bool
    redeem: bool


class _ClosedStages(dict[StatedRestrictions, _Closed]):
    """The closed stages by the restrictions, which recur; cleared when full."""

    def __missing__(self, stated: StatedRestrictions) -> _Closed:
        closed = _read(stated)
        if len(stated.json) <= _MAX_CACHED_BYTES:
            if len(self) >= _MAX_CACHED:
                self.clear()
            self[stated] = closed
        return closed


_CLOSED = _ClosedStages()


def _read(stated: StatedRestrictions) -> _Closed:
    """Read all restrictions, unlimited ones included: these are stated, too."""
    enrol, issue, redeem = None, False, False
    for figures in map(customer_restriction, customer_restrictions(stated)):
        limit = figures.limit
        if figures.stage is _REDEEM:
            redeem = redeem or (figures.scope is _CUSTOMER and is_exhausted(limit) is True)
        elif figures.stage is _ISSUE:
            issue = issue or is_exhausted(limit) is True
        elif limit.kind is not LimitKind.NOT_STATED:
            enrol = enrol or is_exhausted(limit) is True
    return _Closed(enrol, issue, redeem)
