"""Which of a customer promotion's limits and restrictions is the nearest to its end."""

from decimal import Decimal
from itertools import chain

from gateway.upstream.customer_view.payload import CustomerPromotionPayload
from gateway.upstream.decoding.field_types import Number
from gateway.upstream.normalise.memoizable import memoizable
from gateway.upstream.normalise.restrictions import (
    RestrictionFigures,
    StatedRestrictions,
    customer_restriction,
    customer_restrictions,
    restrictions_from_limits,
)


def stated_limits(payload: CustomerPromotionPayload) -> StatedRestrictions:
    """Return what `tightest_limit` reads: all restrictions, and also ``limits`` and its usage."""
    return StatedRestrictions(
        payload.restrictions_json or b"",
        payload.limits,
        payload.usage,
        None,
        include_disabled=False,
    )


@memoizable
def tightest_limit(stated: StatedRestrictions) -> RestrictionFigures | None:
    """Return the one of which the least remains, as a share of its maximum; None without any.

    Only those count that have a maximum and a known usage. A maximum of 0 has nothing left. Of
    equal shares it is the first, restrictions before limits: the platform repeats restrictions as
    limits, where they have lost their stage and window.
    """
    restrictions = map(customer_restriction, customer_restrictions(stated))
    limits = restrictions_from_limits(stated.limits, stated.usage)
    tightest: RestrictionFigures | None = None
    least, whole = 2, 1  # more than everything
    for each in chain(restrictions, limits):
        _, maximum, used = each.limit
        if maximum is None or used is None:
            continue
        if used >= maximum:
            return each
        share, of = _remaining_share(maximum, used)
        if share * whole < least * of:
            tightest, least, whole = each, share, of
    return tightest


def _remaining_share(maximum: Number, used: Number) -> tuple[int, int]:
    """Return the share of a maximum that remains, as an exact fraction of integers."""
    numerator, denominator = _ratio(maximum)
    used_numerator, used_denominator = _ratio(used)
    whole = numerator * used_denominator
    return whole - used_numerator * denominator, whole


def _ratio(figure: Number) -> tuple[int, int]:
    """Return a figure as its decimal digits say: 0.1 is a tenth."""
    if isinstance(figure, float):
        return (int(figure), 1) if figure.is_integer() else _ratio(Decimal(repr(figure)))
    return figure.as_integer_ratio()
