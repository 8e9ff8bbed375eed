"""Enrolling, issuing and withdrawing by the successor's endpoints, each sent once."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.sandbox.client import new_world
from tests.sandbox.writing import customer_id, new_id
from tests.writes.support import (
    ENROL,
    ISSUE,
    NEW_PROGRAM,
    OLD_PROGRAM,
    WITHDRAW,
    Writer,
    wanted,
    wanted_new,
    writer,
)

ENROLLED, ISSUED = new_id("C-ENROLLED"), customer_id("C-ISSUED")
BOTH: dict[str, Any] = {"definitions": "both", "cache_definition_ttl_s": 60}


@pytest.fixture
def own() -> Iterator[Writer]:
    """Serve a sandbox, and a gateway that finds promotions of both interfaces."""
    with writer(**BOTH) as each:
        yield each


def _held(done: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the ids of enrolments and issues of the promotion as it was read again."""
    enrolments = done["customerPromotion"]["enrolments"]
    issues = [issue["issueId"] for each in enrolments for issue in each["issues"]]
    return [each["enrolmentId"] for each in enrolments], issues


def _hex_id(name: str, version: int = 1) -> str:
    return f"{new_id(name):016x}{version:08x}"


def test_an_enrolment_is_sent_once_with_the_id_of_the_version(own: Writer) -> None:
    """By the platform's id of the customer and the given source, under a request id of its own."""
    done = own.do(ENROL, wanted_new("C-ENROL"))
    assert (done["outcome"], done["userErrors"], done["issueIds"]) == ("DONE", [], [])
    assert done["enrolmentIds"] == _held(done)[0] != []
    (write,) = own.writes
    assert (write["endpoint"], write["applied"], write["query"]) == ("enrol", True, "")
    request_id = write["body"].pop("requestId")
    assert len(request_id) == 40
    assert write["body"] == {
        "action": "ENROL",
        "promotion": {"id": _hex_id("C-ENROL"), "promotionId": new_id("C-ENROL")},
        "customer": {
            "identifierName": "id",
            "identifierValue": str(customer_id("C-ENROL")),
            "source": "INSTORE",
        },
        "programId": 9030,
    }


def test_a_catalogue_in_memory_costs_no_call(own: Writer) -> None:
    """The first write loads it, in two pages; then a mutation takes three calls, as ever."""
    own.do(ENROL, wanted_new("C-ENROL"))
    assert own.graph.calls == 5
    assert own.graph.call_log()["promotionsV3"] == 2
    own.do(ENROL, wanted_new("C-ENROL"))
    assert own.graph.calls == 3
    own.do(ENROL, wanted("C-ENROL"))
    assert own.graph.calls == 3
    assert [each["endpoint"] for each in own.writes] == ["enrol", "enrol", "enrolAndEarn"]


def test_an_issue_belongs_to_what_was_enrolled_before(own: Writer) -> None:
    """It is an opt-in of the platform; only what this action has made is in the payload."""
    done = own.do(ISSUE, wanted_new("C-ENROLLED"))
    assert (done["outcome"], done["enrolmentIds"]) == ("DONE", [])
    assert done["issueIds"] == _held(done)[1] != []
    assert [write["body"]["action"] for write in own.writes] == ["OPT_IN"]


def test_a_direct_issue_is_an_enrolment_of_the_platform(own: Writer) -> None:
    """There is no opt-in for it; the payload has the issue, as with the old endpoints."""
    done = own.do(ISSUE, wanted_new("C-DIRECT"))
    assert (done["outcome"], done["enrolmentIds"]) == ("DONE", [])
    assert done["issueIds"] == _held(done)[1] != []
    assert [write["body"]["action"] for write in own.writes] == ["ENROL"]


def test_direct_issues_are_withdrawn_with_their_enrolments(own: Writer) -> None:
    """By the ids that the client names, or all of them."""
    issues = [own.do(ISSUE, wanted_new("C-DIRECT"))["issueIds"][0] for _ in range(2)]
    done = own.do(WITHDRAW, wanted_new("C-DIRECT", stage="ISSUE", ids=issues[:1]))
    assert (done["outcome"], done["enrolmentIds"]) == ("DONE", [])
    assert (done["issueIds"], _held(done)[1]) == (issues[:1], issues[1:])
    done = own.do(WITHDRAW, wanted_new("C-DIRECT", stage="ISSUE"))
    assert (done["issueIds"], _held(done)) == (issues[1:], ([], []))
    some, everything = own.writes[2:]
    assert {some["body"]["action"], everything["body"]["action"]} == {"REVOKE_ENROLL"}
    assert len(some["body"]["customers"][0]["enrollmentIds"]) == 1
    assert (some["query"], everything["query"]) == ("", "revokeAllEnrollments=true")


def test_issues_and_enrolments_are_withdrawn(own: Writer) -> None:
    """Some or all; the issues of an enrolment are withdrawn with it."""
    enrolments, issues = _held({"customerPromotion": own.held("C-WITHDRAW")})
    given = wanted_new("C-WITHDRAW", stage="ISSUE", ids=issues[:1])
    done = own.do(WITHDRAW, given)
    assert (done["outcome"], done["enrolmentIds"], done["issueIds"]) == ("DONE", [], issues[:1])
    assert _held(done) == (enrolments, issues[1:])
    done = own.do(WITHDRAW, wanted_new("C-WITHDRAW", stage="ENROL", ids=enrolments[:1]))
    assert (done["enrolmentIds"], done["issueIds"]) == (enrolments[:1], issues[1:])
    assert _held(done) == (enrolments[1:], [])
    done = own.do(WITHDRAW, wanted_new("C-WITHDRAW", stage="ENROL"))
    assert (done["enrolmentIds"], done["issueIds"]) == (enrolments[1:], [])
    first, second, third = own.writes
    assert first["body"] | {"requestId": ""} == {
        "requestId": "",
        "action": "REVOKE_OPTIN",
        "programId": 9030,
        "promotion": {"promotionId": new_id("C-WITHDRAW")},
        "customers": [
            {
                "identifierName": "id",
                "identifierValue": str(customer_id("C-WITHDRAW")),
                "source": "INSTORE",
                "optInIds": [int(issues[0])],
            }
        ],
    }
    assert second["body"]["customers"][0]["enrollmentIds"] == [int(enrolments[0])]
    assert third["query"] == "revokeAllEnrollments=true"
    assert len({each["body"]["requestId"] for each in own.writes}) == 3


REFUSALS: list[tuple[str, str, dict[str, Any], str, int]] = [
    (ENROL, "C-ENROL", {"by": {"externalId": "nobody"}}, "CUSTOMER_NOT_FOUND", 0),
    (ENROL, "C-ENROL", {"programId": "4711"}, "PROMOTION_NOT_FOUND", 1),
    (ENROL, "C-INACTIVE", {}, "PROMOTION_NOT_ACTIVE", 1),
    (ENROL, "C-STOPPED", {}, "PROMOTION_NOT_ACTIVE", 1),
    (ENROL, "C-OVER", {}, "PROMOTION_NOT_ACTIVE", 1),
    (ENROL, "C-GENERIC", {}, "NOT_ENROLLABLE", 0),
    (ENROL, "C-DIRECT", {}, "NOT_ENROLLABLE", 0),
    (ENROL, "C-LIMIT", {}, "ALREADY_ENROLLED_OR_LIMIT_REACHED", 1),
    (ENROL, "C-ENROLLED", {}, "ALREADY_ENROLLED_OR_LIMIT_REACHED", 1),
    (ENROL, "C-FULL", {}, "ALREADY_ENROLLED_OR_LIMIT_REACHED", 1),
    (ISSUE, "C-ISSUED", {}, "ALREADY_ENROLLED_OR_LIMIT_REACHED", 1),
    (ISSUE, "C-LIMIT", {}, "ALREADY_ENROLLED_OR_LIMIT_REACHED", 1),
    (ISSUE, "C-GENERIC", {}, "NOT_ISSUABLE", 0),
    (ISSUE, "C-ENROL", {}, "NOT_ISSUABLE", 1),
    (ISSUE, "C-INACTIVE", {}, "PROMOTION_NOT_ACTIVE", 1),
    (ISSUE, "C-NOTOPEN", {}, "WINDOW_NOT_OPEN", 1),
    (ISSUE, "C-CLOSED", {}, "WINDOW_CLOSED", 1),
    (WITHDRAW, "C-ENROL", {"stage": "ENROL"}, "NOTHING_TO_WITHDRAW", 1),
    (WITHDRAW, "C-ENROLLED", {"stage": "ISSUE"}, "NOTHING_TO_WITHDRAW", 1),
    (WITHDRAW, "C-STOPPED", {"stage": "ENROL"}, "PROMOTION_NOT_ACTIVE", 1),
    (WITHDRAW, "C-ENROLLED", {"stage": "ENROL", "ids": ["1"]}, "NOTHING_TO_WITHDRAW", 0),
    (WITHDRAW, "C-ISSUED", {"stage": "ISSUE", "ids": ["1"]}, "NOTHING_TO_WITHDRAW", 0),
    # What the customer does not have: its type is the catalogue's.
    (ENROL, "C-ENROL", {"promotionId": str(new_id("C-GENERIC"))}, "NOT_ENROLLABLE", 0),
    (ENROL, "C-ENROL", {"promotionId": str(new_id("C-DIRECT"))}, "NOT_ENROLLABLE", 0),
    (ISSUE, "C-ENROL", {"promotionId": str(new_id("C-GENERIC"))}, "NOT_ISSUABLE", 0),
]


@pytest.fixture(scope="module")
def shared() -> Iterator[Writer]:
    """Serve a sandbox and a gateway for writes that are refused."""
    with writer(**BOTH) as each:
        yield each
        assert each.applied == 0


@pytest.mark.parametrize(("mutation", "name", "changes", "code", "sent"), REFUSALS)
def test_a_refusal_is_data(
    shared: Writer, mutation: str, name: str, changes: dict[str, Any], code: str, sent: int
) -> None:
    """With a code of the graph; what the gateway knows to be refused is not sent."""
    before = len(shared.writes)
    assert shared.refused(mutation, wanted_new(name) | changes) == code
    assert len(shared.writes) - before == sent


def test_what_a_customer_does_not_have_yet_can_be_enrolled_in(own: Writer) -> None:
    """The catalogue knows the promotion, and the customer has it afterwards."""
    given = wanted_new("C-DIRECT", promotionId=str(new_id("C-ENROL")))
    done = own.do(ENROL, given)
    assert (done["outcome"], done["enrolmentIds"]) == ("DONE", _held(done)[0])
    assert done["customerPromotion"]["promotion"]["promotionId"] == str(new_id("C-ENROL"))


@pytest.mark.parametrize("given", [wanted("C-ENROL"), wanted_new("C-ENROL")])
def test_the_source_is_the_one_that_is_given(own: Writer, given: dict[str, Any]) -> None:
    """With the platform's id of the customer, by whichever identifier they were named."""
    named = {"by": {"externalId": "C-ONLINE"}, "source": "ECOMMERCE"}
    assert own.do(ENROL, given | named)["outcome"] == "DONE"
    (body,) = (each["body"] for each in own.writes)
    customer = body.get("customer") or body["customers"][0]
    assert customer["source"] == "ECOMMERCE"
    assert customer["identifierValue"].isdigit()
    assert own.refused(ENROL, given | named | {"source": "LINE"}) == "CUSTOMER_NOT_FOUND"


def test_a_direct_issue_that_would_take_another_with_it_is_refused() -> None:
    """Withdrawing means the enrolment there, and it holds two."""
    world = new_world()
    (customer,) = [each for each in world.customers if each.customer_id == ISSUED]
    holding = customer.holdings[0]
    (enrolment,) = holding.enrolments or ()
    (issue,) = enrolment.issues
    both = (issue, replace(issue, issue_id=issue.issue_id + 1_000_000))
    customer.holdings[0] = replace(holding, enrolments=(replace(enrolment, issues=both),))
    one, other = (str(each.issue_id) for each in both)
    with writer(world=world, **BOTH) as own:
        given = wanted_new("C-ISSUED", stage="ISSUE", ids=[one])
        assert own.refused(WITHDRAW, given) == "REFUSED"
        assert own.writes == []
        done = own.do(WITHDRAW, wanted_new("C-ISSUED", stage="ISSUE", ids=[other, one]))
        assert done["issueIds"] == [one, other]
        (write,) = own.writes
        customers = write["body"]["customers"]
        assert customers[0]["enrollmentIds"] == [enrolment.enrolment_id]


def test_what_the_engine_does_not_confirm_is_uncertain(own: Writer) -> None:
    """What is read again tells whether it happened; an id is DONE, whatever warns beside it."""
    silent = own.do(ENROL, wanted_new("C-SILENT"))
    assert (silent["outcome"], _held(silent)[0]) == ("UNCERTAIN", [])
    happened = own.do(ENROL, wanted_new("C-UNCERTAIN"))
    assert (happened["outcome"], happened["enrolmentIds"]) == ("UNCERTAIN", [])
    assert len(_held(happened)[0]) == 1
    warned = own.do(ENROL, wanted_new("C-MILESTONES"))
    assert (warned["outcome"], warned["enrolmentIds"]) == ("DONE", _held(warned)[0])
    assert (len(own.writes), own.applied) == (3, 2)


def test_an_outdated_version_is_refused_and_known_the_next_time(own: Writer) -> None:
    """Nothing is sent again by itself; the next write loads the catalogue anew."""
    own.do(ENROL, wanted_new("C-ENROL"))
    own.change("C-ENROL", name="Another name")
    given = wanted_new("C-ENROL")
    assert own.refused(ENROL, given) == "REFUSED"
    assert [each["applied"] for each in own.writes] == [True, False]
    assert own.refused(ENROL, given) == "REFUSED"
    assert len(own.writes) == 2
    assert own.do(ENROL, wanted_new("C-ENROL"))["outcome"] == "DONE"
    assert own.graph.call_log()["promotionsV3"] == 2
    assert own.writes[2]["body"]["promotion"]["id"] == _hex_id("C-ENROL", version=2)
    # Once a minute at most: whoever writes could have it loaded all the time.
    own.change("C-ENROL", name="A third name")
    for _ in range(2):
        assert own.refused(ENROL, wanted_new("C-ENROL")) == "REFUSED"
        assert own.graph.call_log()["promotionsV3"] == 0


def test_a_withdrawal_needs_no_version(own: Writer) -> None:
    """One that has been edited since the catalogue was loaded is withdrawn."""
    own.do(ENROL, wanted_new("C-ENROL"))
    own.change("C-ENROL", name="Another name")
    assert own.do(WITHDRAW, wanted_new("C-ENROL", stage="ENROL"))["outcome"] == "DONE"


def test_another_promotion_of_the_same_ids_is_an_old_one() -> None:
    """The identifier of what the customer has tells that the catalogue's is another."""
    world = new_world()
    (index,) = [
        index
        for index, each in enumerate(world.unified)
        if each.promotion.promotion_id == new_id("C-ENROL")
    ]
    unified = world.unified[index]
    world.programs[int(NEW_PROGRAM)].definitions.append(unified.promotion)
    other = replace(unified.promotion, identifier="another")
    world.unified[index] = replace(unified, promotion=other)
    with writer(world=world, **BOTH) as own:
        own.do(ENROL, wanted_new("C-ENROL"))
        assert [each["endpoint"] for each in own.writes] == ["enrolAndEarn"]


def test_one_in_both_lists_is_the_successors() -> None:
    """Its definition is the legacy one, and its writes are not."""
    world = new_world()
    (unified,) = [each for each in world.unified if each.promotion.promotion_id == ENROLLED]
    world.programs[int(NEW_PROGRAM)].definitions.append(unified.promotion)
    with writer(world=world, **BOTH) as own:
        found = own.graph.ask(
            "query($program: ID!, $promotion: ID!) {"
            " promotion(programId: $program, promotionId: $promotion) { definition { source } } }",
            {"program": NEW_PROGRAM, "promotion": str(ENROLLED)},
        )
        assert found["promotion"]["definition"]["source"] == "LEGACY"
        assert own.do(ISSUE, wanted_new("C-ENROLLED"))["outcome"] == "DONE"
        assert [each["endpoint"] for each in own.writes] == ["enrol"]


@pytest.mark.parametrize(
    ("definitions", "program", "endpoint"),
    [
        ("both", NEW_PROGRAM, "enrol"),
        ("both", OLD_PROGRAM, "enrolAndEarn"),
        ("v3", NEW_PROGRAM, "enrol"),
        ("v3", OLD_PROGRAM, "enrolAndEarn"),
        ("legacy", NEW_PROGRAM, "enrolAndEarn"),
        ("legacy", OLD_PROGRAM, "enrolAndEarn"),
    ],
)
def test_a_write_goes_by_where_the_promotion_was_found(
    definitions: str, program: str, endpoint: str
) -> None:
    """What the catalogue does not have is an old one; without a catalogue all are."""
    given = wanted("C-ENROL") if program == OLD_PROGRAM else wanted_new("C-ENROL")
    with writer(definitions=definitions) as own:
        own.do(ENROL, given)
        assert [each["endpoint"] for each in own.writes] == [endpoint]
