"""Limits: -1 is none, 0 is "not configured" in some places and a limit of zero in others.

GraphQL's Float has some 15 decimal digits, and each that is shown must be right. So what is beyond
2^53 is read and computed as a Decimal, and shown where the Float has the same digits, else null.
"""

from decimal import Context, Decimal
from typing import Annotated, NamedTuple

from gateway.upstream.customer_view.payload import CustomerLimits, CustomerUsage
from gateway.upstream.decoding.field_types import Normalised, Number
from gateway.upstream.definitions.payload import DefinitionLimits, DefinitionPayload
from gateway.upstream.normalise.enums import LimitKind
from gateway.upstream.normalise.memoizable import memoizable

_EXACTLY = Context(prec=2_000)  # more digits than the largest figure has before and behind a point
_ZERO = Decimal(0)


def as_float(figure: Number | None) -> float | None:
    """Return a figure as a Float; null where that would have other digits."""
    if figure is None or isinstance(figure, float):
        return figure
    rounded = float(figure)
    return rounded if _decimal(rounded) == figure else None


def _decimal(figure: Number) -> Decimal:
    return figure if isinstance(figure, Decimal) else Decimal(repr(float(figure)))


@memoizable
class LimitFigures(NamedTuple):
    """A limit: `maximum` is null unless LIMITED, `used` where it is not known."""

    kind: LimitKind
    maximum: Annotated[Number | None, Normalised(as_float)]
    used: Annotated[Number | None, Normalised(as_float)]


@memoizable
class PromotionLimitFigures(NamedTuple):
    """The four limits that both endpoints know of a promotion as a whole."""

    points_per_event: LimitFigures
    points_per_customer: LimitFigures
    times_per_customer: LimitFigures
    points_in_promotion: LimitFigures


def parse_limit(raw: Number | None, used: Number | None = None) -> LimitFigures:
    """Read a figure of which 0 is a real limit: a restriction's.

    See docs/platform.md#zero-in-restrictions. A fraction between -1 and 0 is neither a limit nor
    its absence, so nothing is stated. Zero has no sign: what is kept by value must be shown as its
    equals are.
    """
    if used is not None:
        used = used or 0.0
    if raw is None or -1 < raw < 0:
        return LimitFigures(LimitKind.NOT_STATED, None, used)
    if raw == -1:
        return LimitFigures(LimitKind.UNLIMITED, None, used)
    return LimitFigures(LimitKind.LIMITED, raw or 0.0, used)


def parse_configured_limit(raw: Number | None, used: Number | None = None) -> LimitFigures:
    """Read a figure of which 0 means "not configured": either payload's ``limits``.

    See docs/platform.md#zero-in-limits.
    """
    return parse_limit(raw or None, used)


LimitsAndUsage = tuple[CustomerLimits | None, CustomerUsage | None]
"""``limits`` and ``customerUsage`` of the customer view."""

_NO_LIMITS, _NO_USAGE = CustomerLimits(), CustomerUsage()


@memoizable
def parse_customer_limits(stated: LimitsAndUsage) -> PromotionLimitFigures:
    """Read ``limits`` with ``customerUsage``.

    The usage of the whole promotion counts only above 0: "0" stands beside 4990 points that one
    customer has used (docs/platform.md#usage-not-known).
    """
    limits, usage = stated[0] or _NO_LIMITS, stated[1] or _NO_USAGE
    return PromotionLimitFigures(
        parse_configured_limit(limits.points_per_event),
        parse_configured_limit(limits.points_per_customer, usage.points_per_customer),
        parse_configured_limit(limits.times_per_customer, usage.times_per_customer),
        parse_configured_limit(limits.points_in_promotion, usage.points_in_promotion or None),
    )


def definition_limits(payload: DefinitionPayload) -> PromotionLimitFigures:
    """Read the legacy ``limits``, which know of no usage."""
    limits = payload.limits or DefinitionLimits()
    return PromotionLimitFigures(
        parse_configured_limit(limits.points_per_event),
        parse_configured_limit(limits.points_per_customer),
        parse_configured_limit(limits.times_per_customer),
        parse_configured_limit(limits.points_in_promotion),
    )


def remaining(limit: LimitFigures) -> float | None:
    """Compute what is left of a limit: never below 0, exact, null where it is not known."""
    if limit.maximum is None or limit.used is None:
        return None
    return as_float(max(_ZERO, _EXACTLY.subtract(_decimal(limit.maximum), _decimal(limit.used))))


def is_exhausted(limit: LimitFigures) -> bool | None:
    """Return whether nothing is left: false where there is no limit, null where it is not known.

    Of a limit of 0 it is known whatever has been used.
    """
    if limit.kind is LimitKind.UNLIMITED:
        return False
    if limit.maximum is None:
        return None
    if limit.maximum == 0:
        return True
    return None if limit.used is None else limit.used >= limit.maximum
