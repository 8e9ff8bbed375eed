"""Enrolling, issuing and withdrawing by the old endpoints, each sent once."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.client import NOW
from tests.sandbox.writing import customer_id, old_id
from tests.writes.support import ENROL, ISSUE, WITHDRAW, Writer, wanted, writer

BEFORE = NOW - timedelta(seconds=5)


@pytest.fixture
def own() -> Iterator[Writer]:
    """Serve a sandbox and a gateway."""
    with writer() as each:
        yield each


def _held(done: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the ids of enrolments and issues of the promotion as it was read again."""
    enrolments = done["customerPromotion"]["enrolments"]
    issues = [issue["issueId"] for each in enrolments for issue in each["issues"]]
    return [each["enrolmentId"] for each in enrolments], issues


def test_an_enrolment_is_sent_once_and_read_again(own: Writer) -> None:
    """The id is the platform's, and the customer's promotion has it at once; three calls."""
    done = own.do(ENROL, wanted("C-ENROL"))
    assert (done["outcome"], done["userErrors"], done["issueIds"]) == ("DONE", [], [])
    assert done["enrolmentIds"] == _held(done)[0]
    assert own.graph.calls == 3
    (write,) = own.writes
    assert (write["endpoint"], write["applied"]) == ("enrolAndEarn", True)
    assert write["body"] == {
        "type": "CUSTOMER",
        "promotionDetails": {"programId": 9031, "promotionId": old_id("C-ENROL")},
        "identifierName": "id",
        "customers": [{"identifierValue": str(customer_id("C-ENROL")), "source": "INSTORE"}],
        "bulkAction": "ENROL",
    }


@pytest.mark.parametrize("later", [timedelta(), NOW - BEFORE], ids=["behind", "meanwhile"])
def test_what_was_made_has_begun_in_its_response(later: timedelta) -> None:
    """Whether the action took until then, or the platform's clock is ahead of the gateway's."""
    begun: Iterator[datetime] = iter([BEFORE])
    with writer(clock=lambda: next(begun, BEFORE + later)) as own:
        answer = own.graph.answer(
            "mutation E($input: EnrolInPromotionInput!) { done: enrolInPromotion(input: $input) {"
            " enrolmentIds customerPromotion { availability currentEnrolment { enrolmentId } } } }",
            {"input": wanted("C-ENROL")},
        )
    done = answer["data"]["done"]
    (made,) = done["enrolmentIds"]
    assert done["customerPromotion"]["currentEnrolment"] == {"enrolmentId": made}
    assert "AVAILABLE_FOR_ISSUE" in done["customerPromotion"]["availability"]


def test_what_is_not_selected_is_not_read_again(own: Writer) -> None:
    """Two calls: one before, and the write."""
    mutation = (
        "mutation($input: EnrolInPromotionInput!)"
        " { done: enrolInPromotion(input: $input) { outcome } }"
    )
    assert own.do(mutation, wanted("C-ENROL")) == {"outcome": "DONE"}
    assert own.graph.calls == 2


def test_an_issue_belongs_to_what_was_enrolled_before(own: Writer) -> None:
    """Only what this action has made is in the payload."""
    done = own.do(ISSUE, wanted("C-ENROLLED"))
    assert (done["outcome"], done["enrolmentIds"]) == ("DONE", [])
    assert done["issueIds"] == _held(done)[1]
    assert [write["body"]["bulkAction"] for write in own.writes] == ["EARN"]


def test_a_direct_issue_shows_no_dummy_enrolment(own: Writer) -> None:
    """The platform gives an id of an enrolment that nobody has."""
    done = own.do(ISSUE, wanted("C-DIRECT"))
    assert (done["outcome"], done["enrolmentIds"]) == ("DONE", [])
    assert done["issueIds"] == _held(done)[1]


def test_issues_and_enrolments_are_withdrawn(own: Writer) -> None:
    """The payload has the ids of what was withdrawn, and the promotion has it no longer."""
    done = own.do(WITHDRAW, wanted("C-WITHDRAW", stage="ISSUE"))
    assert (done["outcome"], done["enrolmentIds"]) == ("DONE", [])
    assert done["issueIds"]
    first, second = _held(done)[0]
    assert _held(done)[1] == []
    # An old endpoint takes no id of an enrolment, and would withdraw another one.
    given = wanted("C-WITHDRAW", stage="ENROL", ids=[first])
    assert own.refused(WITHDRAW, given) == "REFUSED"
    assert len(own.writes) == 1
    for given in (wanted("C-WITHDRAW", stage="ENROL", ids=[second, first, second]),):
        done = own.do(WITHDRAW, given)
        assert done["outcome"] == "DONE"
        (gone,) = done["enrolmentIds"]
        assert {gone, *_held(done)[0]} == {first, second}
    (left,) = _held(done)[0]
    done = own.do(WITHDRAW, wanted("C-WITHDRAW", stage="ENROL"))
    assert (done["outcome"], done["enrolmentIds"]) == ("DONE", [left])
    assert _held(done)[0] == []
    actions = [write["body"]["bulkAction"] for write in own.writes]
    assert actions == ["REVOKE_EARN", "REVOKE_ENROL", "REVOKE_ENROL"]


def test_direct_issues_are_withdrawn_by_an_endpoint_of_their_own(own: Writer) -> None:
    """With the ids that the client names."""
    (issue,) = own.do(ISSUE, wanted("C-DIRECT"))["issueIds"]
    done = own.do(WITHDRAW, wanted("C-DIRECT", stage="ISSUE", ids=[issue]))
    assert (done["outcome"], done["issueIds"]) == ("DONE", [issue])
    assert own.writes[1]["endpoint"] == "revokeDirectEarn"
    assert own.writes[1]["body"]["customers"][0]["earnIds"] == [int(issue)]


REFUSALS: list[tuple[str, str, dict[str, Any], str, int]] = [
    (ENROL, "C-ENROL", {"by": {"externalId": "nobody"}}, "CUSTOMER_NOT_FOUND", 0),
    (ENROL, "C-ENROL", {"by": {"customerId": "1"}}, "CUSTOMER_NOT_FOUND", 0),
    (ENROL, "C-ENROL", {"promotionId": "4711"}, "PROMOTION_NOT_FOUND", 1),
    (ENROL, "C-ENROL", {"programId": "4711"}, "PROMOTION_NOT_FOUND", 1),
    (ENROL, "C-INACTIVE", {}, "PROMOTION_NOT_ACTIVE", 1),
    (ENROL, "C-OVER", {}, "PROMOTION_NOT_ACTIVE", 1),
    (ENROL, "C-GENERIC", {}, "NOT_ENROLLABLE", 0),
    (ENROL, "C-DIRECT", {}, "NOT_ENROLLABLE", 0),
    (ENROL, "C-LIMIT", {}, "ALREADY_ENROLLED_OR_LIMIT_REACHED", 1),
    (ISSUE, "C-GENERIC", {}, "NOT_ISSUABLE", 0),
    (ISSUE, "C-ENROL", {}, "NOT_ISSUABLE", 1),
    (ISSUE, "C-INACTIVE", {}, "PROMOTION_NOT_ACTIVE", 1),
    (WITHDRAW, "C-ENROL", {"stage": "ENROL"}, "NOTHING_TO_WITHDRAW", 1),
    (WITHDRAW, "C-ENROLLED", {"stage": "ISSUE"}, "NOTHING_TO_WITHDRAW", 1),
    (WITHDRAW, "C-ENROLLED", {"stage": "ENROL", "ids": ["1"]}, "NOTHING_TO_WITHDRAW", 0),
    (WITHDRAW, "C-ISSUED", {"stage": "ISSUE", "ids": ["1"]}, "NOTHING_TO_WITHDRAW", 0),
    (WITHDRAW, "C-ISSUED", {"stage": "ENROL"}, "REFUSED", 1),
    (WITHDRAW, "C-LIMIT", {"stage": "ENROL"}, "REFUSED", 1),  # it has issues left
]


@pytest.mark.parametrize(("mutation", "name", "changes", "code", "sent"), REFUSALS)
def test_a_refusal_is_data(
    own: Writer, mutation: str, name: str, changes: dict[str, Any], code: str, sent: int
) -> None:
    """With a code of the graph; what the gateway knows to be refused is not sent."""
    assert own.refused(mutation, wanted(name) | changes) == code
    assert (len(own.writes), own.applied) == (sent, 0)
