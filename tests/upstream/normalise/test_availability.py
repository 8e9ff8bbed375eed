from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.normalise.availability import availability
from gateway.upstream.normalise.enums import PromotionAvailability
from gateway.upstream.normalise.instants import format_instant
from gateway.upstream.normalise.limits import is_exhausted
from gateway.upstream.normalise.validity import current_enrolment
from tests.support.payloads import customer_promotion, customer_restrictions

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
BEFORE, AT, AFTER = "2026-03-02T11:59:59.999Z", "2026-03-02T12:00Z", "2026-03-02T12:00:00.001Z"
LONG_AGO, FAR_OFF = "2026-01-01T00:00Z", "2026-12-31T23:59:59Z"
GENERIC, DIRECT, ENROL = "GENERIC", "LOYALTY", "LOYALTY_EARNING"
TO_ENROL, FOR_ISSUE, TO_REDEEM, EXPIRED = PromotionAvailability
VALUES = list(PromotionAvailability)

Facts = dict[str, Any]


def cap(kpi: str, maximum: Any, used: Any = "0", scope: str | None = "CUSTOMER") -> Facts:
    """Return a restriction of the wire; without a usage where `used` is null."""
    usage = {} if used is None else {"currentCustomerUsage": used}
    return {"kpi": kpi, "maxLimit": maximum, "limitOn": scope} | usage


def promotion(
    kind: str | None,
    *timelines: Facts,
    enrol: tuple[Facts, ...] = (),
    issue: tuple[Facts, ...] = (),
    redeem: tuple[Facts, ...] = (),
    **facts: Any,
) -> Any:
    """Decode a promotion that runs, with these enrolments and restrictions."""
    item: Facts = {
        "pointsOfferType": kind,
        "active": True,
        "startDate": LONG_AGO,
        "endDate": FAR_OFF,
        "limits": None,
        "customerUsage": None,
        "promotionRestriction": {
            "issualRestrictions": list(enrol),
            "earnRestrictions": list(issue),
            "redemptionRestrictions": list(redeem),
        },
        "customerPromotionTimelines": list(timelines),
    }
    return customer_promotion(**(item | facts))


def enrolment(*issues: Facts, since: str | None = LONG_AGO, until: str | None = FAR_OFF) -> Facts:
    """Return an enrolment of the wire, with its issues."""
    return {
        "enrollmentId": 1,
        "enrollmentDate": since,
        "enrollmentExpiryDate": until,
        "issuedDetails": list(issues),
    }


def issued(redeemed: int | None = 0, until: str | None = FAR_OFF) -> Facts:
    """Return an issue of the wire."""
    return {"issualId": 2, "issualExpiryDate": until, "redeemedCount": redeemed}


PER_ISSUE = cap("NUMBER_OF_REDEMPTIONS_PER_EARN", "3")
ENROLMENTS_LEFT, ENROLMENTS_USED_UP = (cap("NUMBER_OF_ISSUALS", "2", used) for used in ("1", "2"))
ISSUES_LEFT, ISSUES_USED_UP = (cap("NUMBER_OF_EARNS", "2", used) for used in ("1", "2"))
TIMES_LEFT, TIMES_USED_UP = (cap("NUMBER_OF_TIMES", "2", used) for used in ("1", "2"))
UNLIMITED = cap("NUMBER_OF_ISSUALS", "-1", "9")
NOT_STATED = cap("NUMBER_OF_ISSUALS", None, "9")
OF_ALL_CUSTOMERS = cap("NUMBER_OF_ISSUALS", "2", "2", "PROMOTION")
ZERO_OF_ALL = cap("NUMBER_OF_POINTS", "0", None, "PROMOTION")
ZERO_OF_AN_EVENT = cap("NUMBER_OF_POINTS", "0", None, "EVENT")

CASES: dict[str, tuple[Any, list[PromotionAvailability]]] = {
    # EXPIRED where the end has passed, and then nothing else.
    "ended": (promotion(GENERIC, endDate=BEFORE), [EXPIRED]),
    "ends now": (promotion(GENERIC, endDate=AT), [TO_REDEEM]),
    "ended and switched off": (promotion(GENERIC, endDate=BEFORE, active=False), [EXPIRED]),
    "ended before it began": (promotion(GENERIC, endDate=BEFORE, startDate=AFTER), [EXPIRED]),
    "without an end": (promotion(GENERIC, endDate=None), [TO_REDEEM]),
    "with an unreadable end": (promotion(GENERIC, endDate="soon"), [TO_REDEEM]),
    # Nothing where it is switched off or has not begun.
    "switched off": (promotion(GENERIC, active=False), []),
    "not said to be on": (promotion(GENERIC, active=None), [TO_REDEEM]),
    "begins later": (promotion(GENERIC, startDate=AFTER), []),
    "begins now": (promotion(GENERIC, startDate=AT), [TO_REDEEM]),
    "without a start": (promotion(GENERIC, startDate=None), [TO_REDEEM]),
    "switched off, enrolled and issued": (promotion(ENROL, enrolment(issued()), active=False), []),
    # AVAILABLE_TO_ENROL for enrol and issue, while no ENROL restriction is exhausted.
    "open": (promotion(ENROL, enrol=(ENROLMENTS_LEFT,)), [TO_ENROL]),
    "enrolments used up": (promotion(ENROL, enrol=(ENROLMENTS_USED_UP,)), []),
    "one of two used up": (promotion(ENROL, enrol=(ENROLMENTS_LEFT, ENROLMENTS_USED_UP)), []),
    "no enrolments allowed": (promotion(ENROL, enrol=(cap("NUMBER_OF_ISSUALS", "0"),)), []),
    "enrolments unlimited": (
        promotion(ENROL, enrolment(), enrol=(UNLIMITED,)),
        [TO_ENROL, FOR_ISSUE],
    ),
    "enrolled, and more allowed": (
        promotion(ENROL, enrolment(), enrol=(ENROLMENTS_LEFT,)),
        [TO_ENROL, FOR_ISSUE],
    ),
    "usage of all customers is not known": (
        promotion(ENROL, enrol=(OF_ALL_CUSTOMERS,)),
        [TO_ENROL],
    ),
    # Where none is stated: while there is no current enrolment.
    "none stated, not enrolled": (promotion(ENROL), [TO_ENROL]),
    "none stated, enrolled": (promotion(ENROL, enrolment()), [FOR_ISSUE]),
    "none stated, enrolment expired": (promotion(ENROL, enrolment(until=BEFORE)), [TO_ENROL]),
    "none stated, enrolment begins later": (promotion(ENROL, enrolment(since=AFTER)), [TO_ENROL]),
    "a restriction without a figure": (
        promotion(ENROL, enrolment(), enrol=(NOT_STATED,)),
        [FOR_ISSUE],
    ),
    "without restrictions of any stage": (
        promotion(ENROL, enrolment(), promotionRestriction=None),
        [FOR_ISSUE],
    ),
    "a direct issue is not enrolled in": (promotion(DIRECT, enrol=(ENROLMENTS_LEFT,)), [FOR_ISSUE]),
    "nor is a generic one": (promotion(GENERIC, enrol=(ENROLMENTS_LEFT,)), [TO_REDEEM]),
    # AVAILABLE_FOR_ISSUE for direct issue, and for enrol and issue with a current enrolment.
    "direct issue": (promotion(DIRECT, issue=(ISSUES_LEFT,)), [FOR_ISSUE]),
    "direct issue without restrictions": (promotion(DIRECT), [FOR_ISSUE]),
    "direct issue, issues used up": (promotion(DIRECT, issue=(ISSUES_USED_UP,)), []),
    "direct issue, enrolments used up": (
        promotion(DIRECT, enrol=(ENROLMENTS_USED_UP,)),
        [FOR_ISSUE],
    ),
    "enrolled, issues left": (
        promotion(ENROL, enrolment(), enrol=(ENROLMENTS_USED_UP,), issue=(ISSUES_LEFT,)),
        [FOR_ISSUE],
    ),
    "enrolled, issues used up": (promotion(ENROL, enrolment(), issue=(ISSUES_USED_UP,)), []),
    "enrolment expires now": (promotion(ENROL, enrolment(until=AT)), [FOR_ISSUE]),
    "not enrolled any more": (
        promotion(ENROL, enrolment(until=BEFORE), enrol=(ENROLMENTS_USED_UP,)),
        [],
    ),
    # AVAILABLE_TO_REDEEM for generic, and for others with an unexpired issue.
    "generic": (promotion(GENERIC), [TO_REDEEM]),
    "generic, times left": (promotion(GENERIC, redeem=(TIMES_LEFT,)), [TO_REDEEM]),
    "generic, times used up": (promotion(GENERIC, redeem=(TIMES_USED_UP,)), []),
    "generic, used up for today": (
        promotion(GENERIC, redeem=(TIMES_USED_UP | {"type": "PERIOD_BASED"}, TIMES_LEFT)),
        [],
    ),
    "used up for all customers": (promotion(GENERIC, redeem=(ZERO_OF_ALL,)), [TO_REDEEM]),
    "none for one event": (promotion(GENERIC, redeem=(ZERO_OF_AN_EVENT,)), [TO_REDEEM]),
    "enrolments and issues do not count": (
        promotion(GENERIC, enrol=(ENROLMENTS_USED_UP,), issue=(ISSUES_USED_UP,)),
        [TO_REDEEM],
    ),
    "limits used up, without restrictions": (
        promotion(
            GENERIC,
            promotionRestriction=None,
            limits={"numberOFTimesPerCustomer": 2},
            customerUsage={"currentNumberOfTimesPerCustomer": 2},
        ),
        [],
    ),
    "issued": (promotion(DIRECT, enrolment(issued())), [FOR_ISSUE, TO_REDEEM]),
    "issue has expired": (promotion(DIRECT, enrolment(issued(until=BEFORE))), [FOR_ISSUE]),
    "issue expires now": (promotion(DIRECT, enrolment(issued(until=AT))), [FOR_ISSUE, TO_REDEEM]),
    "issue never expires": (
        promotion(DIRECT, enrolment(issued(until=None))),
        [FOR_ISSUE, TO_REDEEM],
    ),
    "partly redeemed": (
        promotion(DIRECT, enrolment(issued(2)), redeem=(PER_ISSUE,)),
        [FOR_ISSUE, TO_REDEEM],
    ),
    "fully redeemed": (promotion(DIRECT, enrolment(issued(3)), redeem=(PER_ISSUE,)), [FOR_ISSUE]),
    "one of two issues is left": (
        promotion(DIRECT, enrolment(issued(3), issued(0)), redeem=(PER_ISSUE,)),
        [FOR_ISSUE, TO_REDEEM],
    ),
    "redeemed, not known how often": (
        promotion(DIRECT, enrolment(issued(None)), redeem=(PER_ISSUE,)),
        [FOR_ISSUE, TO_REDEEM],
    ),
    "issued, times used up": (
        promotion(DIRECT, enrolment(issued()), redeem=(TIMES_USED_UP,)),
        [FOR_ISSUE],
    ),
    "the issue outlives the enrolment": (
        promotion(ENROL, enrolment(issued(), until=BEFORE), enrol=(ENROLMENTS_USED_UP,)),
        [TO_REDEEM],
    ),
    "all three": (
        promotion(ENROL, enrolment(issued()), enrol=(ENROLMENTS_LEFT,), issue=(ISSUES_LEFT,)),
        [TO_ENROL, FOR_ISSUE, TO_REDEEM],
    ),
    # Others are all that are not generic.
    "unknown type": (promotion("CASHBACK"), []),
    "unknown type, issued": (promotion("CASHBACK", enrolment(issued())), [TO_REDEEM]),
    "no type, issued": (promotion(None, enrolment(issued())), [TO_REDEEM]),
}


@pytest.mark.parametrize(("payload", "expected"), CASES.values(), ids=CASES)
def test_availability_is_read_off_the_item(
    payload: Any, expected: list[PromotionAvailability]
) -> None:
    """Each clause of the platform's definitions, and both sides of each of its bounds."""
    assert availability(payload, NOW) == expected


@pytest.mark.parametrize(
    ("payload", "requested", "expected"),
    [
        (promotion(GENERIC), TO_REDEEM, [TO_REDEEM]),
        (promotion(GENERIC, redeem=(TIMES_USED_UP,)), TO_REDEEM, [TO_REDEEM]),
        (promotion(ENROL), TO_REDEEM, [TO_ENROL, TO_REDEEM]),
        (promotion(ENROL, enrolment(issued())), TO_ENROL, [TO_ENROL, FOR_ISSUE, TO_REDEEM]),
        (promotion(GENERIC, active=False), FOR_ISSUE, [FOR_ISSUE]),
        (promotion(GENERIC, startDate=AFTER), TO_REDEEM, [TO_REDEEM]),
        (promotion(GENERIC, endDate=BEFORE), TO_REDEEM, [TO_REDEEM]),
        (promotion(GENERIC, endDate=BEFORE), EXPIRED, [EXPIRED]),
        (promotion(GENERIC), EXPIRED, [EXPIRED]),
    ],
)
def test_the_filter_of_the_list_decides(
    payload: Any, requested: PromotionAvailability, expected: list[PromotionAvailability]
) -> None:
    """The value that was requested is there, and EXPIRED is still nothing else."""
    assert availability(payload, NOW, requested) == expected


instants = st.one_of(
    st.none(),
    st.integers(-3, 3).map(lambda hours: format_instant(NOW + timedelta(hours=hours))),
)
figures = st.sampled_from([None, "-1", "0", "1", "2"])
caps = st.builds(
    cap,
    st.sampled_from(["NUMBER_OF_TIMES", "NUMBER_OF_POINTS", "NUMBER_OF_REDEMPTIONS_PER_EARN"]),
    figures,
    st.sampled_from([None, "0", "1", "2"]),
    st.sampled_from(["CUSTOMER", "PROMOTION", "EVENT", None]),
)
some_caps = st.lists(caps, max_size=2).map(tuple)
issues = st.builds(issued, st.sampled_from([None, 0, 1, 2]), instants)
enrolments = st.builds(
    lambda inner, since, until: enrolment(*inner, since=since, until=until),
    st.lists(issues, max_size=2),
    instants,
    instants,
)
promotions = st.builds(
    lambda kind, inner, **facts: promotion(kind, *inner, **facts),
    st.sampled_from([GENERIC, DIRECT, ENROL, "CASHBACK", None]),
    st.lists(enrolments, max_size=2),
    enrol=some_caps,
    issue=some_caps,
    redeem=some_caps,
    active=st.sampled_from([True, True, False, None]),
    startDate=instants,
    endDate=instants,
)


@given(promotions, st.sampled_from([None, *VALUES]))
def test_whatever_the_item_says(payload: Any, requested: PromotionAvailability | None) -> None:
    """No value twice, in the order of the enum, the requested one among them, EXPIRED alone."""
    found = availability(payload, NOW, requested)
    assert found == [each for each in VALUES if each in found]
    assert requested is None or requested in found
    assert EXPIRED not in found or found == [EXPIRED]
    assert set(found) - {requested} <= set(availability(payload, NOW))


@given(promotions)
def test_what_is_exhausted_is_never_available(payload: Any) -> None:
    """An exhausted restriction closes its own stage and no other."""
    found = set(availability(payload, NOW))
    used_up = {
        (each.stage.name, each.scope.name)
        for each in customer_restrictions(payload)
        if is_exhausted(each.limit)
    }
    stages = {stage for stage, _ in used_up}
    assert "ENROL" not in stages or TO_ENROL not in found
    assert "ISSUE" not in stages or FOR_ISSUE not in found
    assert ("REDEEM", "CUSTOMER") not in used_up or TO_REDEEM not in found


@given(promotions)
def test_a_type_bounds_what_can_be_done(payload: Any) -> None:
    """Enrolling takes its type, and issuing a type with issues; a generic one is redeemed alone."""
    found = set(availability(payload, NOW)) - {EXPIRED}
    if payload.type_name == GENERIC:
        assert found <= {TO_REDEEM}
    if payload.type_name != ENROL:
        assert TO_ENROL not in found
    elif current_enrolment(payload, NOW) is None:
        assert FOR_ISSUE not in found


@given(promotions)
def test_the_end_is_final(payload: Any) -> None:
    """What has expired stays so, and nothing that has not begun or is off can be done."""
    year = timedelta(days=365)
    if payload.ends_at is not None:
        assert availability(payload, NOW + year) == [EXPIRED]
    if payload.starts_at is not None or payload.is_active is False:
        assert availability(payload, NOW - year) == []
