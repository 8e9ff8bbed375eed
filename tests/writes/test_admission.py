"""Who may write, and how: switched on, by POST, with an own customer, and valid input."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.http_client import code
from tests.writes.support import ENROL, ISSUE, WITHDRAW, Writer, wanted, writer

MUTATIONS = [(ENROL, {}), (ISSUE, {}), (WITHDRAW, {"stage": "ENROL"})]


@pytest.fixture(scope="module")
def allowed() -> Iterator[Writer]:
    """Serve a gateway that may write, for what is refused before any call."""
    with writer() as own:
        yield own
        assert own.writes == []


@pytest.mark.parametrize(("mutation", "more"), MUTATIONS)
@pytest.mark.parametrize("executor", ["compiled", "reference"])
def test_nothing_is_written_unless_writing_is_switched_on(
    mutation: str, more: dict[str, Any], executor: str
) -> None:
    """By default each mutation is FORBIDDEN, whatever its input, before any call."""
    with writer(writes=False, executor=executor) as own:
        for given in (wanted("C-ENROL", **more), wanted("C-ENROL", **more, idempotencyKey="")):
            assert own.failed(mutation, given) == "FORBIDDEN"
            assert own.graph.calls == 0
        assert own.writes == []


@pytest.mark.parametrize(
    ("mutation", "changes", "argument"),
    [
        (ENROL, {"programId": "x"}, "input.programId"),
        (ENROL, {"programId": "1" * 20}, "input.programId"),
        (ISSUE, {"promotionId": ""}, "input.promotionId"),
        (ISSUE, {"promotionId": "1/../2"}, "input.promotionId"),
        (ENROL, {"by": {"externalId": ""}}, "input.by.externalId"),
        (ENROL, {"by": {"mobile": "1\n2"}}, "input.by.mobile"),
        (ENROL, {"by": {}}, "$input.by"),
        (ENROL, {"by": {"mobile": "1", "email": "e"}}, "$input.by"),
        (ENROL, {"source": "NOWHERE"}, "$input.source"),
        (WITHDRAW, {"stage": "REDEEM"}, "input.stage"),
        (WITHDRAW, {"stage": "ENROL", "ids": []}, "input.ids"),
        (WITHDRAW, {"stage": "ENROL", "ids": ["1"] * 11}, "input.ids"),
        (WITHDRAW, {"stage": "ISSUE", "ids": ["1", "x"]}, "input.ids[1]"),
    ],
)
def test_invalid_input_names_its_argument(
    allowed: Writer, mutation: str, changes: dict[str, Any], argument: str
) -> None:
    """It is BAD_USER_INPUT before any call."""
    answer = allowed.graph.answer(mutation, {"input": wanted("C-ENROL") | changes})
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["argument"] == argument
    assert allowed.graph.calls == 0


def test_a_mutation_needs_a_post(allowed: Writer) -> None:
    """A GET is refused before any call."""
    variables = json.dumps({"input": wanted("C-ENROL")})
    answer = allowed.graph.http.get("/graphql", params={"query": ENROL, "variables": variables})
    assert (answer.status_code, code(answer)) == (405, "METHOD_NOT_ALLOWED")


def test_a_mutation_in_a_multipart_is_refused(allowed: Writer) -> None:
    """A page of another origin could send one without asking."""
    operations = json.dumps({"query": ENROL, "variables": {"input": wanted("C-ENROL")}})
    headers = {"GraphQL-Preflight": "1", "Apollo-Require-Preflight": "true"}
    answer = allowed.graph.http.post(
        "/graphql", data={"operations": operations}, files={"0": b"x"}, headers=headers
    )
    assert (answer.status_code, code(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_the_mutations_of_an_operation_run_one_after_the_other() -> None:
    """The second one finds what the first one has made, and the third what the second one has."""
    mutation = """
mutation M($a: EnrolInPromotionInput!, $b: IssuePromotionInput!, $c: WithdrawFromPromotionInput!) {
  a: enrolInPromotion(input: $a) { ...P }
  b: issuePromotion(input: $b) { ...P }
  c: withdrawFromPromotion(input: $c) { ...P }
}
fragment P on PromotionActionPayload {
  outcome enrolmentIds issueIds
  customerPromotion { customer { promotions(first: 1) { nodes { enrolments { enrolmentId } } } } }
}
"""
    for executor in ("compiled", "reference"):
        with writer(executor=executor) as own:
            given = {"a": wanted("C-ENROL"), "b": wanted("C-ENROL")}
            given["c"] = wanted("C-ENROL", stage="ISSUE")
            data = own.graph.ask(mutation, given)
            assert [done["outcome"] for done in data.values()] == ["DONE"] * 3
            assert data["b"]["issueIds"] == data["c"]["issueIds"]
            assert [each["body"]["bulkAction"] for each in own.writes] == [
                "ENROL",
                "EARN",
                "REVOKE_EARN",
            ]
