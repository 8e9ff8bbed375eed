"""A promotion of the successor in the graph's words."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.decoding.decode import (
    MalformedPayloadError,
    Refusal,
    SuccessorPage,
    decode_successor_page,
)
from gateway.upstream.decoding.drift import DriftKind
from gateway.upstream.normalise.enums import (
    LimitKind,
    RestrictionMeasure,
    RestrictionScope,
    RestrictionStage,
)
from gateway.upstream.normalise.restrictions import WindowFigures, target_groups
from gateway.upstream.payload_fields import payload_fields
from gateway.upstream.successor.definition import ActivityFigures, SuccessorDefinition
from tests.support.successor import example_item, full_item, published, successor_body
from tests.upstream.decoding.strategies import JSON_VALUES, mutated

ENROL, ISSUE, REDEEM = RestrictionStage
EARN = "maxRedemptionsPerEarnPerCustomer"


def page(*items: Any) -> SuccessorPage:
    """Decode a page."""
    decoded = decode_successor_page(successor_body(*items))
    assert isinstance(decoded, SuccessorPage)
    return decoded


def definition(item: Any) -> SuccessorDefinition:
    """Return the only definition of a page with one item."""
    (found,) = page(item).definitions
    return found


def test_the_vendors_example_is_not_published() -> None:
    """Its promotionId is 0: it is left out, and is no surprise."""
    decoded = page(example_item())
    assert (decoded.definitions, decoded.listed, decoded.total) == ([], 1, 1)
    assert decoded.version_ids == ["6903253184daf5486232dec9"]
    assert not decoded.drift


def test_the_vendors_example_once_it_is_published() -> None:
    """Each of its words is known."""
    decoded = page(example_item(promotionId=81001, status="LIVE"))
    (found,) = decoded.definitions
    assert (found.program_id, found.promotion_id, found.is_active) == (973, 81001, True)
    assert (found.event_name, found.event_names) == ("TransactionAdd", ["TransactionAdd"])
    assert (found.time_zone, found.created_by, found.updated_by) == ("Asia/Kolkata", None, None)
    (activity,) = found.activities
    assert activity.starts_at == datetime(2025, 11, 27, tzinfo=UTC)
    assert activity.ends_at == datetime(2025, 12, 27, 23, 59, 59, tzinfo=UTC)
    assert [action.name for action in activity.actions] == ["AWARD_CURRENCY"]
    assert found.is_unified
    assert not decoded.drift


def test_limits_are_those_of_points_without_a_period() -> None:
    """One that is switched off, or is the program's, is none of them."""
    limits = definition(full_item()).limits
    assert [limit.maximum for limit in limits] == [50, 500, 3, 10000]


def test_a_limit_that_is_not_there_is_not_stated() -> None:
    """The example has none."""
    limits = definition(published(1)).limits
    assert {limit.kind for limit in limits} == {LimitKind.NOT_STATED}


def test_restrictions_are_all_active_limits_and_those_of_the_stages() -> None:
    """A sum of miles is no number of points; of a key in both blocks, its own block's counts."""
    found = [
        (each.stage, each.measure, each.scope, each.measure_name, each.limit.maximum)
        for each in definition(full_item()).restrictions
    ]
    measure, scope = RestrictionMeasure, RestrictionScope
    award = "AWARD_CURRENCY"
    assert found == [
        (REDEEM, measure.POINTS, scope.CUSTOMER, f"USER/SUM/{award}", 500),
        (REDEEM, measure.TIMES, scope.CUSTOMER, f"USER/COUNT/{award}", 3),
        (REDEEM, measure.POINTS, scope.PROMOTION, f"OVERALL/SUM/{award}", 10000),
        (REDEEM, measure.POINTS, scope.EVENT, f"PER_ACTIVITY/SUM/{award}", 50),
        (REDEEM, measure.POINTS, scope.CUSTOMER, f"USER/SUM/{award}", 100),
        (REDEEM, measure.UNKNOWN, scope.CUSTOMER, "USER/COUNT/ISSUE_COUPON", 1),
        (REDEEM, measure.UNKNOWN, scope.CUSTOMER, f"USER/SUM/{award}", 9),
        (ENROL, measure.ENROLMENTS, scope.CUSTOMER, "enrolmentLimitPerCustomer", 2),
        (ENROL, measure.ENROLMENTS, scope.PROMOTION, "enrolmentLimitPerPromotion", 100000),
        (ISSUE, measure.ISSUES, scope.CUSTOMER, "optinLimitPerCustomer", 4),
        (ISSUE, measure.POINTS_PER_ISSUE, scope.CUSTOMER, "maxPointsPerEarnPerCustomer", 25),
        (REDEEM, measure.REDEMPTIONS_PER_ISSUE, scope.CUSTOMER, EARN, 1),
    ]


def test_windows_have_their_length_and_dates() -> None:
    """Only a FIXED_WINDOW has a start and an end; others are counted from their anchor."""
    windows = [each.window for each in definition(full_item()).restrictions]
    january = "2026-01-01T00:00:00Z"
    assert windows[:8] == [
        *[None] * 4,
        WindowFigures("MOVING_WINDOW", "WEEKS", 2),
        WindowFigures("FIXED_WINDOW", None, None, january, "2026-01-31T23:59:59Z", january),
        WindowFigures("CYCLIC_WINDOW", "DAYS", 10, None, None, "2026-02-01T00:00:00Z"),
        WindowFigures("MOVING_WINDOW", "MONTHLY", 1),
    ]
    assert set(windows[8:]) == {None}


def test_a_window_of_no_length_has_none() -> None:
    """A FIXED_WINDOW has 0 units, as it has two dates."""
    item = full_item()
    item["limits"][5]["period"]["periodValue"] = 0
    window = definition(item).restrictions[5].window
    assert window is not None
    assert window.length is None


def test_a_date_may_have_no_time() -> None:
    """Wherever it is: a start is the first second of its day in UTC, an end the last one."""
    item = full_item(startDate="2026-01-01", endDate="2026-02-28", createdOn="2025-12-01")
    item["limits"][5]["period"] |= {"startDate": "2026-01-02", "endDate": "2026-01-31"}
    item["limits"][6]["period"] |= {"referenceDate": "2026-02-01"}
    optin = item["workflowMetadata"]["optin"]
    optin |= {"optInStartDate": "2026-01-03", "optInEndDate": "2026-01-30"}
    optin["restrictions"]["optinExpiryBasedOn"]["expiryDate"] = "2026-12-31"
    found = definition(item)
    fixed, cyclic = (found.restrictions[number].window for number in (5, 6))
    assert fixed is not None
    assert cyclic is not None
    assert found.issue_window is not None
    assert [
        (found.starts_at, found.ends_at, found.created_at),
        found.issue_window,
        (fixed.starts_at, fixed.ends_at),
        (fixed.anchor_at, cyclic.anchor_at),
        found.expiries[1].expires_at,
    ] == [
        ("2026-01-01T00:00:00Z", "2026-02-28T23:59:59Z", "2025-12-01T00:00:00Z"),
        ("2026-01-03T00:00:00Z", "2026-01-30T23:59:59Z"),
        ("2026-01-02T00:00:00Z", "2026-01-31T23:59:59Z"),
        ("2026-01-02T00:00:00Z", "2026-02-01T00:00:00Z"),
        "2026-12-31T23:59:59Z",
    ]


def test_expiries_have_the_stage_of_their_key() -> None:
    """Days count only where the basis is CUSTOM; a date stands beside either."""
    expiries = definition(full_item()).expiries
    assert [(e.stage, e.name, e.basis_name, e.days, e.expires_at) for e in expiries] == [
        (ENROL, "enrolmentExpiryBasedOn", "CUSTOM", 30, None),
        (ISSUE, "optinExpiryBasedOn", "PROMOTION", None, "2026-12-31T23:59:59Z"),
    ]


def test_groups_are_flattened_before_their_children() -> None:
    """Each has the id of the group around it; a group has its combination and its actions."""
    activities = definition(full_item()).activities
    assert [(a.activity_id, a.group_id, a.combination_name) for a in activities] == [
        ("activity_1", None, None),
        ("group_1", None, "ANY"),
        ("activity_2", "group_1", None),
        ("group_2", "group_1", "ALL"),
        ("activity_3", "group_2", None),
    ]
    assert [len(a.actions) for a in activities] == [1, 1, 0, 0, 0]


def test_events_are_those_of_single_activities_each_once() -> None:
    """In one spelling where it is known; the first is the promotion's."""
    found = definition(full_item())
    assert found.event_names == ["TransactionAdd", "StoreVisit"]
    assert found.event_name == "TransactionAdd"


def test_an_activity_lasts_from_its_first_cycle_to_its_last() -> None:
    """A date without a time is a whole day."""
    activity = definition(full_item()).activities[0]
    assert activity.starts_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert activity.ends_at == datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stated", "target"),
    [
        ({"targetValue": "5", "defaultValue": 4}, 5),
        ({"defaultValue": "4"}, 4),
        ({"cycleActionMapping": [{"targetValue": 3}, {"targetValue": "3"}]}, 3),
        ({"cycleActionMapping": [{"defaultValue": 3}]}, 3),
        ({"cycleActionMapping": [{"targetValue": 3}, {"targetValue": 4}]}, None),
        ({}, None),
    ],
)
def test_the_target_of_a_milestone(stated: dict[str, Any], target: float | None) -> None:
    """Its own, else that which all its cycles have."""
    item = full_item()
    item["activities"] = [{"id": "a", "type": "SINGLE", "milestones": [{"name": "m"} | stated]}]
    (milestone,) = definition(item).activities[0].milestones
    assert milestone.target == target


def test_milestones_are_the_target_groups() -> None:
    """With the actions of their cycles."""
    found = definition(full_item())
    assert target_groups(found.rules) == [("501", ["601", "602"])]
    assert found.rules.target_rule_ids == [601, "602"]
    (milestone,) = found.activities[0].milestones
    assert [action.name for action in milestone.actions] == ["AWARD_BADGE"]
    assert (milestone.target_type_name, milestone.tracking_type_name) == ("COUNT", "STREAKS")


@pytest.mark.parametrize(
    ("status", "is_active"),
    [
        *dict.fromkeys(("ACTIVE", "LIVE", "UPCOMING", "COMPLETED"), True).items(),
        *dict.fromkeys(("DRAFT", "PAUSED", "STOPPED", "ENDED", "REJECTED"), False).items(),
        ("PUBLISH_FAILED", False),
        ("A_NEW_WORD", False),
        (None, None),
    ],
)
def test_whether_it_is_active(status: str | None, is_active: object) -> None:
    """It follows from the status; without one it is not known."""
    assert definition(full_item(status=status)).is_active is is_active


def test_guesses_are_accepted() -> None:
    """Numbers as texts, a misspelt key, the key of a user who is nobody."""
    general = {"programId": 9001, "promotionId": "81001", "promoIdentifer": "X", "createdBy": "0"}
    item = full_item(**general)
    del item["metadata"]["promoIdentifier"]
    found = definition(item)
    assert (found.program_id, found.promotion_id) == (9001, 81001)
    assert (found.identifier, found.created_by) == ("X", None)


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    """The vendor's own example has some, at every depth."""
    body = successor_body(full_item()).decode()
    body = body.replace('"name": "Weekend', '"name": "First", "name": "Weekend')
    body = body.replace('"type": "SINGLE"', '"type": "GROUP", "type": "SINGLE"')
    decoded = decode_successor_page(body.encode())
    assert isinstance(decoded, SuccessorPage)
    assert decoded.definitions[0].name == "Weekend streak"
    assert decoded.definitions[0].event_names == ["TransactionAdd", "StoreVisit"]
    broken = successor_body(full_item(), {}).decode()
    broken = broken.replace('"name": "Weekend', '"name": 1, "name": "Weekend')
    decoded = decode_successor_page(broken.encode())  # item by item
    assert isinstance(decoded, SuccessorPage)
    assert decoded.definitions[0].name == "Weekend streak"


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"programId": None}, "metadata.programId"),
        ({"promotionId": "many"}, "metadata.promotionId"),
        ({"name": None}, "metadata.name"),
    ],
)
def test_an_item_that_cannot_be_read_costs_that_item(broken: dict[str, Any], field: str) -> None:
    """It is counted; the others are there."""
    decoded = page(full_item(), full_item(**broken))
    assert [found.promotion_id for found in decoded.definitions] == [81001]
    assert (decoded.listed, decoded.unreadable) == (2, 1)
    assert decoded.drift == {(DriftKind.DROPPED, field): 1}


@pytest.mark.parametrize(
    "program", ["HiddenGemDefaultProgram_ID", "-1", -1, "9" * 19, "9" * 5000, "٩"]
)
def test_an_item_of_no_program_of_the_graph_is_left_out(program: object) -> None:
    """It is counted, and as documented: it is not unreadable, which would be logged."""
    decoded = page(full_item(), full_item(programId=program))
    assert [found.promotion_id for found in decoded.definitions] == [81001]
    assert (decoded.listed, decoded.unreadable) == (2, 0)
    assert decoded.drift == {(DriftKind.DROPPED, "metadata.programId"): 1}


def test_an_unreadable_activity_within_a_group_costs_the_item() -> None:
    """A group that shows only some of its activities would be another promotion."""
    item = full_item()
    item["activities"][1]["children"][0]["id"] = None
    decoded = page(item, published(5))
    assert [found.promotion_id for found in decoded.definitions] == [5]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"<html>", b'{"data": null}', b'{"data": {}}', b'{"data": "x"}', b"{}"]
)
def test_nonsense_is_no_page(body: bytes) -> None:
    """It is an error as a whole."""
    with pytest.raises(MalformedPayloadError):
        decode_successor_page(body)


def test_errors_are_a_refusal() -> None:
    """They come with HTTP 200, too."""
    body = {"data": None, "errors": [{"code": 300005, "message": "denied"}], "warnings": None}
    assert decode_successor_page(json.dumps(body).encode()) == Refusal(300005)


ENDPOINT = "promotionsV3"
COUNTED = {
    *((DriftKind.DROPPED, path) for at, path in payload_fields().needed if at == ENDPOINT),
    *((DriftKind.UNKNOWN, path) for at, path in payload_fields().enums if at == ENDPOINT),
    *(
        (DriftKind(effect), path)
        for at, path, effect in payload_fields().undocumented
        if at == ENDPOINT
    ),
}


@given(mutated(full_item()) | JSON_VALUES)
def test_whatever_an_item_is_the_other_one_is_there(item: Any) -> None:
    """Nothing raises, and what is counted has a series, except within groups of activities."""
    decoded = page(item, published(5))
    assert decoded.definitions[-1].promotion_id == 5
    assert decoded.listed == 2
    for found in decoded.definitions:
        assert isinstance(found.promotion_id, int)
        assert isinstance(found.name, str)
        assert all(isinstance(each, ActivityFigures) for each in found.activities)
    named = {(kind, path) for kind, path in decoded.drift if "children." not in path}
    assert named <= COUNTED


@given(st.binary() | JSON_VALUES.map(lambda value: json.dumps({"data": value}).encode()))
def test_whatever_a_body_is_it_is_a_page_or_an_error(body: bytes) -> None:
    """Nothing else is raised."""
    try:
        decoded = decode_successor_page(body)
    except MalformedPayloadError:
        return
    assert isinstance(decoded, SuccessorPage | Refusal)
