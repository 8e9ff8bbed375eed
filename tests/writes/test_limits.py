"""A mutation counts as a query does: in rate limits, the quota, the call budget and the cost."""

from typing import Any

import pytest

from tests.support.http_client import code
from tests.writes.support import ENROL, Writer, wanted, wanted_new, writer

BOTH: dict[str, Any] = {"definitions": "both", "cache_definition_ttl_s": 60}
GIVEN = [wanted("C-ENROL"), wanted_new("C-ENROL")]


def _post(own: Writer, given: dict[str, Any]) -> Any:
    """Send an enrolment; what was counted before still counts."""
    return own.graph.http.post("/graphql", json={"query": ENROL, "variables": {"input": given}})


@pytest.mark.parametrize("given", GIVEN)
def test_a_mutation_counts_in_the_rate_limit(given: dict[str, Any]) -> None:
    """Above it, it is RATE_LIMITED, and nothing is sent."""
    with writer(rate_limit_per_minute=2, **BOTH) as own:
        for _ in range(2):
            assert _post(own, given).json()["data"]["done"]["outcome"] == "DONE"
        answer = _post(own, given)
        assert (answer.status_code, code(answer)) == (429, "RATE_LIMITED")
        assert len(own.writes) == 1


@pytest.mark.parametrize("given", GIVEN)
def test_the_calls_of_a_mutation_count_in_the_rate_limit_of_calls(given: dict[str, Any]) -> None:
    """Three of them use up a limit of three."""
    with writer(rate_limit_upstream_calls_per_minute=3, **BOTH) as own:
        assert _post(own, given).json()["data"]["done"]["outcome"] == "DONE"
        answer = _post(own, wanted("C-ENROL"))
        assert (answer.status_code, code(answer)) == (429, "RATE_LIMITED")
        assert len(own.writes) == 1


def test_the_calls_of_a_mutation_count_in_the_quota() -> None:
    """Ten a minute are three at once: the next mutation is an error, and writes nothing."""
    with writer(upstream_calls_per_minute=10, upstream_deadline_s=0.5) as own:
        assert _post(own, wanted("C-ENROL")).json()["data"]["done"]["outcome"] == "DONE"
        answer = _post(own, wanted("C-ENROL")).json()
        assert answer["data"] is None
        assert answer["errors"][0]["extensions"]["retryable"] is True
        assert own.graph.call_log()["total"] == 3
        assert len(own.writes) == 1


def test_where_the_quota_ends_after_the_write_its_outcome_stands() -> None:
    """Five a minute are two at once: only reading again is an error."""
    with writer(upstream_calls_per_minute=5, upstream_deadline_s=0.5) as own:
        answer = _post(own, wanted("C-ENROL")).json()
        assert (answer["data"]["done"]["outcome"], own.applied) == ("DONE", 1)
        (error,) = answer["errors"]
        assert error["path"] == ["done", "customerPromotion"]


@pytest.mark.parametrize("given", GIVEN)
def test_without_a_call_left_nothing_is_written(given: dict[str, Any]) -> None:
    """The read before takes the only one; the key is free for a larger budget."""
    with writer(upstream_max_calls_per_operation=1, **BOTH) as own:
        assert own.failed(ENROL, given) == "UPSTREAM_BUDGET_EXCEEDED"
        assert own.writes == []


@pytest.mark.parametrize("given", GIVEN)
def test_the_cost_is_an_upper_bound(given: dict[str, Any]) -> None:
    """A mutation counts all calls that an operation may make; the catalogue is the background's."""
    with writer(upstream_max_calls_per_operation=7, **BOTH) as own:
        answer = own.graph.answer(ENROL, {"input": given})
        assert answer["data"]["done"]["outcome"] == "DONE"
        assert answer["extensions"]["upstream"]["calls"] == 3
        leaves = answer["extensions"]["cost"]["requested"] - 700
        assert 0 < leaves < 100
