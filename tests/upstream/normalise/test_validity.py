from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.upstream.normalise.enums import PromotionValidity
from gateway.upstream.normalise.instants import format_instant
from gateway.upstream.normalise.validity import current_enrolment, is_expired, next_expiry, validity
from tests.support.payloads import customer_promotion, definition

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
BEFORE, AT, AFTER = "2026-03-02T11:59:59.999Z", "2026-03-02T12:00Z", "2026-03-02T12:00:00.001Z"
LATER, LATEST = "2026-04-01T00:00Z", "2026-05-01T00:00Z"


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (BEFORE, AFTER, "CURRENT"),
        (AT, AFTER, "CURRENT"),
        (BEFORE, AT, "CURRENT"),
        (AT, AT, "CURRENT"),
        (AFTER, LATER, "UPCOMING"),
        (BEFORE, BEFORE, "ENDED"),
        (AFTER, None, "UPCOMING"),
        (None, BEFORE, "ENDED"),
        ("soon", BEFORE, "ENDED"),
        (BEFORE, None, "UNKNOWN"),
        (None, AFTER, "UNKNOWN"),
        (None, None, "UNKNOWN"),
        ("", "", "UNKNOWN"),
        (BEFORE, "2026-13-01T00:00Z", "UNKNOWN"),
        (LATER, BEFORE, "ENDED"),
        (1772452799999, "1772452800001", "CURRENT"),
    ],
)
def test_validity_is_what_the_dates_that_can_be_read_decide(
    start: Any, end: Any, expected: str
) -> None:
    """Both ends are inclusive; an absent date matters only where it decides."""
    dates = {"startDate": start, "endDate": end}
    assert validity(customer_promotion(**dates), NOW) is PromotionValidity[expected]
    assert validity(definition(**dates), NOW) is PromotionValidity[expected]


@pytest.mark.parametrize("active", [True, False, None])
def test_being_switched_on_says_nothing_about_dates(active: Any) -> None:
    """`active` may be true for promotions that have ended."""
    payload = customer_promotion(active=active, startDate=BEFORE, endDate=BEFORE)
    assert validity(payload, NOW) is PromotionValidity.ENDED


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(BEFORE, True), (AT, False), (AFTER, False), (None, None), ("", None), ("never", None)],
)
def test_expiry_has_passed_after_its_instant(raw: str | None, *, expected: bool | None) -> None:
    """An absent or unreadable expiry is not known."""
    assert is_expired(raw, NOW) is expected


def _enrolment(number: int, enrolled: Any, expires: Any, *issues: Any) -> dict[str, Any]:
    return {
        "enrollmentId": number,
        "enrollmentDate": enrolled,
        "enrollmentExpiryDate": expires,
        "issuedDetails": [{"issualId": n, "issualExpiryDate": at} for n, at in enumerate(issues)],
    }


OLD, NEW = "2026-01-01T00:00Z", "2026-02-01T00:00Z"


@pytest.mark.parametrize(
    ("enrolments", "expected"),
    [
        (None, None),
        ([], None),
        ([_enrolment(1, OLD, LATER), _enrolment(2, NEW, LATER)], 2),
        ([_enrolment(1, NEW, LATER), _enrolment(2, OLD, LATEST)], 1),
        ([_enrolment(1, OLD, LATER), _enrolment(2, NEW, BEFORE)], 1),
        ([_enrolment(1, OLD, AT), _enrolment(2, NEW, BEFORE)], 1),
        ([_enrolment(1, OLD, BEFORE), _enrolment(2, NEW, BEFORE)], None),
        ([_enrolment(1, OLD, AFTER)], 1),
        ([_enrolment(1, OLD, None), _enrolment(2, OLD, BEFORE)], 1),
        ([_enrolment(1, OLD, "never")], 1),
        ([_enrolment(1, None, LATER), _enrolment(2, OLD, LATER)], 2),
        ([_enrolment(1, None, LATER), _enrolment(2, "soon", LATER)], 1),
        ([_enrolment(1, NEW, LATER), _enrolment(2, NEW, LATER)], 1),
        ([_enrolment(1, OLD, LATER), _enrolment(2, AFTER, LATEST)], 1),
        ([_enrolment(1, OLD, LATER), _enrolment(2, AT, LATEST)], 2),
        ([_enrolment(1, AFTER, LATER)], None),
        ([_enrolment(1, AFTER, None)], None),
    ],
)
def test_current_enrolment_is_the_latest_that_has_begun_and_has_not_expired(
    enrolments: Any, expected: int | None
) -> None:
    """Without a readable expiry it has not expired; without a date it is the earliest."""
    payload = customer_promotion(customerPromotionTimelines=enrolments)
    timeline = current_enrolment(payload, NOW)
    assert (timeline and timeline.enrolment_id) == expected


@pytest.mark.parametrize(
    ("end", "enrolments", "expected"),
    [
        (LATEST, None, LATEST),
        (LATEST, [], LATEST),
        (BEFORE, None, None),
        (AT, None, AT),
        (AFTER, None, AFTER),
        (None, None, None),
        ("never", [_enrolment(1, OLD, None)], None),
        (LATEST, [_enrolment(1, OLD, LATER)], LATER),
        (LATER, [_enrolment(1, OLD, LATEST)], LATER),
        (LATEST, [_enrolment(1, OLD, BEFORE, LATER)], LATER),
        (LATEST, [_enrolment(1, OLD, LATER, BEFORE, AFTER)], AFTER),
        (BEFORE, [_enrolment(1, OLD, BEFORE, AT)], AT),
        (BEFORE, [_enrolment(1, OLD, BEFORE), _enrolment(2, OLD, LATEST, LATER)], LATER),
    ],
)
def test_next_expiry_is_the_earliest_that_has_not_passed(
    end: Any, enrolments: Any, expected: str | None
) -> None:
    """Of the promotion's end, its enrolments' expiries and its issues'."""
    payload = customer_promotion(endDate=end, customerPromotionTimelines=enrolments)
    instant = next_expiry(payload, NOW)
    written = None if expected is None else expected.replace("00Z", "00:00Z")
    assert (instant and format_instant(instant)) == written


def test_an_end_is_inclusive_wherever_it_is_looked_at() -> None:
    """At 23:59:59Z everything is current, and a millisecond later nothing is."""
    end = "2026-03-02T23:59:59Z"
    payload = customer_promotion(
        startDate=OLD, endDate=end, customerPromotionTimelines=[_enrolment(1, OLD, end, end)]
    )
    at = datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC)
    for now, runs in ((at, True), (at + timedelta(milliseconds=1), False)):
        assert (validity(payload, now) is PromotionValidity.CURRENT) is runs
        assert is_expired(end, now) is not runs
        assert (current_enrolment(payload, now) is not None) is runs
        assert (next_expiry(payload, now) is not None) is runs
