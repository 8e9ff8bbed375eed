from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.normalise.enums import LimitKind
from gateway.upstream.normalise.limits import remaining
from gateway.upstream.normalise.restrictions import RestrictionFigures
from gateway.upstream.normalise.tightest_limit import stated_limits, tightest_limit
from tests.support.payloads import customer_limits, customer_promotion, customer_restrictions
from tests.upstream.normalise.test_availability import Facts, cap, promotion

TIMES, POINTS = "NUMBER_OF_TIMES", "NUMBER_OF_POINTS"


def tightest(payload: Any) -> RestrictionFigures | None:
    """Return the tightest limit of a payload."""
    return tightest_limit(stated_limits(payload))


def of(*redeem: Facts, **facts: Any) -> RestrictionFigures | None:
    """Return the tightest limit of a promotion with these restrictions."""
    return tightest(promotion("GENERIC", redeem=redeem, **facts))


@pytest.mark.parametrize(
    ("redeem", "measure", "maximum"),
    [
        ((cap(TIMES, "10", "1"), cap(POINTS, "100", "90")), "POINTS", 100),
        ((cap(TIMES, "10", "9.5"), cap(POINTS, "100", "90")), "TIMES", 10),
        ((cap(TIMES, "2", "2"), cap(POINTS, "100", "90")), "TIMES", 2),
        ((cap(POINTS, "100", "250"), cap(TIMES, "1", "0")), "POINTS", 100),
        ((cap(TIMES, "1", "0"), cap(POINTS, "0", "0")), "POINTS", 0),
        ((cap(POINTS, "0.3", "0.1"), cap(TIMES, "3", "1")), "POINTS", 0.3),
        ((cap(POINTS, f"{2**53 + 1}", f"{2**53}"), cap(TIMES, "9", "8")), "POINTS", 2**53 + 1),
    ],
    ids=["share", "fraction", "used up", "used beyond", "none allowed", "exact tie", "digits"],
)
def test_the_least_share_is_the_tightest(
    redeem: tuple[Facts, ...], measure: str, maximum: float
) -> None:
    """What remains is compared with its maximum, exactly; a maximum of 0 has nothing left."""
    found = of(*redeem)
    assert found is not None
    assert found.measure.name == measure
    assert found.limit.maximum == maximum


@pytest.mark.parametrize(
    "redeem",
    [
        (),
        (cap(TIMES, "-1", "9"),),
        (cap(TIMES, None, "9"),),
        (cap(TIMES, "3", None, "EVENT"),),
        (cap(TIMES, "3", "2", "PROMOTION"),),
        (cap("NUMBER_OF_REDEMPTIONS_PER_EARN", "3", "3"),),
        (cap(POINTS, "0", None),),
    ],
    ids=["none", "unlimited", "not stated", "of an event", "of all", "per issue", "unknown use"],
)
def test_without_a_known_use_there_is_none(redeem: tuple[Facts, ...]) -> None:
    """Only what is limited, and used as far as is known, can be shown as progress."""
    assert of(*redeem) is None


def test_of_equal_shares_the_first_restriction_is_shown() -> None:
    """The order is that of `restrictions`: stage after stage."""
    payload = promotion(
        "LOYALTY_EARNING",
        enrol=(cap("NUMBER_OF_ISSUALS", "4", "2"),),
        issue=(cap("NUMBER_OF_EARNS", "2", "1"),),
        redeem=(cap(TIMES, "10", "5"), cap(POINTS, "2", "1")),
    )
    found = tightest(payload)
    assert found is not None
    assert found.measure_name == "NUMBER_OF_ISSUALS"
    again = of(cap(TIMES, "10", "5"), cap(POINTS, "2", "1"))
    assert again is not None
    assert again.measure_name == TIMES


def test_a_restriction_goes_before_the_limit_that_repeats_it() -> None:
    """The platform's `limits` repeat restrictions, without their own words."""
    limits = {"limits": {"numberOFTimesPerCustomer": 4}}
    usage = {"customerUsage": {"currentNumberOfTimesPerCustomer": 1}}
    found = of(cap(TIMES, "4", "1"), **limits, **usage)
    assert found is not None
    assert (found.measure_name, found.scope_name) == (TIMES, "CUSTOMER")


def test_a_limit_is_the_tightest_where_it_says_more() -> None:
    """It shows as a restriction of the last stage, under its own name."""
    limits = {"limits": {"numberOFTimesPerCustomer": 4, "pointsPerCustomer": "100"}}
    usage = {"customerUsage": {"currentNumberOfTimesPerCustomer": 3}}
    found = of(cap(POINTS, "100", "50"), **limits, **usage)
    assert found is not None
    assert (found.stage.name, found.measure_name) == ("REDEEM", "numberOFTimesPerCustomer")
    assert (found.limit.maximum, found.limit.used, found.window) == (4, 3, None)


def test_without_restrictions_the_limits_alone_are_compared() -> None:
    """An org without promotion types has no others; 0 is not configured there."""
    payload = customer_promotion(
        promotionRestriction=None,
        limits={"pointsPerCustomer": "100", "numberOFTimesPerCustomer": 0},
        customerUsage={"currentPointsPerCustomer": "40", "currentNumberOfTimesPerCustomer": 7},
    )
    found = tightest(payload)
    assert found is not None
    assert (found.measure.name, found.scope.name) == ("POINTS", "CUSTOMER")


figures = st.sampled_from([None, "-1", "0", "0.1", "1", "3", "10", "4990.000"])
caps = st.builds(
    cap,
    st.sampled_from([TIMES, POINTS, "NUMBER_OF_WIDGETS"]),
    figures,
    st.sampled_from([None, "0", "0.05", "1", "7", "4990"]),
    st.sampled_from(["CUSTOMER", "EVENT", "PROMOTION"]),
)


@given(st.lists(caps, max_size=4), figures, figures)
def test_nothing_known_is_tighter(redeem: list[Facts], points: str, used: str) -> None:
    """It is one of the restrictions or limits, and no other has a smaller share left."""
    payload = promotion(
        "GENERIC",
        redeem=tuple(redeem),
        limits={"pointsPerCustomer": points},
        customerUsage={"currentPointsPerCustomer": used},
    )
    every = [each.limit for each in customer_restrictions(payload)] + list(customer_limits(payload))
    shares = [
        Fraction(str(remaining(limit))) / Fraction(str(limit.maximum)) if limit.maximum else 0
        for limit in every
        if limit.kind is LimitKind.LIMITED and limit.used is not None
    ]
    found = tightest(payload)
    assert (found is None) == (not shares)
    if found is not None:
        left, maximum = remaining(found.limit), found.limit.maximum
        share = Fraction(str(left)) / Fraction(str(maximum)) if maximum else 0
        assert share == min(shares)
        assert found.limit in every
