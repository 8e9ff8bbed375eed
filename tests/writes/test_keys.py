"""Idempotency keys: done once, answered alike, waited for, and never used for something else."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from tests.writes.support import ENROL, ISSUE, WITHDRAW, wanted, wanted_new, writer


def test_the_same_key_is_answered_alike_and_done_once() -> None:
    """Also for a customer whose promotion has changed since."""
    with writer() as own:
        given = wanted("C-ENROL")
        first = own.do(ENROL, given)
        assert first["outcome"] == "DONE"
        again = own.do(ENROL, given)
        assert again == first
        assert own.graph.calls == 1  # to read again
        own.do(WITHDRAW, wanted("C-ENROL", stage="ENROL"))
        later = own.do(ENROL, given)
        assert (later["outcome"], later["enrolmentIds"]) == ("DONE", first["enrolmentIds"])
        assert later["customerPromotion"]["enrolments"] == []
        assert len(own.writes) == 2


@pytest.mark.parametrize("given", [wanted("C-LIMIT"), wanted_new("C-LIMIT")])
def test_a_refusal_stays_under_its_key(given: dict[str, Any]) -> None:
    """It is not sent again."""
    with writer(definitions="both") as own:
        for _ in range(2):
            assert own.refused(ENROL, given) == "ALREADY_ENROLLED_OR_LIMIT_REACHED"
        assert len(own.writes) == 1


@pytest.mark.parametrize(
    ("mutation", "changes"),
    [
        (ISSUE, {}),
        (WITHDRAW, {"stage": "ENROL"}),
        (ENROL, {"promotionId": "4711"}),
        (ENROL, {"programId": "09031"}),
        (ENROL, {"by": {"customerId": "700000102"}}),
    ],
)
def test_a_key_with_other_input_is_refused(mutation: str, changes: dict[str, Any]) -> None:
    """Inputs are compared as given: the same customer by another identifier is other input."""
    with writer() as own:
        given = wanted("C-ENROL")
        own.do(ENROL, given)
        assert own.refused(mutation, given | changes) == "IDEMPOTENCY_KEY_REUSED"
        assert len(own.writes) == 1


def test_a_key_belongs_to_a_customer() -> None:
    """Another customer may have the same one."""
    with writer() as own:
        given = wanted("C-ENROL")
        assert own.do(ENROL, given)["outcome"] == "DONE"
        other = wanted("C-SILENT", idempotencyKey=given["idempotencyKey"])
        own.do(ENROL, other)
        assert len(own.writes) == 2


@pytest.mark.parametrize(
    ("endpoint", "given"),
    [("enrolAndEarn", wanted("C-ENROL")), ("enrol", wanted_new("C-ENROL"))],
)
def test_equal_mutations_at_the_same_time_are_one_write(
    endpoint: str, given: dict[str, Any]
) -> None:
    """The others wait for its result."""
    fault = f"slow=300,endpoint={endpoint}"
    with writer(fault, definitions="both") as own, ThreadPoolExecutor(5) as pool:
        own.do(WITHDRAW, wanted("C-WITHDRAW", stage="ISSUE"))  # the loop is warm
        started = Event()

        def send(_: int) -> dict[str, Any]:
            started.wait()
            body = {"query": ENROL, "variables": {"input": given}}
            done: dict[str, Any] = own.graph.http.post("/graphql", json=body).json()["data"]["done"]
            return done

        futures = [pool.submit(send, number) for number in range(5)]
        started.set()
        ids = [future.result()["enrolmentIds"] for future in futures]
        assert len(ids[0]) == 1
        assert ids == [ids[0]] * 5
        assert [write["endpoint"] for write in own.writes].count(endpoint) == 1


@pytest.mark.parametrize("key", ["1234567", "k" * 129, "with\ttab", "umläut-key", "", "        \n"])
def test_a_key_has_8_to_128_printable_characters(key: str) -> None:
    """Others are BAD_USER_INPUT, before any call."""
    with writer() as own:
        answer = own.graph.answer(ENROL, {"input": wanted("C-ENROL", idempotencyKey=key)})
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert error["extensions"]["argument"] == "input.idempotencyKey"
        assert own.graph.calls == 0
