from typing import Any

import pytest

from gateway.upstream.normalise.enums import (
    LimitKind,
    RestrictionMeasure,
    RestrictionScope,
    RestrictionStage,
)
from gateway.upstream.normalise.restrictions import (
    WindowFigures,
    definition_expiries,
    definition_restrictions,
)
from tests.support.payloads import (
    definition,
    definition_item,
    definition_with_rules,
    read_definitions,
)

ENROL, ISSUE, REDEEM = RestrictionStage
LIMITED, UNLIMITED, NOT_STATED = LimitKind
NAMES = {
    "MAX_ALLOWED_POINTS_PER_EVENT": ("POINTS", "EVENT"),
    "MAX_ALLOWED_POINTS_PER_CUSTOMER": ("POINTS", "CUSTOMER"),
    "MAX_ALLOWED_POINTS_PER_PROMOTION": ("POINTS", "PROMOTION"),
    "MAX_ALLOWED_TIMES_PER_CUSTOMER": ("TIMES", "CUSTOMER"),
    "MAX_ALLOWED_TIMES_PER_PROMOTION": ("TIMES", "PROMOTION"),
    "MAX_REDEMPTIONS_PER_EARN_PER_CUSTOMER": ("REDEMPTIONS_PER_ISSUE", "CUSTOMER"),
    "MAX_NUMBER_OF_ISSUALS_PER_CUSTOMER": ("ENROLMENTS", "CUSTOMER"),
    "MAX_NUMBER_OF_EARNS_PER_CUSTOMER": ("ISSUES", "CUSTOMER"),
    "MAX_NUMBER_OF_EARNS_PER_PROMOTION": ("ISSUES", "PROMOTION"),
    "MAX_NUMBER_OF_EARN_PER_PROMOTION": ("ISSUES", "PROMOTION"),
    "MAX_POINTS_PER_EARN_PER_CUSTOMER": ("POINTS_PER_ISSUE", "CUSTOMER"),
    "MAX_MOONS_PER_GALAXY": ("UNKNOWN", "UNKNOWN"),
    "max_allowed_times_per_customer": ("TIMES", "CUSTOMER"),
    "": ("UNKNOWN", "UNKNOWN"),
}
LISTS = {
    ENROL: "issualRestrictions",
    ISSUE: "earnRestrictions",
    REDEEM: "redemptionRestrictions",
}


def _with(lists: Any) -> Any:
    return definition_with_rules(restrictions=lists)


@pytest.mark.parametrize(("name", "words"), NAMES.items())
@pytest.mark.parametrize(("stage", "key"), LISTS.items())
def test_name_gives_measure_and_scope_and_the_list_gives_the_stage(
    name: str, words: tuple[str, str], stage: RestrictionStage, key: str
) -> None:
    """All documented names, both spellings of EARN(S), and unknown names."""
    (figures,) = definition_restrictions(_with({key: [{"name": name, "value": 3}]}))
    measure, scope = words
    assert figures == (
        stage,
        RestrictionMeasure[measure],
        name,
        RestrictionScope[scope],
        None,
        (LIMITED, 3, None),
        None,
    )


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (3, (LIMITED, 3, None)),
        ("3", (LIMITED, 3, None)),
        ("3.500", (LIMITED, 3.5, None)),
        (1000, (LIMITED, 1000, None)),
        (0, (LIMITED, 0, None)),
        (-1, (UNLIMITED, None, None)),
        ("-1", (UNLIMITED, None, None)),
        (None, (NOT_STATED, None, None)),
        ("", (NOT_STATED, None, None)),
    ],
)
def test_value_is_a_limit_of_which_no_usage_is_known(raw: Any, expected: Any) -> None:
    """-1 is no limit, and 0 is a limit; the documented maximum of 100 is exceeded in practice."""
    (figures,) = definition_restrictions(_with({"earnRestrictions": [{"name": "X", "value": raw}]}))
    assert figures.limit == expected


def test_definition_shows_its_unlimited_restrictions() -> None:
    """A definition shows all that is configured."""
    payload = _with({"earnRestrictions": [{"name": "X", "value": -1}]})
    assert [figures.limit.kind for figures in definition_restrictions(payload)] == [UNLIMITED]


@pytest.mark.parametrize("raw", ["abc", "NaN", [], {}, True, -7])
@pytest.mark.parametrize("key", LISTS.values())
def test_definition_with_an_unreadable_value_is_left_out(key: str, raw: Any) -> None:
    """A configured limit must not be shown as no limit."""
    rules = definition_item()["promotionRestrictions"]
    broken = rules | {"restrictions": {key: [{"name": "X", "value": raw}]}}
    assert read_definitions(definition_item() | {"promotionRestrictions": broken}) == [None]


@pytest.mark.parametrize("lists", [None, {}, dict.fromkeys(LISTS.values())])
def test_definition_without_restrictions_has_none(lists: Any) -> None:
    """Absent, empty and null restrictions are an empty list."""
    assert definition_restrictions(_with(lists)) == []
    assert definition_expiries(_with(lists)) == []


def test_definition_of_an_org_without_promotion_types_has_no_restrictions() -> None:
    """Its `limits` are shown as limits only."""
    payload = definition(promotionRestrictions=None)
    assert definition_restrictions(payload) == []
    assert definition_expiries(payload) == []


def test_one_stage_can_be_asked_for() -> None:
    """Stages are in their own order, whatever the order on the wire."""
    payload = definition()
    assert [figures.stage for figures in definition_restrictions(payload)] == [
        ENROL,
        ISSUE,
        REDEEM,
        REDEEM,
        REDEEM,
    ]
    for stage, count in ((ENROL, 1), (ISSUE, 1), (REDEEM, 3)):
        assert [f.stage for f in definition_restrictions(payload, stage)] == [stage] * count


def test_window_is_that_of_a_period_based_restriction_only() -> None:
    """The documented three: one weekly, two without a window."""
    windows = [figures.window for figures in definition_restrictions(definition(), REDEEM)]
    assert windows == [WindowFigures("MOVING_WINDOW", "WEEKLY", length=1), None, None]


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("ISSUAL_PROMOTION_EXPIRY_BASED_ON", ENROL),
        ("EARN_PROMOTION_EXPIRY_BASED_ON", ISSUE),
        ("MOON_EXPIRY_BASED_ON", None),
        ("", None),
    ],
)
def test_expiry_name_gives_its_stage(name: str, stage: RestrictionStage | None) -> None:
    """Issual means enrol and earn means issue here as well."""
    payload = _with({"expiryRestrictions": [{"name": name, "type": "CUSTOM", "value": 10}]})
    (expiry,) = definition_expiries(payload)
    assert (expiry.stage, expiry.name) == (stage, name)


@pytest.mark.parametrize(
    ("basis", "value", "expected"),
    [
        ("CUSTOM", 10, ("CUSTOM", "CUSTOM", 10)),
        ("CUSTOM", "10", ("CUSTOM", "CUSTOM", 10)),
        ("CUSTOM", 0, ("CUSTOM", "CUSTOM", 0)),
        ("CUSTOM", None, ("CUSTOM", "CUSTOM", None)),
        ("CUSTOM", "soon", ("CUSTOM", "CUSTOM", None)),
        ("CUSTOM", 2**31, ("CUSTOM", "CUSTOM", None)),
        ("PROMOTION", 10, ("PROMOTION", "PROMOTION", None)),
        ("LUNAR", 10, ("UNKNOWN", "LUNAR", None)),
        (None, 10, ("UNKNOWN", None, None)),
    ],
)
def test_days_count_only_for_a_custom_expiry(basis: Any, value: Any, expected: Any) -> None:
    """With PROMOTION the number is meaningless."""
    entry = {"name": "ISSUAL_PROMOTION_EXPIRY_BASED_ON", "type": basis, "value": value}
    (expiry,) = definition_expiries(_with({"expiryRestrictions": [entry]}))
    assert (expiry.basis.name, expiry.basis_name, expiry.days) == expected
