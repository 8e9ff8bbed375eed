"""Enrolling, opting in and revoking, for promotions of the new interface."""

from typing import Any

import pytest

from tests.sandbox.client import SandboxClient, unified_code
from tests.sandbox.writing import (
    customer_id,
    enrol,
    enrolment,
    hex_id,
    new_id,
    old_id,
    revoke,
)

LIMIT_WARNING = "Unable to enroll in promotions. Customer already enrolled or limit reached."


def test_enrolment_is_answered_and_shown_at_once(own: SandboxClient) -> None:
    """The answer has the id as text, and the customer view has it with the use of the limit."""
    body = enrol(own, "C-ENROL").json()
    assert (body["errors"], body["warnings"]) == (None, None)
    held = own.held("C-ENROL", new_id("C-ENROL"))
    (enrolled,) = held["enrolments"]
    assert body["data"] == {
        "requestId": "some-test-id",
        "action": "ENROL",
        "customer": {
            "identifierName": "id",
            "identifierValue": str(customer_id("C-ENROL")),
            "customerId": customer_id("C-ENROL"),
        },
        "enrollmentStatus": {
            "promotion": {
                "id": new_id("C-ENROL"),
                "identifier": held["identifier"],
                "programId": 9030,
                "enrollmentId": str(enrolled),
                "optinId": None,
            },
            "milestone": {"status": None, "milestones": []},
        },
        "status": "SUCCESS",
    }
    (restriction,) = held["promotionRestriction"]["issualRestrictions"]
    assert restriction["currentCustomerUsage"] == "1"
    assert own.writes() == (1, 1)


def test_filters_follow_what_was_done(own: SandboxClient) -> None:
    """Enrolled for the third time, there is no more to enrol in, and something to issue."""
    wanted = new_id("C-ENROL")

    def statuses() -> set[str]:
        return {
            status
            for status in ("AVAILABLE_TO_ENROL", "AVAILABLE_TO_EARN", "AVAILABLE_TO_REDEEM")
            for each in own.promotions("C-ENROL", promotionStatusForCustomer=status)
            if each["promotionId"] == wanted
        }

    assert statuses() == {"AVAILABLE_TO_ENROL"}
    enrol(own, "C-ENROL")
    assert statuses() == {"AVAILABLE_TO_ENROL", "AVAILABLE_TO_EARN"}
    for _ in range(2):
        enrol(own, "C-ENROL")
    enrol(own, "C-ENROL", "OPT_IN")
    assert statuses() == {"AVAILABLE_TO_EARN", "AVAILABLE_TO_REDEEM"}
    revoke(own, "C-ENROL")
    assert statuses() == {"AVAILABLE_TO_ENROL"}


def test_same_request_id_enrols_again(own: SandboxClient) -> None:
    """The id of a request is no key of idempotency: what is sent twice is done twice."""
    for _ in range(2):
        enrol(own, "C-ENROL")
    assert len(own.held("C-ENROL", new_id("C-ENROL"))["enrolments"]) == 2


def test_opt_in_is_an_issue_of_the_enrolment(own: SandboxClient) -> None:
    """It has both ids, and the issue stands under the enrolment."""
    before = own.held("C-ENROLLED", new_id("C-ENROLLED"))
    told = enrol(own, "C-ENROLLED", "OPT_IN").json()["data"]["enrollmentStatus"]["promotion"]
    after = own.held("C-ENROLLED", new_id("C-ENROLLED"))
    assert after["enrolments"] == before["enrolments"] == [int(told["enrollmentId"])]
    assert after["issues"] == [int(told["optinId"])]


def test_direct_issue_is_enrolled_and_issued_at_once(own: SandboxClient) -> None:
    """ENROL of a direct issue has both ids."""
    told = enrol(own, "C-DIRECT").json()["data"]["enrollmentStatus"]["promotion"]
    held = own.held("C-DIRECT", new_id("C-DIRECT"))
    assert held["enrolments"] == [int(told["enrollmentId"])]
    assert held["issues"] == [int(told["optinId"])]


def test_promotion_that_begins_later_can_be_enrolled_in(own: SandboxClient) -> None:
    """UPCOMING is open for enrolment."""
    assert enrol(own, "C-UPCOMING").json()["data"]["enrollmentStatus"]["promotion"]["enrollmentId"]


def test_promotion_that_the_customer_does_not_hold_is_held_then(own: SandboxClient) -> None:
    """Who enrols in another promotion of the list holds it from then on."""
    other = new_id("C-ENROL")
    body = enrolment(own, "C-DIRECT") | {
        "promotion": {"id": hex_id(own, other), "promotionId": other}
    }
    own.post("/v3/promotions/enrol", json=body)
    assert own.held("C-DIRECT", other)["enrolments"]


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("C-ENROLLED", "ENROL"),
        ("C-LIMIT", "ENROL"),
        ("C-LIMIT", "OPT_IN"),
        ("C-FULL", "ENROL"),
        ("C-ISSUED", "ENROL"),
    ],
)
def test_limit_is_a_warning_beside_success(shared: SandboxClient, name: str, action: str) -> None:
    """Who is enrolled or at a limit gets SUCCESS, no id, and a warning."""
    answer = enrol(shared, name, action)
    body = answer.json()
    assert (answer.status_code, body["data"]["status"]) == (200, "SUCCESS")
    assert body["warnings"] == [{"message": LIMIT_WARNING}]
    told = body["data"]["enrollmentStatus"]["promotion"]
    assert (told["enrollmentId"], told["optinId"]) == (None, None)


@pytest.mark.parametrize(
    ("name", "action", "code", "part"),
    [
        ("C-NOTOPEN", "OPT_IN", 310229, "not started"),
        ("C-CLOSED", "OPT_IN", 310230, "ended"),
        ("C-INACTIVE", "ENROL", 400, "not in LIVE or UPCOMING"),
        ("C-STOPPED", "ENROL", 400, "not in LIVE or UPCOMING"),
        ("C-OVER", "ENROL", 400, "not in LIVE or UPCOMING"),
        ("C-GENERIC", "ENROL", 400, "GENERIC"),
        ("C-GENERIC", "OPT_IN", 400, "GENERIC"),
        ("C-DIRECT", "OPT_IN", 400, "OPT_IN is not supported"),
        ("C-ENROL", "OPT_IN", 400, "[NO_ACTIVE_ENROLLMENT]"),
    ],
)
def test_refusal_has_a_code(
    shared: SandboxClient, name: str, action: str, code: int, part: str
) -> None:
    """What the state or the promotion does not allow is 400."""
    answer = enrol(shared, name, action)
    assert unified_code(answer) == code
    assert part in answer.json()["errors"][0]["message"]


def customer(**changes: Any) -> dict[str, Any]:
    """Return the customer of a body, with changes."""
    found = {"identifierName": "id", "identifierValue": "700000102", "source": "INSTORE"}
    return {name: value for name, value in (found | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"action": None}, 310002),
        ({"action": "JOIN"}, 310002),
        ({"promotion": None}, 310003),
        ({"promotion": {"promotionId": 90300001}}, 310004),
        ({"promotion": {"id": "0" * 24}}, 310005),
        ({"customer": None}, 310006),
        ({"customer": customer(identifierValue=None)}, 310007),
        ({"customer": customer(identifierName="externalId")}, 310007),
        ({"customer": customer(source=None)}, 310008),
        ({"programId": None}, 310009),
        ({"programId": 1}, 400),
        ({"programId": 9031}, 400),
        ({"promotion": {"id": "0" * 24, "promotionId": 90300001}}, 400),
        ({"customer": customer(identifierValue="1")}, 400),
        ({"customer": customer(source="LINE")}, 400),
    ],
)
def test_wrong_member_is_refused(shared: SandboxClient, changes: dict[str, Any], code: int) -> None:
    """What is missing has a code of its own, what is not found is 400."""
    assert unified_code(enrol(shared, "C-ENROL", **changes)) == code


def test_what_is_no_json_is_refused(shared: SandboxClient) -> None:
    """999999, for both endpoints."""
    for path in ("enrol", "revoke"):
        for content in (b"", b"[]", b"{"):
            assert unified_code(shared.post(f"/v3/promotions/{path}", content=content)) == 999999


@pytest.mark.parametrize("given", ["2026-01-01T00:00:00Z", "2026-03-02", "soon"])
def test_date_of_an_opt_in_is_within_the_window(shared: SandboxClient, given: str) -> None:
    """`optinDate` outside of the window, or no instant, is 310238."""
    assert unified_code(enrol(shared, "C-ENROLLED", "OPT_IN", optinDate=given)) == 310238


def test_engine_that_does_not_answer_is_a_warning(own: SandboxClient) -> None:
    """SUCCESS without ids tells nothing: one of the two enrolments took effect."""
    for name in ("C-SILENT", "C-UNCERTAIN"):
        body = enrol(own, name).json()
        assert body["warnings"] == [{"message": "No Response from EMF service"}]
        assert body["data"]["enrollmentStatus"]["promotion"]["enrollmentId"] is None
    assert own.held("C-SILENT", new_id("C-SILENT"))["enrolments"] == []
    assert len(own.held("C-UNCERTAIN", new_id("C-UNCERTAIN"))["enrolments"]) == 1
    assert own.writes() == (2, 1)


def test_warning_can_stand_beside_an_id(own: SandboxClient) -> None:
    """Milestones that failed do not undo the enrolment."""
    body = enrol(own, "C-MILESTONES").json()
    assert body["warnings"] == [{"message": "failed to enrol into milestones"}]
    assert body["data"]["enrollmentStatus"]["promotion"]["enrollmentId"]


def test_revoked_enrolment_takes_its_issues_along(own: SandboxClient) -> None:
    """One of two enrolments is revoked with its two issues, the other stays."""
    before = own.held("C-WITHDRAW", new_id("C-WITHDRAW"))
    first, second = before["enrolments"]
    body = revoke(own, "C-WITHDRAW", ids=[first], requestId="one").json()
    assert body["data"] == {
        "requestId": "one",
        "action": "REVOKE_ENROLL",
        "status": "SUCCESS",
        "promotionId": new_id("C-WITHDRAW"),
        "promotionIdentifier": before["identifier"],
        "customerResults": [
            {
                "identifierName": "id",
                "identifierValue": str(customer_id("C-WITHDRAW")),
                "customerId": customer_id("C-WITHDRAW"),
                "revokedEnrollmentIds": [first],
                "revokedOptInIds": before["issues"],
                "status": "SUCCESS",
                "errors": [],
                "warnings": [],
            }
        ],
        "totalCount": 1,
        "failureCount": 0,
    }
    after = own.held("C-WITHDRAW", new_id("C-WITHDRAW"))
    assert (after["enrolments"], after["issues"]) == ([second], [])
    (restriction,) = after["promotionRestriction"]["issualRestrictions"]
    assert restriction["currentCustomerUsage"] == "1"


def test_all_enrolments_can_be_revoked(own: SandboxClient) -> None:
    """`revokeAllEnrollments` needs no ids; a PAUSED promotion allows it."""
    for name, count in (("C-WITHDRAW", 2), ("C-INACTIVE", 1)):
        (result,) = revoke(own, name).json()["data"]["customerResults"]
        assert len(result["revokedEnrollmentIds"]) == count
        assert own.held(name, new_id(name))["enrolments"] == []


def test_opt_ins_are_revoked_alone(own: SandboxClient) -> None:
    """One by its id, then all: the enrolments stay."""
    before = own.held("C-WITHDRAW", new_id("C-WITHDRAW"))
    first, second = before["issues"]
    (result,) = revoke(own, "C-WITHDRAW", "REVOKE_OPTIN", [first]).json()["data"]["customerResults"]
    assert (result["revokedEnrollmentIds"], result["revokedOptInIds"]) == ([], [first])
    (result,) = revoke(own, "C-WITHDRAW", "REVOKE_OPTIN").json()["data"]["customerResults"]
    assert result["revokedOptInIds"] == [second]
    assert own.held("C-WITHDRAW", new_id("C-WITHDRAW"))["enrolments"] == before["enrolments"]


def test_promotion_is_found_by_its_identifier(own: SandboxClient) -> None:
    """`promotionIdentifier` in the number's place, and a customer's external id."""
    identifier = own.held("C-WITHDRAW", new_id("C-WITHDRAW"))["identifier"]
    wanted = {"identifierName": "externalId", "identifierValue": "C-WITHDRAW"}
    answer = revoke(
        own, "C-WITHDRAW", promotion={"promotionIdentifier": identifier}, customers=[wanted]
    )
    assert answer.json()["data"]["status"] == "SUCCESS"


def test_request_id_is_used_once(own: SandboxClient) -> None:
    """A second revocation with the id is 558, with this HTTP status, and changes nothing."""
    first, second = own.held("C-WITHDRAW", new_id("C-WITHDRAW"))["enrolments"]
    revoke(own, "C-WITHDRAW", ids=[first], requestId="same")
    assert unified_code(revoke(own, "C-WITHDRAW", ids=[second], requestId="same"), 558) == 558
    assert own.held("C-WITHDRAW", new_id("C-WITHDRAW"))["enrolments"] == [second]
    assert own.writes() == (2, 1)


@pytest.mark.parametrize(
    ("name", "action", "ids", "code"),
    [
        ("C-ENROL", "REVOKE_ENROLL", None, 400),
        ("C-OVER", "REVOKE_ENROLL", None, 400),
        ("C-GENERIC", "REVOKE_ENROLL", None, 400),
        ("C-WITHDRAW", "REVOKE_ENROLL", [1], 8893),
        ("C-ENROLLED", "REVOKE_OPTIN", None, 8892),
        ("C-WITHDRAW", "REVOKE_OPTIN", [1], 8892),
    ],
)
def test_nothing_to_revoke_is_a_failure_of_the_customer(
    shared: SandboxClient, name: str, action: str, ids: list[int] | None, code: int
) -> None:
    """HTTP status 200, FAILED, and an error in the customer's result."""
    answer = revoke(shared, name, action, ids)
    data = answer.json()["data"]
    (result,) = data["customerResults"]
    assert (answer.status_code, data["status"], data["failureCount"]) == (200, "FAILED", 1)
    assert [error["code"] for error in result["errors"]] == [code]


@pytest.mark.parametrize(
    "wanted",
    [
        {"identifierName": "id", "identifierValue": "1"},
        {"identifierName": "externalId", "identifierValue": "C-WITHDRAW", "source": "LINE"},
    ],
)
def test_unknown_customer_is_a_failure(shared: SandboxClient, wanted: dict[str, Any]) -> None:
    """3901, for the customer."""
    (result,) = revoke(shared, "C-WITHDRAW", customers=[wanted]).json()["data"]["customerResults"]
    assert [error["code"] for error in result["errors"]] == [3901]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("C-STOPPED", {}),
        ("C-WITHDRAW", {"action": "REVOKE"}),
        ("C-WITHDRAW", {"programId": None}),
        ("C-WITHDRAW", {"programId": 9031}),
        ("C-WITHDRAW", {"promotion": {}}),
        ("C-WITHDRAW", {"promotion": {"promotionId": old_id("C-WITHDRAW")}}),
        ("C-WITHDRAW", {"promotion": {"promotionId": 1, "promotionIdentifier": "x"}}),
        ("C-WITHDRAW", {"customers": []}),
        ("C-WITHDRAW", {"customers": [{}, {}]}),
        ("C-WITHDRAW", {"customers": [{"identifierName": "cuid", "identifierValue": "x"}]}),
        ("C-WITHDRAW", {"requestId": "x" * 51}),
    ],
)
def test_wrong_revocation_is_refused(
    shared: SandboxClient, name: str, changes: dict[str, Any]
) -> None:
    """400, for all: the promotion is STOPPED or not found, or a member is wrong."""
    assert unified_code(revoke(shared, name, **changes)) == 400


@pytest.mark.parametrize("ids", [[], ["x"], [True], list(range(11))])
def test_wrong_ids_are_refused(shared: SandboxClient, ids: list[Any]) -> None:
    """None, what is no number, or more than ten."""
    assert unified_code(revoke(shared, "C-WITHDRAW", ids=ids)) == 400


def test_direct_issue_has_no_opt_in_to_revoke(shared: SandboxClient) -> None:
    """REVOKE_OPTIN is for promotions that support opt-in."""
    assert unified_code(revoke(shared, "C-ISSUED", "REVOKE_OPTIN")) == 400
