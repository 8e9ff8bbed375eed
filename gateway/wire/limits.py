"""Limits: -1 is none, 0 is "not configured" in some places and a limit of zero in others."""

from decimal import Decimal
from typing import NamedTuple

from gateway.wire.customer_view import CustomerLimits, CustomerUsage
from gateway.wire.legacy import DefinitionLimits, DefinitionPayload
from gateway.wire.recurring import recurring
from gateway.wire.vocabulary import LimitKind


@recurring
class LimitFigures(NamedTuple):
    """A limit: `maximum` is null unless LIMITED, `used` where it is not known."""

    kind: LimitKind
    maximum: float | None
    used: float | None


@recurring
class PromotionLimitFigures(NamedTuple):
    """The four limits that both endpoints know of a promotion as a whole."""

    points_per_event: LimitFigures
    points_per_customer: LimitFigures
    times_per_customer: LimitFigures
    points_in_promotion: LimitFigures


def read_limit(raw: float | None, used: float | None = None) -> LimitFigures:
    """Read a figure of which 0 is a real limit: a restriction's (FACTS).

    A fraction between -1 and 0 is neither a limit nor its absence, so nothing is stated.
    """
    if raw is None or -1 < raw < 0:
        return LimitFigures(LimitKind.NOT_STATED, None, used)
    if raw == -1:
        return LimitFigures(LimitKind.UNLIMITED, None, used)
    return LimitFigures(LimitKind.LIMITED, raw, used)


def read_configured_limit(raw: float | None, used: float | None = None) -> LimitFigures:
    """Read a figure of which 0 means "not configured": either payload's ``limits`` (FACTS)."""
    return read_limit(raw or None, used)


LimitsAndUsage = tuple[CustomerLimits | None, CustomerUsage | None]
"""``limits`` and ``customerUsage`` of the customer view."""

_NO_LIMITS, _NO_USAGE = CustomerLimits(), CustomerUsage()


@recurring
def read_customer_limits(stated: LimitsAndUsage) -> PromotionLimitFigures:
    """Read ``limits`` with ``customerUsage``.

    The usage of the whole promotion counts only above 0: "0" stands beside 4990 points that one
    customer has used (FACTS).
    """
    limits, usage = stated[0] or _NO_LIMITS, stated[1] or _NO_USAGE
    return PromotionLimitFigures(
        read_configured_limit(limits.points_per_event),
        read_configured_limit(limits.points_per_customer, usage.points_per_customer),
        read_configured_limit(limits.times_per_customer, usage.times_per_customer),
        read_configured_limit(limits.points_in_promotion, usage.points_in_promotion or None),
    )


def definition_limits(payload: DefinitionPayload) -> PromotionLimitFigures:
    """Read the legacy ``limits``, which know of no usage."""
    limits = payload.limits or DefinitionLimits()
    return PromotionLimitFigures(
        read_configured_limit(limits.points_per_event),
        read_configured_limit(limits.points_per_customer),
        read_configured_limit(limits.times_per_customer),
        read_configured_limit(limits.points_in_promotion),
    )


def remaining(limit: LimitFigures) -> float | None:
    """Compute what is left of a limit: never below 0, exact in decimal, null where not known."""
    if limit.maximum is None or limit.used is None:
        return None
    return max(0.0, float(Decimal(repr(limit.maximum)) - Decimal(repr(limit.used))))


def is_exhausted(limit: LimitFigures) -> bool | None:
    """Tell whether nothing is left: false where there is no limit, null where it is not known.

    Of a limit of 0 it is known whatever has been used.
    """
    if limit.kind is LimitKind.UNLIMITED:
        return False
    if limit.maximum is None:
        return None
    if limit.maximum == 0:
        return True
    return None if limit.used is None else limit.used >= limit.maximum
