import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.decoding.decode import decode_customer_page
from gateway.upstream.normalise.enums import LimitKind
from gateway.upstream.normalise.limits import (
    LimitFigures,
    as_float,
    definition_limits,
    is_exhausted,
    parse_configured_limit,
    parse_limit,
    remaining,
)
from tests.support.examples import examples
from tests.support.payloads import (
    as_page,
    customer_item,
    customer_limits,
    customer_page,
    customer_promotion,
    customer_restrictions,
    definition,
    definition_item,
    read_customer,
    read_definitions,
)

LIMITED, UNLIMITED, NOT_STATED = LimitKind
ABSENT = object()
LEFT_OUT = "left out"
GARBAGE = [
    "abc", "NaN", "nan", "Infinity", "-Infinity", "1e999", True, False, [], {}, " 12", "12 ",
    "0x10", "\uff11\uff12", "1_000", "1,000", "12 points", "--1", -2, "-2", -1.5, "9" * 5_000,
]  # fmt: skip
CUSTOMER_LIMITS = {
    "maxPointsPerEvent": "points_per_event",
    "pointsPerCustomer": "points_per_customer",
    "numberOFTimesPerCustomer": "times_per_customer",
    "totalPointsInPromotion": "points_in_promotion",
}
DEFINITION_LIMITS = {
    "totalPointsPerEventLimit": "points_per_event",
    "pointsPerCustomer": "points_per_customer",
    "numberOfTimesPerCustomer": "times_per_customer",
    "totalPointsInPromotion": "points_in_promotion",
}
# As it stands on the wire, and what a limit of either payload is then.
FIGURES: list[tuple[Any, tuple[LimitKind, float | None]]] = [
    ("12", (LIMITED, 12)),
    (12, (LIMITED, 12)),
    ("4990.000", (LIMITED, 4990)),
    (99.9, (LIMITED, 99.9)),
    ("0.001", (LIMITED, 0.001)),
    ("", (NOT_STATED, None)),
    (None, (NOT_STATED, None)),
    (ABSENT, (NOT_STATED, None)),
    ("-1", (UNLIMITED, None)),
    (-1, (UNLIMITED, None)),
    ("-1.000", (UNLIMITED, None)),
    (-1.0, (UNLIMITED, None)),
    ("0", (NOT_STATED, None)),
    (0, (NOT_STATED, None)),
    ("0.000", (NOT_STATED, None)),
    (-0.5, (NOT_STATED, None)),
]


def _with(payload: dict[str, Any], group: str, key: str, raw: Any) -> dict[str, Any]:
    rest = {name: value for name, value in payload[group].items() if name != key}
    return payload | {group: rest if raw is ABSENT else rest | {key: raw}}


@pytest.mark.parametrize(("key", "attribute"), CUSTOMER_LIMITS.items())
@pytest.mark.parametrize(("raw", "expected"), FIGURES)
def test_limit_of_the_customer_view_reads_the_same_in_every_spelling(
    key: str, attribute: str, raw: Any, expected: tuple[LimitKind, float | None]
) -> None:
    """A figure may be a number or a string; -1 is no limit, 0 and absence are NOT_STATED."""
    (item,) = read_customer(_with(customer_item(), "limits", key, raw))
    assert item is not None
    limit = getattr(customer_limits(item), attribute)
    assert (limit.kind, limit.maximum) == expected


@pytest.mark.parametrize(("key", "attribute"), DEFINITION_LIMITS.items())
@pytest.mark.parametrize(("raw", "expected"), FIGURES)
def test_limit_of_a_definition_reads_the_same_in_every_spelling(
    key: str, attribute: str, raw: Any, expected: tuple[LimitKind, float | None]
) -> None:
    """The legacy keys are spelled differently, and have no usage."""
    (item,) = read_definitions(_with(definition_item(), "limits", key, raw))
    assert item is not None
    assert getattr(definition_limits(item), attribute) == (*expected, None)


@pytest.mark.parametrize("raw", GARBAGE, ids=lambda raw: repr(raw)[:20])
def test_promotion_with_an_unreadable_limit_is_left_out(raw: Any) -> None:
    """A configured limit must not be shown as no limit."""
    assert read_customer(_with(customer_item(), "limits", "pointsPerCustomer", raw)) == [None]
    assert read_definitions(_with(definition_item(), "limits", "pointsPerCustomer", raw)) == [None]


USAGES = {
    "currentPointsPerCustomer": "points_per_customer",
    "currentNumberOfTimesPerCustomer": "times_per_customer",
    "currentTotalPointsInPromotion": "points_in_promotion",
}


@pytest.mark.parametrize(("key", "attribute"), USAGES.items())
@pytest.mark.parametrize(
    ("raw", "expected"),
    [("12", 12), (12, 12), ("4990.000", 4990), ("0.1", 0.1), ("", None), (None, None)]
    + [(ABSENT, None), (-1, None), ("-1", None), ("-1.000", None)]
    + [(raw, None) for raw in GARBAGE],
    ids=lambda raw: repr(raw)[:20],
)
def test_usage_that_cannot_be_read_is_null_and_costs_nothing_else(
    key: str, attribute: str, raw: Any, expected: float | None
) -> None:
    """Usage is a number of 0 or more, else null."""
    (item,) = read_customer(_with(customer_item(), "customerUsage", key, raw))
    assert item is not None
    assert getattr(customer_limits(item), attribute).used == expected


def test_usage_of_zero_is_known_but_for_the_whole_promotion() -> None:
    """The promotion's usage of 0 is not known, since a customer may have used points."""
    limits = customer_limits(
        customer_promotion(
            customerUsage={
                "currentPointsPerCustomer": "0",
                "currentNumberOfTimesPerCustomer": 0,
                "currentTotalPointsInPromotion": "0",
            }
        )
    )
    assert limits.points_per_event.used is None
    assert limits.points_per_customer.used == 0
    assert limits.times_per_customer.used == 0
    assert limits.points_in_promotion.used is None


def test_total_usage_above_zero_counts() -> None:
    """A usage of the promotion above 0 is known."""
    payload = customer_promotion(
        limits={"totalPointsInPromotion": "1000"},
        customerUsage={"currentTotalPointsInPromotion": "0.001"},
    )
    assert customer_limits(payload).points_in_promotion == (LIMITED, 1000, 0.001)


@pytest.mark.parametrize("raw", [None, "", []])
def test_promotion_without_limits_and_usage_states_nothing(raw: Any) -> None:
    """Both objects may be absent."""
    for limit in customer_limits(customer_promotion(limits=raw, customerUsage=raw)):
        assert limit == (NOT_STATED, None, None)
    for limit in definition_limits(definition(limits=raw)):
        assert limit == (NOT_STATED, None, None)


@pytest.mark.parametrize("raw", [5, "x", [5], True])
def test_limits_that_are_no_object_cost_the_promotion_and_such_usage_does_not(raw: Any) -> None:
    """Unreadable limits cost the item, unreadable usage becomes null."""
    assert read_customer(customer_item() | {"limits": raw}) == [None]
    assert read_definitions(definition_item() | {"limits": raw}) == [None]
    limits = customer_limits(customer_promotion(customerUsage=raw))
    assert [limit.used for limit in limits] == [None] * 4


def test_zero_is_not_configured_in_limits_and_a_real_limit_in_a_restriction() -> None:
    """The two meanings of 0."""
    assert parse_configured_limit(0.0, 3.0) == (NOT_STATED, None, 3.0)
    assert parse_limit(0.0, 3.0) == (LIMITED, 0.0, 3.0)


@pytest.mark.parametrize("read", [parse_limit, parse_configured_limit])
@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (None, (NOT_STATED, None, 2.0)),
        (-1.0, (UNLIMITED, None, 2.0)),
        (-0.001, (NOT_STATED, None, 2.0)),
        (5.5, (LIMITED, 5.5, 2.0)),
    ],
)
def test_usage_is_kept_whatever_the_limit_is(read: Any, raw: Any, expected: Any) -> None:
    """The usage is shown without a limit, too."""
    assert read(raw, 2.0) == expected


@pytest.mark.parametrize(
    ("maximum", "used", "left"),
    [
        (100.1, 0.2, 99.9),
        (0.3, 0.1, 0.2),
        (1.1, 1.0, 0.1),
        (100.0, 100.0, 0.0),
        (100.0, 4990.0, 0.0),
        (0.0, 0.0, 0.0),
        (1e300, 1.0, None),
        (Decimal(10**300), 0.0, 1e300),
        (9007199254740991.0, 1.0, 9007199254740990.0),
        (Decimal(9007199254740993), Decimal(9007199254740992), 1.0),
        (Decimal(9007199254740993), 0.0, None),
        (Decimal(9007199254740993), 0.5, None),
        (Decimal(9007199254740994), 0.0, 9007199254740994.0),
        (Decimal("9007199254740993.25"), Decimal(9007199254740993), 0.25),
        (5.0, Decimal(9007199254740993), 0.0),
        (100.0, None, None),
        (None, 3.0, None),
    ],
)
def test_remaining_is_exact_and_never_negative(
    maximum: float | None, used: float | None, left: float | None
) -> None:
    """100.1 - 0.2 is 99.9, not 99.89999999999999."""
    kind = NOT_STATED if maximum is None else LIMITED
    assert remaining(LimitFigures(kind, maximum, used)) == left


LARGE: list[tuple[Any, float | None]] = [
    (9007199254740991, 9007199254740991.0),
    (9007199254740992, 9007199254740992.0),
    (9007199254740993, None),
    ("9007199254740993", None),
    (9007199254740994, 9007199254740994.0),
    ("9007199254740994.000", 9007199254740994.0),
    ("9007199254740994.5", None),
    (10**16, 1e16),
    ("1e22", 1e22),
    (9223372036854775807, None),
    (12345678901234567890, None),
    (10**300, 1e300),
]


@pytest.mark.parametrize("others", [(), ({},)], ids=["at once", "beside a broken one"])
@pytest.mark.parametrize(("raw", "figure"), LARGE, ids=lambda value: str(value)[:24])
def test_large_figure_is_shown_with_its_own_digits_or_not_at_all(
    raw: Any, figure: float | None, others: Any
) -> None:
    """Whether the limit is exhausted is known in either case."""
    changed = _with(customer_item(), "limits", "pointsPerCustomer", raw)
    changed = _with(changed, "customerUsage", "currentPointsPerCustomer", raw)
    restriction = {"kpi": "NUMBER_OF_POINTS", "maxLimit": raw, "currentCustomerUsage": raw}
    changed |= {"promotionRestriction": {"redemptionRestrictions": [restriction]}}
    read = read_customer(changed, *others)[0]
    assert read is not None
    limits = [customer_limits(read).points_per_customer]
    page = as_page(decode_customer_page(customer_page(changed, *others)))
    assert page.items[0] is not None
    limits += [each.limit for each in customer_restrictions(page.items[0])]
    assert len(limits) == 2
    for limit in limits:
        assert limit.kind is LIMITED
        assert (as_float(limit.maximum), as_float(limit.used)) == (figure, figure)
        assert (remaining(limit), is_exhausted(limit)) == (0.0, True)
    (defined,) = read_definitions(_with(definition_item(), "limits", "pointsPerCustomer", raw))
    assert defined is not None
    assert as_float(definition_limits(defined).points_per_customer.maximum) == figure


@pytest.mark.parametrize(
    ("maximum", "used", "left"),
    [
        (9007199254740993, 9007199254740990, 3.0),
        ("9007199254740993", "9007199254740992", 1.0),
        ("9223372036854775807", "9223372036854775806.5", 0.5),
        (10**300, 10**300 - 1, 1.0),
        (10**300, 1, None),
        ("0.3", "0.1", 0.2),
    ],
)
def test_what_is_left_of_large_figures_is_exact(maximum: Any, used: Any, left: Any) -> None:
    """Their difference is exact."""
    payload = customer_promotion(
        limits={"pointsPerCustomer": maximum}, customerUsage={"currentPointsPerCustomer": used}
    )
    limit = customer_limits(payload).points_per_customer
    assert (remaining(limit), is_exhausted(limit)) == (left, False)


@examples(derandomize=True, deadline=None)
@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 3))
def test_remaining_equals_the_decimal_difference(most: int, used: int, places: int) -> None:
    """For any two decimals of up to three places."""
    maximum, usage = (Decimal(figure).scaleb(-places) for figure in (most, used))
    payload = customer_promotion(
        limits={"pointsPerCustomer": str(maximum)},
        customerUsage={"currentPointsPerCustomer": str(usage)},
    )
    limit = customer_limits(payload).points_per_customer
    if most == 0:
        assert limit.kind is NOT_STATED
        assert remaining(limit) is None
    else:
        left = remaining(limit)
        assert left is not None
        assert Decimal(repr(left)) == max(Decimal(0), maximum - usage)
        assert is_exhausted(limit) is (usage >= maximum)
        assert math.copysign(1, left) == 1


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ((UNLIMITED, None, None), False),
        ((UNLIMITED, None, 1e9), False),
        ((NOT_STATED, None, None), None),
        ((NOT_STATED, None, 5.0), None),
        ((LIMITED, 10.0, None), None),
        ((LIMITED, 10.0, 9.999), False),
        ((LIMITED, 10.0, 10.0), True),
        ((LIMITED, 10.0, 10.001), True),
        ((LIMITED, 0.0, 0.0), True),
        ((LIMITED, 0.0, None), True),
    ],
)
def test_exhaustion_is_told_only_where_it_is_known(
    limit: tuple[LimitKind, float | None, float | None], *, expected: bool | None
) -> None:
    """No limit is never exhausted, a limit of zero always is."""
    assert is_exhausted(LimitFigures(*limit)) is expected
