"""Limits: `NO_LIMIT` means none (docs/platform.md#no-limit); 0 is a limit, or "not configured".

GraphQL's Float has some 15 decimal digits, and every digit of a response must be right. So figures
beyond 2^53 are Decimals; they are null in a response unless a Float has the same digits.
"""

from decimal import Context, Decimal
from typing import Annotated, NamedTuple

from gateway.upstream.customer_view.payload import CustomerLimits, CustomerUsage
from gateway.upstream.decoding.field_types import Normalised, Number
from gateway.upstream.definitions.payload import DefinitionLimits, DefinitionPayload
from gateway.upstream.normalise.enums import LimitKind
from gateway.upstream.normalise.memoizable import memoizable

_EXACTLY = Context(prec=2_000)  # more digits than the largest figure has before and after its point
_ZERO = Decimal(0)
NO_LIMIT = -1


def as_float(figure: Number | None) -> float | None:
    """Return a figure as a float; None where that would have other digits."""
    if figure is None or isinstance(figure, float):
        return figure
    rounded = float(figure)
    return rounded if _decimal(rounded) == figure else None


def _decimal(figure: Number) -> Decimal:
    return figure if isinstance(figure, Decimal) else Decimal(repr(float(figure)))


@memoizable
class LimitFigures(NamedTuple):
    """A limit; `maximum` is None unless LIMITED, `used` where it is not known."""

    kind: LimitKind
    maximum: Annotated[Number | None, Normalised(as_float)]
    used: Annotated[Number | None, Normalised(as_float)]


@memoizable
class PromotionLimitFigures(NamedTuple):
    """The four limits of a whole promotion, which both endpoints have."""

    points_per_event: LimitFigures
    points_per_customer: LimitFigures
    times_per_customer: LimitFigures
    points_in_promotion: LimitFigures


def parse_limit(raw: Number | None, used: Number | None = None) -> LimitFigures:
    """Return the limit of a restriction, in which 0 is a limit of zero.

    See docs/platform.md#zero-in-restrictions. A fraction between -1 and 0 is neither a limit nor
    its absence: NOT_STATED. -0.0 becomes 0.0: the two are equal, and results are cached by value.
    """
    if used is not None:
        used = used or 0.0
    if raw is None or NO_LIMIT < raw < 0:
        return LimitFigures(LimitKind.NOT_STATED, None, used)
    if raw == NO_LIMIT:
        return LimitFigures(LimitKind.UNLIMITED, None, used)
    return LimitFigures(LimitKind.LIMITED, raw or 0.0, used)


def parse_configured_limit(raw: Number | None, used: Number | None = None) -> LimitFigures:
    """Return a limit of either payload's ``limits``, in which 0 means "not configured".

    See docs/platform.md#zero-in-limits.
    """
    return parse_limit(raw or None, used)


LimitsAndUsage = tuple[CustomerLimits | None, CustomerUsage | None]
"""``limits`` and ``customerUsage`` of the customer view."""

_NO_LIMITS, _NO_USAGE = CustomerLimits(), CustomerUsage()


@memoizable
def parse_customer_limits(stated: LimitsAndUsage) -> PromotionLimitFigures:
    """Return the limits of ``limits``, with the usage of ``customerUsage``.

    A usage of 0 of the whole promotion means that it is not known: the platform reports it beside
    4990 points used by one customer (docs/platform.md#usage-not-known).
    """
    limits, usage = stated[0] or _NO_LIMITS, stated[1] or _NO_USAGE
    return PromotionLimitFigures(
        parse_configured_limit(limits.points_per_event),
        parse_configured_limit(limits.points_per_customer, usage.points_per_customer),
        parse_configured_limit(limits.times_per_customer, usage.times_per_customer),
        parse_configured_limit(limits.points_in_promotion, usage.points_in_promotion or None),
    )


def definition_limits(payload: DefinitionPayload) -> PromotionLimitFigures:
    """Return the limits of a legacy definition, which has no usage."""
    limits = payload.limits or DefinitionLimits()
    return PromotionLimitFigures(
        parse_configured_limit(limits.points_per_event),
        parse_configured_limit(limits.points_per_customer),
        parse_configured_limit(limits.times_per_customer),
        parse_configured_limit(limits.points_in_promotion),
    )


def remaining(limit: LimitFigures) -> float | None:
    """Return what remains of a limit: exact, never below 0; None where it is not known."""
    if limit.maximum is None or limit.used is None:
        return None
    return as_float(max(_ZERO, _EXACTLY.subtract(_decimal(limit.maximum), _decimal(limit.used))))


def is_exhausted(limit: LimitFigures) -> bool | None:
    """Whether nothing remains: False where there is no limit, None where it is not known.

    A limit of 0 is exhausted whatever its usage.
    """
    if limit.kind is LimitKind.UNLIMITED:
        return False
    if limit.maximum is None:
        return None
    if limit.maximum == 0:
        return True
    return None if limit.used is None else limit.used >= limit.maximum
