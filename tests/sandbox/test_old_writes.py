"""The old endpoints that enrol, issue and revoke."""

from typing import Any

import pytest

from tests.sandbox.client import SandboxClient, code
from tests.sandbox.writing import customer_id, new_id, old, old_code, old_id, old_result

BULK = "/v2/promotion/bulk/enrolAndEarn"


def test_enrolment_is_answered_and_shown_at_once(own: SandboxClient) -> None:
    """The answer has the id as text, and the customer view has it with the use of the limit."""
    result = old_result(old(own, "enrolAndEarn", "C-ENROL", "ENROL"))
    held = own.held("C-ENROL", old_id("C-ENROL"))
    assert result == {
        "entityType": "CUSTOMER",
        "entityId": customer_id("C-ENROL"),
        "promotionId": old_id("C-ENROL"),
        "programId": 9031,
        "issualId": str(held["enrolments"][0]),
        "earnedId": None,
    }
    (restriction,) = held["promotionRestriction"]["issualRestrictions"]
    assert restriction["currentCustomerUsage"] == "1"


def test_issue_belongs_to_the_enrolment(own: SandboxClient) -> None:
    """EARN has the ids of both."""
    result = old_result(old(own, "enrolAndEarn", "C-ENROLLED", "EARN"))
    held = own.held("C-ENROLLED", old_id("C-ENROLLED"))
    assert held["enrolments"] == [int(result["issualId"])]
    assert held["issues"] == [int(result["earnedId"])]


@pytest.mark.parametrize(("endpoint", "action"), [("enrolAndEarn", "EARN"), ("directEarn", None)])
def test_direct_issue_has_a_dummy_enrolment(
    own: SandboxClient, endpoint: str, action: str | None
) -> None:
    """The id of its enrolment is not in the customer view."""
    result = old_result(old(own, endpoint, "C-DIRECT", action))
    held = own.held("C-DIRECT", old_id("C-DIRECT"))
    assert held["issues"] == [int(result["earnedId"])]
    assert held["enrolments"] != [int(result["issualId"])]


@pytest.mark.parametrize(
    ("endpoint", "name", "action", "expected"),
    [
        ("enrolAndEarn", "C-DIRECT", "ENROL", 8902),
        ("enrolAndEarn", "C-ENROLLED", "ENROL", 8899),
        ("enrolAndEarn", "C-LIMIT", "ENROL", 8899),
        ("enrolAndEarn", "C-LIMIT", "EARN", 8899),
        ("enrolAndEarn", "C-ISSUED", "EARN", 8899),
        ("enrolAndEarn", "C-ENROL", "EARN", 8901),
        ("enrolAndEarn", "C-GENERIC", "ENROL", 8881),
        ("enrolAndEarn", "C-GENERIC", "EARN", 8881),
        ("enrolAndEarn", "C-INACTIVE", "ENROL", 8892),
        ("enrolAndEarn", "C-OVER", "EARN", 8892),
        ("enrolAndEarn", "C-NOTOPEN", "EARN", 8896),
        ("directEarn", "C-ENROLLED", None, 8881),
        ("revokeEnrolAndEarn", "C-ENROL", "REVOKE_ENROL", 8902),
        ("revokeEnrolAndEarn", "C-LIMIT", "REVOKE_ENROL", 8903),
        ("revokeEnrolAndEarn", "C-ENROLLED", "REVOKE_EARN", 8902),
        ("revokeEnrolAndEarn", "C-ISSUED", "REVOKE_ENROL", 8881),
        ("revokeEnrolAndEarn", "C-GENERIC", "REVOKE_EARN", 8881),
        ("revokeDirectEarn", "C-DIRECT", None, 8902),
    ],
)
def test_refusal_stands_in_the_result(
    shared: SandboxClient, endpoint: str, name: str, action: str | None, expected: int
) -> None:
    """What the state or the promotion does not allow is an error of the customer."""
    assert old_code(old(shared, endpoint, name, action)) == expected


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"programId": 1, "promotionId": 90310001}, 8874),
        ({"programId": 9031, "promotionId": 1}, 8896),
        ({"programId": 9030, "promotionId": 90300001}, 8896),
        ({"programId": 9031}, 8896),
        ({}, 8874),
    ],
)
def test_unknown_promotion_is_refused(
    shared: SandboxClient, details: dict[str, Any], expected: int
) -> None:
    """A promotion of the new interface is unknown here."""
    body = request() | {"promotionDetails": details}
    assert old_code(shared.post(BULK, json=body)) == expected


def request(**changes: Any) -> dict[str, Any]:
    """Return the body of C-ENROL's enrolment, with changes."""
    return {
        "type": "CUSTOMER",
        "bulkAction": "ENROL",
        "promotionDetails": {"programId": 9031, "promotionId": old_id("C-ENROL")},
        "identifierName": "id",
        "customers": [{"identifierValue": customer_id("C-ENROL"), "source": "INSTORE"}],
    } | changes


@pytest.mark.parametrize(
    "wanted",
    [{"identifierValue": "1"}, {}, {"identifierValue": "700000102", "source": "WEBSITE"}],
)
def test_unknown_customer_is_refused(shared: SandboxClient, wanted: dict[str, Any]) -> None:
    """8015, in the result."""
    assert old_code(shared.post(BULK, json=request(customers=[wanted]))) == 8015


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "GROUP"},
        {"bulkAction": "JOIN"},
        {"bulkAction": None},
        {"identifierName": "externalId"},
        {"customers": []},
        {"customers": "C-ENROL"},
        {"customers": ["C-ENROL"]},
    ],
)
def test_malformed_request_is_refused(shared: SandboxClient, changes: dict[str, Any]) -> None:
    """1101, for all customers."""
    assert code(shared.post(BULK, json=request(**changes))) == 1101


def test_what_is_no_json_or_too_much_is_refused(shared: SandboxClient) -> None:
    """1101 for what is no object, 11013 for more than a hundred customers."""
    assert code(shared.post(BULK, content=b"[")) == 1101
    assert code(shared.post(BULK, json=request(customers=[{}] * 101))) == 11013
    assert code(shared.post("/v2/promotion/issue?identifierName=id", content=b"[")) == 1101


def test_customers_fail_one_by_one(own: SandboxClient) -> None:
    """Of three customers one is unknown; the promotion is found by its identifier."""
    identifier = own.held("C-ENROL", old_id("C-ENROL"))["identifier"]
    wanted = [{"identifierValue": str(number)} for number in (700000102, 1, 700000103)]
    body = request(
        customers=wanted, promotionDetails={"programId": 9031, "promoIdentifier": identifier}
    )
    answer = own.post(BULK, json=body).json()
    assert (answer["totalCount"], answer["failureCount"]) == (3, 1)
    assert [bool(each["errors"]) for each in answer["response"]] == [False, True, False]
    assert own.writes() == (1, 1)


def test_issues_are_revoked_before_the_enrolment(own: SandboxClient) -> None:
    """The issues by their ids and together, and then each enrolment, the newest first."""
    before = own.held("C-WITHDRAW", old_id("C-WITHDRAW"))
    first, second = before["issues"]
    result = old_result(
        old(own, "revokeEnrolAndEarn", "C-WITHDRAW", "REVOKE_EARN", earnIds=[first])
    )
    assert result["revokedEarnIds"] == [str(first)]
    revoked = old_result(old(own, "revokeEnrolAndEarn", "C-WITHDRAW", "REVOKE_ENROL"))
    assert revoked["revokedIssualId"] == str(before["enrolments"][1])
    assert old_code(old(own, "revokeEnrolAndEarn", "C-WITHDRAW", "REVOKE_ENROL")) == 8903
    result = old_result(old(own, "revokeDirectEarn", "C-WITHDRAW"))
    assert result["revokedEarnIds"] == [str(second)]
    revoked = old_result(old(own, "revokeEnrolAndEarn", "C-WITHDRAW", "REVOKE_ENROL"))
    assert revoked["revokedIssualId"] == str(before["enrolments"][0])
    assert own.held("C-WITHDRAW", old_id("C-WITHDRAW"))["enrolments"] == []


def test_direct_issue_is_revoked_with_its_enrolment(own: SandboxClient) -> None:
    """Nothing of it is left in the customer view."""
    (issued,) = own.held("C-ISSUED", old_id("C-ISSUED"))["issues"]
    result = old_result(old(own, "revokeDirectEarn", "C-ISSUED", earnIds=[str(issued)]))
    assert result == {
        "entityType": "CUSTOMER",
        "entityId": customer_id("C-ISSUED"),
        "promotionId": old_id("C-ISSUED"),
        "programId": 9031,
        "revokedEarnIds": [str(issued)],
    }
    assert own.held("C-ISSUED", old_id("C-ISSUED"))["enrolments"] == []


def test_wrong_ids_are_refused(shared: SandboxClient) -> None:
    """1101 for what is no number, 8902 for another's."""
    for ids, expected in ((["x"], 1101), ("1", 1101), ([1], 8902)):
        answer = old(shared, "revokeDirectEarn", "C-ISSUED", earnIds=ids)
        assert old_code(answer) == expected


@pytest.mark.parametrize(
    ("name", "effect"), [("C-ENROL", "PROMOTION_ISSUED"), ("C-DIRECT", "PROMOTION_EARNED")]
)
def test_oldest_endpoint_answers_without_ids(own: SandboxClient, name: str, effect: str) -> None:
    """It enrols, or issues a direct issue; what happened shows in the customer view alone."""
    answer = own.post(
        "/v2/promotion/issue",
        params={"identifierName": "externalId", "identifierValue": name, "source": "INSTORE"},
        json={"programId": 9031, "promotionId": old_id(name)},
    )
    assert answer.json() == {
        "warnings": [],
        "errors": [],
        "sideEffects": [{"type": effect, "programId": 9031, "promotionId": old_id(name)}],
    }
    assert len(own.held(name, old_id(name))["enrolments"]) == 1


@pytest.mark.parametrize(
    ("changes", "body", "expected"),
    [
        ({}, {"programId": 9030, "promotionId": new_id("C-ENROL")}, 8896),
        ({}, {"programId": 9031, "promotionId": old_id("C-INACTIVE")}, 8892),
        ({}, {"programId": 9031, "promotionId": old_id("C-GENERIC")}, 8881),
        ({"identifierValue": "nobody"}, {}, 8015),
        ({"identifierName": "cuid"}, {}, 8013),
        ({"type": "GROUP"}, {}, 1101),
    ],
)
def test_oldest_endpoint_refuses(
    shared: SandboxClient, changes: dict[str, str], body: dict[str, int], expected: int
) -> None:
    """The codes of the others, in the documented error body."""
    query = {"identifierName": "externalId", "identifierValue": "C-ENROL", "source": "INSTORE"}
    answer = shared.post(
        "/v2/promotion/issue",
        params=query | changes,
        json=body or {"programId": 9031, "promotionId": old_id("C-ENROL")},
    )
    assert code(answer) == expected


@pytest.mark.parametrize(
    "path",
    [
        *("/v3/promotions/enrol", "/v3/promotions/revoke", "/v2/promotion/issue"),
        *(
            f"/v2/promotion/bulk/{name}"
            for name in ("enrolAndEarn", "directEarn", "revokeEnrolAndEarn", "revokeDirectEarn")
        ),
    ],
)
def test_writes_are_posted_and_authenticated(shared: SandboxClient, path: str) -> None:
    """401 without credentials, and no other method."""
    shared.delete("/__writes")
    assert shared.post(path, auth=("x", "y"), json={}).status_code == 401
    assert shared.writes() == (1, 0)
    assert shared.put(path, json={}).status_code == 405
