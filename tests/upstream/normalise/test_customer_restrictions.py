from typing import Any

import pytest

from gateway.upstream.normalise.enums import (
    LimitKind,
    RestrictionMeasure,
    RestrictionScope,
    RestrictionStage,
)
from gateway.upstream.normalise.restrictions import redemptions_per_issue
from tests.support.payloads import (
    customer_item,
    customer_promotion,
    customer_restrictions,
    drop,
    read_customer,
)

ENROL, ISSUE, REDEEM = RestrictionStage
LIMITED, UNLIMITED, NOT_STATED = LimitKind
LISTS = {
    ENROL: "issualRestrictions",
    ISSUE: "earnRestrictions",
    REDEEM: "redemptionRestrictions",
}
MEASURES = {
    "NUMBER_OF_POINTS": "POINTS",
    "NUMBER_OF_TIMES": "TIMES",
    "NUMBER_OF_REDEMPTIONS_PER_EARN": "REDEMPTIONS_PER_ISSUE",
    "NUMBER_OF_ISSUALS": "ENROLMENTS",
    "NUMBER_OF_EARNS": "ISSUES",
    "NUMBER_OF_MOONS": "UNKNOWN",
    "number_of_times": "TIMES",
    "": "UNKNOWN",
}
SCOPES = {
    "EVENT": "EVENT",
    "CUSTOMER": "CUSTOMER",
    "PROMOTION": "PROMOTION",
    "GALAXY": "UNKNOWN",
    "customer": "CUSTOMER",
    "": "UNKNOWN",
    None: "UNKNOWN",
}


def _restriction(**changes: Any) -> dict[str, Any]:
    return {"kpi": "NUMBER_OF_TIMES", "maxLimit": "5", "limitOn": "CUSTOMER"} | changes


def _one(**changes: Any) -> Any:
    lists = {"redemptionRestrictions": [_restriction(**changes)]}
    payload = customer_promotion(promotionRestriction=lists)
    (figures,) = customer_restrictions(payload, include_disabled=True)
    return figures


@pytest.mark.parametrize(("kpi", "measure"), MEASURES.items())
@pytest.mark.parametrize(("limit_on", "scope"), SCOPES.items())
def test_measure_comes_from_the_kpi_and_scope_from_limit_on(
    kpi: str, measure: str, limit_on: str | None, scope: str
) -> None:
    """All documented words, and unknown ones, which are shown beside UNKNOWN."""
    figures = _one(kpi=kpi, limitOn=limit_on)
    assert (figures.measure, figures.measure_name) == (RestrictionMeasure[measure], kpi)
    assert (figures.scope, figures.scope_name) == (RestrictionScope[scope], limit_on)


@pytest.mark.parametrize(("stage", "key"), LISTS.items())
def test_stage_is_the_list_that_holds_the_restriction(stage: RestrictionStage, key: str) -> None:
    """Issual means enrol and earn means issue; one stage can be selected."""
    payload = customer_promotion(promotionRestriction={key: [_restriction()]})
    assert [figures.stage for figures in customer_restrictions(payload)] == [stage]
    for asked in RestrictionStage:
        assert len(customer_restrictions(payload, asked)) == (asked is stage)


def test_stages_come_in_the_order_in_which_they_happen() -> None:
    """Enrol, issue, redeem; within a stage in the order on the wire."""
    lists = {key: [_restriction(kpi=f"{key}{i}") for i in (1, 2)] for key in LISTS.values()}
    restrictions = customer_restrictions(customer_promotion(promotionRestriction=lists))
    assert [figures.measure_name for figures in restrictions] == [
        f"{key}{i}" for key in LISTS.values() for i in (1, 2)
    ]


@pytest.mark.parametrize("key", LISTS.values())
@pytest.mark.parametrize("raw", [None, [], ""])
def test_list_that_is_missing_holds_nothing(key: str, raw: Any) -> None:
    """Null, empty and absent lists are empty."""
    lists = {**customer_item()["promotionRestriction"], key: raw}
    stages = [
        r.stage for r in customer_restrictions(customer_promotion(promotionRestriction=lists))
    ]
    assert stages == [stage for stage in RestrictionStage if LISTS[stage] != key]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("12", (LIMITED, 12)),
        (12, (LIMITED, 12)),
        ("4990.000", (LIMITED, 4990)),
        ("0", (LIMITED, 0)),
        (0, (LIMITED, 0)),
        ("-1", (UNLIMITED, None)),
        (-1, (UNLIMITED, None)),
        ("-1.000", (UNLIMITED, None)),
        (None, (NOT_STATED, None)),
        ("", (NOT_STATED, None)),
    ],
)
def test_maximum_of_zero_is_a_real_limit_here(raw: Any, expected: Any) -> None:
    """0 is a limit in a restriction, although it means "not configured" in `limits`."""
    figures = _one(maxLimit=raw, currentCustomerUsage="3")
    assert figures.limit == (*expected, 3)


def test_restriction_without_a_maximum_is_not_stated() -> None:
    """An absent maximum is NOT_STATED."""
    payload = customer_promotion(
        promotionRestriction={"earnRestrictions": [drop(_restriction(), ("maxLimit",))]}
    )
    assert customer_restrictions(payload)[0].limit == (NOT_STATED, None, None)


@pytest.mark.parametrize("raw", ["abc", "NaN", "1e999", [], {}, True, -2, "\uff11\uff12"])
def test_promotion_with_an_unreadable_maximum_is_left_out(raw: Any) -> None:
    """It must not be shown with a restriction missing or unlimited."""
    lists = {"earnRestrictions": [_restriction(maxLimit=raw)]}
    assert read_customer(customer_item() | {"promotionRestriction": lists}) == [None]


@pytest.mark.parametrize("raw", ["x", 5, [5], True])
def test_promotion_whose_restrictions_are_no_object_is_left_out(raw: Any) -> None:
    """A string where restrictions should be does not mean that there are none."""
    assert read_customer(customer_item() | {"promotionRestriction": raw}) == [None]


@pytest.mark.parametrize("raw", [{}, [], [{}]])
def test_restrictions_that_are_empty_are_none_and_not_built_from_limits(raw: Any) -> None:
    """An empty list instead of the object is an empty object."""
    assert customer_restrictions(customer_promotion(promotionRestriction=raw)) == []


@pytest.mark.parametrize("entry", [None, 5, "x", [], {}, {"maxLimit": "5"}])
@pytest.mark.parametrize("key", LISTS.values())
def test_promotion_with_a_restriction_that_is_none_is_left_out(key: str, entry: Any) -> None:
    """A restriction without a kpi must not be dropped silently."""
    lists = {key: [_restriction(), entry]}
    assert read_customer(customer_item() | {"promotionRestriction": lists}) == [None]


@pytest.mark.parametrize(
    ("kpi", "limit_on", "used"),
    [
        ("NUMBER_OF_TIMES", "CUSTOMER", 4),
        ("NUMBER_OF_POINTS", "CUSTOMER", 4),
        ("NUMBER_OF_ISSUALS", "CUSTOMER", 4),
        ("NUMBER_OF_EARNS", "CUSTOMER", 4),
        ("NUMBER_OF_MOONS", "CUSTOMER", 4),
        ("NUMBER_OF_TIMES", "GALAXY", 4),
        ("NUMBER_OF_TIMES", "PROMOTION", None),
        ("NUMBER_OF_POINTS", "PROMOTION", None),
        ("NUMBER_OF_MOONS", "PROMOTION", None),
        ("NUMBER_OF_REDEMPTIONS_PER_EARN", "CUSTOMER", None),
        ("NUMBER_OF_REDEMPTIONS_PER_EARN", "PROMOTION", None),
    ],
)
def test_usage_that_is_not_true_is_null(kpi: str, limit_on: str, used: float | None) -> None:
    """The platform reports 0 at scope PROMOTION and per issue, whatever the usage is."""
    figures = _one(kpi=kpi, limitOn=limit_on, currentCustomerUsage="4")
    assert figures.limit.used == used


def test_usage_per_event_is_not_known() -> None:
    """A restriction of scope EVENT has no usage."""
    assert _one(limitOn="EVENT").limit == (LIMITED, 5, None)


@pytest.mark.parametrize(
    ("words", "window"),
    [
        ({}, None),
        ({"type": "NON_PERIOD_BASED"}, None),
        ({"type": "NON_PERIOD_BASED", "periodType": "MOVING_WINDOW", "periodUnit": "DAILY"}, None),
        (
            {"type": "PERIOD_BASED", "periodType": "MOVING_WINDOW", "periodUnit": "MONTHLY"},
            ("MOVING_WINDOW", "MONTHLY"),
        ),
        ({"type": "PERIOD_BASED"}, (None, None)),
        ({"type": "LUNAR", "periodUnit": "FORTNIGHTLY"}, (None, "FORTNIGHTLY")),
        ({"periodType": "CALENDAR"}, ("CALENDAR", None)),
        ({"type": "LUNAR"}, None),
        ({"type": None, "periodType": None, "periodUnit": None}, None),
        ({"type": "", "periodType": "", "periodUnit": ""}, None),
    ],
)
def test_window_is_null_over_the_whole_life(words: dict[str, Any], window: Any) -> None:
    """PERIOD_BASED has a window; without a basis, a period implies one."""
    found = _one(**words).window
    assert (found and found[:2]) == window


def test_disabled_restrictions_are_shown_only_on_request() -> None:
    """-1 is a disabled restriction; one that is NOT_STATED is shown."""
    lists = {"redemptionRestrictions": [_restriction(maxLimit=m) for m in ("-1", "0", None)]}
    payload = customer_promotion(promotionRestriction=lists)
    assert [r.limit.kind for r in customer_restrictions(payload)] == [LIMITED, NOT_STATED]
    shown = customer_restrictions(payload, include_disabled=True)
    assert [r.limit.kind for r in shown] == [UNLIMITED, LIMITED, NOT_STATED]


OLD_LIMITS = {
    "maxPointsPerEvent": "100",
    "pointsPerCustomer": "250.500",
    "numberOFTimesPerCustomer": 3,
    "totalPointsInPromotion": "1000",
}
OLD_USAGE = {
    "currentPointsPerCustomer": "10.250",
    "currentNumberOfTimesPerCustomer": 2,
    "currentTotalPointsInPromotion": "10.250",
}


def _old(limits: dict[str, Any], usage: dict[str, Any] | None = None) -> Any:
    payload = drop(customer_item(), ("promotionRestriction",))
    (item,) = read_customer(payload | {"limits": limits, "customerUsage": usage})
    assert item is not None
    return item


def test_org_without_promotion_types_has_its_restrictions_built_from_limits() -> None:
    """Without the key, restrictions are made of `limits` and `customerUsage`."""
    built = customer_restrictions(_old(OLD_LIMITS, OLD_USAGE))
    assert [(r.stage, r.measure.name, r.measure_name, r.scope.name, r.limit) for r in built] == [
        (REDEEM, "POINTS", "maxPointsPerEvent", "EVENT", (LIMITED, 100, None)),
        (REDEEM, "POINTS", "pointsPerCustomer", "CUSTOMER", (LIMITED, 250.5, 10.25)),
        (REDEEM, "TIMES", "numberOFTimesPerCustomer", "CUSTOMER", (LIMITED, 3, 2)),
        (REDEEM, "POINTS", "totalPointsInPromotion", "PROMOTION", (LIMITED, 1000, 10.25)),
    ]
    assert [(r.scope_name, r.window) for r in built] == [(None, None)] * 4


def test_limits_that_are_not_stated_make_no_restriction() -> None:
    """0 and absent limits make none; -1 makes a disabled one."""
    payload = _old({"maxPointsPerEvent": "0", "pointsPerCustomer": -1})
    assert customer_restrictions(payload) == []
    (disabled,) = customer_restrictions(payload, include_disabled=True)
    assert (disabled.measure_name, disabled.limit.kind) == ("pointsPerCustomer", UNLIMITED)


@pytest.mark.parametrize(
    ("lists", "count"),
    [
        (None, 4),
        ({}, 0),
        ({"issualRestrictions": [], "earnRestrictions": [], "redemptionRestrictions": []}, 0),
    ],
)
def test_restrictions_that_are_present_but_empty_are_not_absent(lists: Any, count: int) -> None:
    """Only an absent object is replaced by `limits`."""
    payload = customer_promotion(promotionRestriction=lists, limits=OLD_LIMITS)
    assert len(customer_restrictions(payload)) == count


@pytest.mark.parametrize("stage", [ENROL, ISSUE])
def test_built_restrictions_belong_to_redeeming_only(stage: RestrictionStage) -> None:
    """Restrictions made of `limits` are of stage REDEEM."""
    assert customer_restrictions(_old(OLD_LIMITS), stage) == []


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("10", (LIMITED, 10, 4)),
        ("0", (LIMITED, 0, 4)),
        ("-1", (UNLIMITED, None, 4)),
        (None, (NOT_STATED, None, 4)),
    ],
)
def test_redemptions_of_an_issue_join_the_cap_and_its_own_count(raw: Any, expected: Any) -> None:
    """The maximum is the promotion's, the usage is the issue's own count."""
    lists = {
        "redemptionRestrictions": [
            _restriction(),
            _restriction(
                kpi="NUMBER_OF_REDEMPTIONS_PER_EARN", maxLimit=raw, currentCustomerUsage="0"
            ),
        ]
    }
    payload = customer_promotion(promotionRestriction=lists)
    assert redemptions_per_issue(payload, 4) == expected


@pytest.mark.parametrize(
    "lists", [None, {}, {"redemptionRestrictions": [_restriction()]}, {"earnRestrictions": []}]
)
def test_redemptions_of_an_issue_without_a_cap_are_not_stated(lists: Any) -> None:
    """The usage is known without a maximum."""
    payload = customer_promotion(promotionRestriction=lists)
    assert redemptions_per_issue(payload, 1) == (NOT_STATED, None, 1)
    assert redemptions_per_issue(payload, None) == (NOT_STATED, None, None)
