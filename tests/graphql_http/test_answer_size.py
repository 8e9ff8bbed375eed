"""A result that is too large is refused with a code; in a batch only the largest ones are."""

import json
from typing import Any

import pytest

from gateway.answer_budget import leaves_of
from tests.support.graph import graph_over

BOTH = pytest.mark.parametrize("executor", ["compiled", "reference"])
PAGE = """{
  customer(by: {externalId: "C-100"}) {
    customerId promotions(first: %d) { nodes { id promotion { name } } }
  }
}"""
EVERYTHING = """
query Everything {
  customer(by: {externalId: "000003873354"}) {
    promotions(first: 100) {
      totalCount drift pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { cursor node { ...All } }
    }
  }
}
fragment All on CustomerPromotion {
  id nextExpiryAt metadata { key value isBrandDefined }
  promotion { id promotionId programId name identifier description type typeName event eventName
    startsAt endsAt isActive validity program { id programId } }
  limits { pointsPerEvent { ...L } pointsPerCustomer { ...L } timesPerCustomer { ...L }
    pointsInPromotion { ...L } }
  restrictions(includeDisabled: true) { stage measure measureName scope scopeName limit { ...L }
    window { type typeName unit unitName } }
  enrolments { enrolmentId enrolledAt expiresAt isExpired
    issues { issueId issuedAt redeemedCount } }
}
fragment L on Limit { kind max used remaining isExhausted }
"""


@BOTH
def test_an_answer_above_the_bound_is_one_error(sandbox_url: str, executor: str) -> None:
    """`data` is null, the error is not retryable, and its message has the limit."""
    with graph_over(sandbox_url, executor=executor, max_answer_bytes=2_000) as graph:
        small = graph.answer(PAGE % 5)
        assert "errors" not in small
        large = graph.answer(PAGE % 50)
        assert large["data"] is None
        (error,) = large["errors"]
        assert error["extensions"] == {"code": "ANSWER_TOO_LARGE", "retryable": False}
        assert "2000 bytes" in error["message"]
        assert "fewer items or fields" in error["message"]
        assert "cost" in large["extensions"]
    with graph_over(sandbox_url, executor=executor, max_answer_leaves=100) as graph:
        assert "errors" not in graph.answer(PAGE % 49)  # with `customerId` 99
        (error,) = graph.answer(PAGE % 50)["errors"]
        assert "100 leaves" in error["message"]


@BOTH
def test_a_whole_page_with_all_that_it_has_is_allowed_many_times(
    sandbox_url: str, executor: str
) -> None:
    """With the default settings it has a twentieth of the limit."""
    with graph_over(sandbox_url, executor=executor) as graph:
        data = json.dumps(graph.ask(EVERYTHING), separators=(",", ":")).encode()
        assert 20 * len(data) < 10 * 1024 * 1024
        assert 20 * leaves_of(data) < 250_000


def _batch(url: Any, *texts: str) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = url.post(
        "/graphql", json=[{"query": text} for text in texts]
    ).json()
    return answers


@BOTH
def test_of_a_batch_only_what_is_too_much_is_refused(sandbox_url: str, executor: str) -> None:
    """Its operations share the limit of one; the largest is refused first."""
    with graph_over(sandbox_url, executor=executor, max_answer_bytes=20_000) as graph:
        assert 8_000 < len(json.dumps(graph.ask(PAGE % 80))) < 20_000
        answers = _batch(
            graph.http, PAGE % 5, PAGE % 90, PAGE % 90, PAGE % 90, PAGE % 5, "{__typename}"
        )
        refused = [index for index, answer in enumerate(answers) if answer["data"] is None]
        assert refused
        assert set(refused) < {1, 2, 3}
        for index in refused:
            assert answers[index]["errors"][0]["extensions"]["code"] == "ANSWER_TOO_LARGE"
        assert [
            len(answers[index]["data"]["customer"]["promotions"]["nodes"]) for index in (0, 4)
        ] == [5, 5]


def test_what_was_refused_is_counted_as_failed_and_kept_by_no_cache(sandbox_url: str) -> None:
    """The next one is refused as well, and a smaller one is served."""
    with graph_over(sandbox_url, max_answer_bytes=2_000, cache_customer_ttl_s=60) as graph:
        for _ in range(3):
            assert graph.errors(PAGE % 50) == [("ANSWER_TOO_LARGE", None)]
        assert graph.ask(PAGE % 5) == graph.ask(PAGE % 5)
        metrics = graph.http.get("/metrics").text
        assert 'gateway_errors_total{code="ANSWER_TOO_LARGE"} 3' in metrics
        assert 'gateway_operations_total{operation="other",outcome="client_error"} 3' in metrics


def test_the_introspection_is_bounded_as_well(sandbox_url: str) -> None:
    """It runs on the reference executor with either setting."""
    text = "{ __schema { types { name description fields { name description } } } }"
    with graph_over(sandbox_url, introspection=True, max_answer_bytes=2_000) as graph:
        assert graph.errors(text) == [("ANSWER_TOO_LARGE", None)]
