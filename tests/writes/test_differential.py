"""Both executors do the same: the same answers, calls and writes for the same operations."""

from collections import Counter
from contextlib import ExitStack
from random import Random
from typing import Any

import pytest

from tests.sandbox.writing import CUSTOMERS, customer_id, new_id, old_id
from tests.writes.support import NEW_PROGRAM, OLD_PROGRAM, Writer, writer

OPERATIONS = 15  # of each seed
FIELDS = {
    "enrolInPromotion": "EnrolInPromotionInput",
    "issuePromotion": "IssuePromotionInput",
    "withdrawFromPromotion": "WithdrawFromPromotionInput",
}
FAULTS = (
    "lost_answer,endpoint=writes,rate=0.1,seed={}",
    "status=500,endpoint=writes,rate=0.1,seed={}",
    "status=403,endpoint=writes,rate=0.05,seed={}",
    "status=503,endpoint=promotionData,rate=0.05,seed={}",
)
SELECTIONS = (
    "outcome",
    "enrolmentIds",
    "issueIds",
    "o: outcome __typename",
    "userErrors { code field message }",
    "userErrors { __typename c: code }",
    "customerPromotion { id availability nextExpiryAt }",
    "customerPromotion { enrolments { enrolmentId issues { issueId } } }",
    "customerPromotion { promotion { name definition { source status } } }",
    "...Held",
    "... on PromotionActionPayload @include(if: $yes) { outcome }",
    "customerPromotion @skip(if: $yes) { id }",
    "customerPromotion { customer { customerId promotions(first: 2) { totalCount } } }",
)
FRAGMENT = """
fragment Held on PromotionActionPayload {
  customerPromotion { enrolments { enrolmentId } restrictions { limit { used max } } }
}"""
Operation = tuple[str, dict[str, Any]]


class Client:
    """Makes up operations; the ids that it has seen are used again."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.ids, self.keys = ["1"], ["used-before"]

    def _input(self, name: str) -> dict[str, Any]:
        random = self.random
        customer = random.choice(CUSTOMERS)
        holder = customer if random.random() < 0.85 else random.choice(CUSTOMERS)
        is_new = random.random() < 0.6
        promotion_id = (new_id if is_new else old_id)(holder)
        by: dict[str, str] = {"externalId": customer}
        if random.random() < 0.3:
            by = {"customerId": str(customer_id(customer))}
        elif random.random() < 0.05:
            by = random.choice([{"externalId": "nobody"}, {"mobile": ""}])
        key = f"key number {random.randrange(10**9)}"
        if random.random() < 0.15:
            key = random.choice(self.keys)
        self.keys.append(key)
        given: dict[str, Any] = {
            "by": by,
            "programId": NEW_PROGRAM if is_new else OLD_PROGRAM,
            "promotionId": str(promotion_id) if random.random() < 0.95 else "4711",
            "idempotencyKey": key,
        }
        if name == "withdrawFromPromotion":
            given["stage"] = random.choice(["ENROL", "ISSUE", "ENROL", "ISSUE", "REDEEM"])
            if random.random() < 0.4:
                given["ids"] = random.sample(self.ids[-4:], k=min(2, len(self.ids[-4:])))
        return given

    def operation(self) -> Operation:
        """Return a mutation of one to three fields."""
        names = self.random.choices(
            list(FIELDS), weights=(4, 3, 3), k=self.random.choice((1, 2, 3))
        )
        fields, types = [], "$yes: Boolean!"
        variables: dict[str, Any] = {"yes": self.random.random() < 0.5}
        for number, name in enumerate(names):
            chosen = self.random.sample(SELECTIONS, k=self.random.randint(1, 5))
            selection = " ".join(["__typename", *chosen])
            fields.append(f"f{number}: {name}(input: $i{number}) {{ {selection} }}")
            variables[f"i{number}"] = self._input(name)
            types += f" $i{number}: {FIELDS[name]}!"
        unused = " f: __typename @include(if: $yes)"
        text = f"mutation M({types}) {{ {' '.join(fields)}{unused} }}"
        return text + (FRAGMENT if "...Held" in text else ""), variables

    def see(self, answer: dict[str, Any]) -> None:
        """Keep the ids of an answer."""
        for done in (answer.get("data") or {}).values():
            if isinstance(done, dict):
                self.ids += [*done.get("enrolmentIds", ()), *done.get("issueIds", ())]


def _of(own: Writer, operation: Operation) -> tuple[dict[str, Any], Counter[str]]:
    """Return an answer, and the calls that it took."""
    mutation, variables = operation
    answer = own.graph.answer(mutation, variables, **{"X-Request-Id": "the-same"})
    log = own.graph.call_log()["log"]
    return answer, Counter(f"{each['endpoint']} {each['path']} {each['query']}" for each in log)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "seed", [1, 2, 3, *(pytest.param(seed, marks=pytest.mark.verify) for seed in range(4, 40))]
)
def test_both_executors_do_the_same(seed: int) -> None:
    """Over both interfaces, with answers that are lost, refusals and repeated keys."""
    made = Client(Random(seed))  # noqa: S311 - no secret
    faults = [each.format(seed) for each in FAULTS] if seed % 3 else []
    options: dict[str, Any] = {"definitions": "both", "cache_definition_ttl_s": 600}
    seen: Counter[str] = Counter()
    with ExitStack() as stack:
        compiled, reference = (
            stack.enter_context(writer(*faults, executor=executor, **options))
            for executor in ("compiled", "reference")
        )
        for _ in range(OPERATIONS):
            operation = made.operation()
            answer, calls = _of(compiled, operation)
            other, other_calls = _of(reference, operation)
            assert answer == other, operation
            assert calls == other_calls, operation
            made.see(answer)
            seen["failed" if "errors" in answer else "done"] += 1
        assert compiled.writes == reference.writes
        seen["applied"] = compiled.applied
        seen["new"] = sum(each["endpoint"] in {"enrol", "revoke"} for each in compiled.writes)
    assert min(seen[each] for each in ("done", "failed", "applied", "new")) > 0, seen
