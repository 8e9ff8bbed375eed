"""A gateway that may write, on a sandbox of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from gateway.sandbox.app import create_sandbox
from gateway.sandbox.faults.spec import parse_fault
from gateway.sandbox.world import World
from tests.sandbox.client import NOW, new_world
from tests.sandbox.writing import new_id, old_id
from tests.support.graph import Graph, graph_over
from tests.support.http_client import client
from tests.support.serving import serve

NEW_PROGRAM, OLD_PROGRAM = "9030", "9031"
PAYLOAD = """{
  outcome enrolmentIds issueIds userErrors { code field message }
  customerPromotion {
    promotion { promotionId }
    enrolments { enrolmentId issues { issueId } }
  }
}"""
ENROL = (
    "mutation E($input: EnrolInPromotionInput!)"
    f" {{ done: enrolInPromotion(input: $input) {PAYLOAD} }}"
)
ISSUE = (
    f"mutation I($input: IssuePromotionInput!) {{ done: issuePromotion(input: $input) {PAYLOAD} }}"
)
WITHDRAW = (
    "mutation W($input: WithdrawFromPromotionInput!)"
    f" {{ done: withdrawFromPromotion(input: $input) {PAYLOAD} }}"
)
_OPTIONS: dict[str, Any] = {"writes": True, "definitions": "legacy"}
_numbers = count(1)


def new_key() -> str:
    """Return a key that no other test uses."""
    return f"key-of-a-test-{next(_numbers)}"


def wanted(name: str, **changes: Any) -> dict[str, Any]:
    """Return the input for a customer's promotion of the old interface."""
    return {
        "by": {"externalId": name},
        "programId": OLD_PROGRAM,
        "promotionId": str(old_id(name)),
        "idempotencyKey": new_key(),
    } | changes


def wanted_new(name: str, **changes: Any) -> dict[str, Any]:
    """Return the input for a customer's promotion of the new interface."""
    ids = {"programId": NEW_PROGRAM, "promotionId": str(new_id(name))}
    return wanted(name) | ids | changes


class Writer:
    """A client of a gateway that may write, and the log of the platform's writes."""

    def __init__(self, graph: Graph, platform_url: str) -> None:
        self.graph, self.platform_url = graph, platform_url
        self._platform = client(platform_url)

    def do(self, mutation: str, given: dict[str, Any], **headers: str) -> dict[str, Any]:
        """Return the payload of a mutation that has no errors."""
        answer = self.graph.answer(mutation, {"input": given}, **headers)
        assert "errors" not in answer, answer["errors"]
        done: dict[str, Any] = answer["data"]["done"]
        return done

    def refused(self, mutation: str, given: dict[str, Any]) -> str:
        """Return the code of a refusal, which has no ids and a field and a message."""
        done = self.do(mutation, given)
        assert (done["outcome"], done["enrolmentIds"], done["issueIds"]) == ("REFUSED", [], [])
        (error,) = done["userErrors"]
        assert error["field"][0] == "input"
        assert error["message"]
        code: str = error["code"]
        return code

    def failed(self, mutation: str, given: dict[str, Any], **headers: str) -> str:
        """Return the code of the only error, which leaves no data."""
        answer = self.graph.answer(mutation, {"input": given}, **headers)
        assert answer.get("data") is None
        (error,) = answer["errors"]
        code: str = error["extensions"]["code"]
        return code

    def held(self, name: str) -> dict[str, Any]:
        """Return what a customer has of their promotion of the new interface."""
        data = self.graph.ask(
            "query($by: CustomerIdentifier!, $program: ID!, $promotion: ID!) {"
            " promotion(programId: $program, promotionId: $promotion) {"
            " forCustomer(by: $by) { enrolments { enrolmentId issues { issueId } } } } }",
            {
                "by": {"externalId": name},
                "program": NEW_PROGRAM,
                "promotion": str(new_id(name)),
            },
        )
        held: dict[str, Any] = data["promotion"]["forCustomer"]
        return held

    @property
    def writes(self) -> list[dict[str, Any]]:
        """Return the writes that have reached the platform."""
        log: list[dict[str, Any]] = self._platform.get("/__writes").json()["log"]
        return log

    def change(self, name: str, /, **facts: Any) -> None:
        """Change a customer's promotion of the new interface, which gets another version."""
        path = f"/__promotions/{NEW_PROGRAM}/{new_id(name)}"
        assert self._platform.put(path, json=facts).status_code == 200

    def repair(self) -> None:
        """End all faults."""
        self._platform.delete("/__faults")

    @property
    def applied(self) -> int:
        """Return how many of them took effect."""
        return sum(each["applied"] for each in self.writes)

    def close(self) -> None:
        """Close the connections."""
        self._platform.close()


@contextmanager
def writer(
    *faults: str, error_status: int = 400, world: World | None = None, **overrides: Any
) -> Iterator[Writer]:
    """Serve a sandbox of its own, and a gateway that may write to it, to the old endpoints."""
    sandbox = create_sandbox(
        world or new_world(),
        clock=lambda: NOW,
        error_status=error_status,
        faults=[parse_fault(each) for each in faults],
    )
    with serve(sandbox) as url, graph_over(url, **(_OPTIONS | overrides)) as graph:
        own = Writer(graph, url)
        try:
            yield own
        finally:
            own.close()
