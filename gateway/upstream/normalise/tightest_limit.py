"""Which of a customer promotion's limits and restrictions is the nearest to its end."""

from fractions import Fraction

from gateway.upstream.customer_view.payload import CustomerPromotionPayload
from gateway.upstream.decoding.field_types import Number
from gateway.upstream.normalise.limits import LimitFigures
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
    restrictions = [customer_restriction(each) for each in customer_restrictions(stated)]
    limits = restrictions_from_limits(stated.limits, stated.usage)
    tightest, least = None, Fraction(2)
    for each in (*restrictions, *limits):
        share = _remaining_share(each.limit)
        if share is not None and share < least:
            tightest, least = each, share
    return tightest


def _remaining_share(limit: LimitFigures) -> Fraction | None:
    """Return the exact share of a limit that remains, 0..1; None where it is not known."""
    if limit.maximum is None or limit.used is None:
        return None
    maximum, used = _exact(limit.maximum), _exact(limit.used)
    return Fraction(0) if used >= maximum else (maximum - used) / maximum


def _exact(figure: Number) -> Fraction:
    """Return a figure as its decimal digits say: 0.1 is a tenth."""
    return Fraction(repr(figure)) if isinstance(figure, float) else Fraction(figure)
