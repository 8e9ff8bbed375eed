"""Cached responses: for whom, for what, and for how long."""

import re
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.context import Caller
from tests.support.response_caches import TTL_S, caching_gateway

PAGE = """query Page($id: String!, $first: Int) { customer(by: {externalId: $id}) {
  promotions(first: $first) { totalCount nodes { id promotion { name description } } } } }
query Other($id: String!, $first: Int) { customer(by: {externalId: $id}) {
  promotions(first: $first) { totalCount } } }"""
BODY: dict[str, Any] = {
    "query": PAGE,
    "operationName": "Page",
    "variables": {"id": "C-TEN", "first": 5},
}
COUNT = '{ customer(by: {externalId: "C-ONE"}) { promotions(first: 1) { totalCount } } }'
NAME = """{ customer(by: {externalId: "C-ONE"}) { promotions(first: 1) {
  nodes { promotion { name } } } } }"""
VALIDITY = """{ customer(by: {externalId: "C-ONE"}) { promotions(first: 1) {
  nodes { promotion { validity endsAt } } } } }"""
DEFINED = """{ customer(by: {externalId: "C-TEN"}) { promotions(first: 3) {
  nodes { promotion { definition { status } } } } } }"""
DATES = """{ customer(by: {externalId: "C-CURRENT"}) { promotions(first: 50) { nodes {
  id nextExpiryAt currentEnrolment { enrolmentId isExpired } promotion { validity endsAt }
  availability enrolments { isExpired expiresAt issues { isExpired expiresAt } } } } } }"""
DEFINITION = '{ promotion(programId: "9001", promotionId: "90010001") { name } }'
NOWHERE = '{ promotion(programId: "9001", promotionId: "1") { name } }'
NOBODY = '{ customer(by: {externalId: "C-NOBODY"}) { customerId } }'


def test_a_kept_answer_is_the_first_one_byte_for_byte() -> None:
    """The second response is equal to the last byte, and makes no upstream call."""
    with caching_gateway(report_upstream=False) as gateway:
        first = gateway.post(BODY)
        assert b'"totalCount":10' in first
        assert gateway.post(BODY) == first
        assert (gateway.hits, gateway.sample("misses_total"), gateway.entries) == (1, 1, 1)
        assert gateway.sample("bytes") > len(first)


def test_a_kept_answer_is_the_one_that_is_given_without_a_cache() -> None:
    """Encoding before storing changes nothing."""
    with caching_gateway(report_upstream=False) as gateway:
        kept = [gateway.post(BODY) for _ in range(2)]
    with caching_gateway(report_upstream=False, cache_customer_ttl_s=0) as gateway:
        assert [gateway.post(BODY)] * 2 == kept


def test_what_an_answer_costs_is_told_anew() -> None:
    """A cached response reports no call, one cached response, and the current quota."""
    with caching_gateway(upstream_calls_per_minute=50) as gateway:
        reports = [
            gateway.graph.answer(query)["extensions"]["upstream"]
            for query in (COUNT, NOBODY, COUNT)
        ]
    assert reports[0] == {"calls": 1, "coalesced": 0, "cached": 0, "stale": 0, "quotaLeft": 49}
    assert reports[2] == {"calls": 0, "coalesced": 0, "cached": 1, "stale": 0, "quotaLeft": 48}


def test_by_default_no_answer_is_kept() -> None:
    """Where customer data is not cached, no response is."""
    with caching_gateway(cache_customer_ttl_s=0) as gateway:
        for query in (COUNT, DEFINITION, "{ __typename }") * 2:
            gateway.graph.ask(query)
        assert [gateway.sample(name) for name in ("hits_total", "misses_total", "entries")] == [
            0
        ] * 3


@pytest.mark.parametrize(
    "other",
    [
        {"operationName": "Other"},
        {"query": PAGE + " "},
        {"variables": {"id": "C-TEN", "first": 4}},
        {"variables": {"id": "C-TEN", "first": 5.0}},
        {"variables": {"id": "C-TEN", "first": None}},
        {"variables": {"id": "C-TEN"}},
        {"variables": {"id": "C-ONE", "first": 5}},
    ],
    ids=["name", "document", "value", "type", "null", "absent", "customer"],
)
def test_another_operation_is_never_answered_from_it(other: dict[str, Any]) -> None:
    """The key has the document, the operation's name and the typed variables."""
    with caching_gateway() as gateway:
        gateway.post(BODY)
        gateway.post(BODY | other)
        assert gateway.hits == 0


def test_the_order_of_variables_does_not_count() -> None:
    """Members in another order make the same object."""
    with caching_gateway() as gateway:
        gateway.post(BODY)
        gateway.post(BODY | {"variables": {"first": 5, "id": "C-TEN"}})
        assert gateway.hits == 1


def test_another_caller_is_never_answered_from_it() -> None:
    """With passthrough each credential has its own responses."""
    with caching_gateway(upstream_auth="passthrough") as gateway:
        basic = "Basic c2FuZGJveDpzYW5kYm94"
        first = gateway.post(BODY, Authorization=basic)
        for others in ({"Authorization": "Basic bm9ib2R5Om5vYm9keQ=="}, {}):
            assert b"UPSTREAM_AUTH_FAILED" in gateway.post(BODY, **others)
        assert (gateway.hits, gateway.entries) == (0, 1)
        assert b'"totalCount":10' in first
        gateway.post(BODY, Authorization=basic)
        assert gateway.hits == 1


def test_whatever_tells_callers_apart_is_part_of_the_key() -> None:
    """A new field of `Caller` fails here until it is part of the key, or of the identity."""
    assert {field.name for field in fields(Caller)} == {
        "roles",
        "credential",
        "customers",
        "subject",
    }


def test_an_answer_ends_with_its_only_part() -> None:
    """It lives as long as the upstream response it was built from, less at most 10 %."""
    with caching_gateway() as gateway:
        gateway.graph.ask(COUNT)
        gateway.clock.advance(TTL_S * 0.8)
        gateway.graph.ask(COUNT)
        assert gateway.hits == 1
        gateway.clock.advance(TTL_S * 0.31)
        gateway.graph.ask(COUNT)
        assert (gateway.hits, gateway.graph.calls) == (1, 1)


def test_an_answer_of_remembered_parts_has_their_remaining_time() -> None:
    """The age of a cached upstream response counts."""
    with caching_gateway() as gateway:
        gateway.graph.ask(COUNT)
        gateway.clock.advance(TTL_S * 0.7)
        gateway.graph.ask(NAME)
        assert gateway.graph.calls == 0
        gateway.clock.advance(TTL_S * 0.41)
        gateway.graph.ask(NAME)
        assert (gateway.hits, gateway.graph.calls) == (0, 1)


@pytest.mark.parametrize("short", ["customer", "definition"])
def test_the_shortest_part_counts(short: str) -> None:
    """Of a customer's page and its definitions the one that expires first."""
    settings: dict[str, Any] = {f"cache_{short}_ttl_s": 10, "cache_definition_stale_s": 0}
    with caching_gateway(**settings) as gateway:
        gateway.graph.ask(DEFINED)
        gateway.clock.advance(8)
        gateway.graph.ask(DEFINED)
        assert gateway.hits == 1
        gateway.clock.advance(3.1)
        gateway.graph.ask(DEFINED)
        assert gateway.hits == 1
        assert gateway.graph.calls > 0


def test_that_something_is_not_there_counts_as_a_part() -> None:
    """A 404 is cached for 30 s, plus or minus a tenth, and so is a response built from it."""
    with caching_gateway() as gateway:
        gateway.graph.ask(NOWHERE)
        gateway.clock.advance(24)
        gateway.graph.ask(NOWHERE)
        assert gateway.hits == 1
        gateway.clock.advance(9.1)
        gateway.graph.ask(NOWHERE)
        assert gateway.hits == 1
        assert gateway.graph.calls > 0


@pytest.mark.parametrize("ahead_s", [5.0, 0.0])
def test_an_answer_ends_when_time_changes_it(ahead_s: float) -> None:
    """A promotion that ends is ENDED a moment later, without a call; its name stays cached."""
    with caching_gateway() as gateway:
        (node,) = gateway.graph.ask(VALIDITY)["customer"]["promotions"]["nodes"]
    ends_at = datetime.fromisoformat(node["promotion"]["endsAt"])
    with caching_gateway(at=ends_at - timedelta(seconds=ahead_s)) as gateway:
        seen = []
        for wait_s in (ahead_s * 0.8, ahead_s * 0.2 + 0.1, 0):
            gateway.graph.ask(NAME)
            (node,) = gateway.graph.ask(VALIDITY)["customer"]["promotions"]["nodes"]
            seen.append(node["promotion"]["validity"])
            gateway.clock.advance(wait_s)
        assert seen[0] == "CURRENT"
        assert seen[-1] == "ENDED"
        assert gateway.graph.calls == 0
        assert gateway.hits == 2 + (ahead_s > 0)


def test_a_kept_answer_is_right_at_every_moment() -> None:
    """Around each deciding instant it equals the response without a cache."""
    with caching_gateway() as keeping, caching_gateway(cache_customer_ttl_s=0) as asking:
        written = asking.post({"query": DATES}).decode()
        stamps = set(re.findall(r'"(?:endsAt|expiresAt)":"([^"]+)"', written))
        assert len(stamps) > 3
        for stamp in sorted(datetime.fromisoformat(stamp).timestamp() for stamp in stamps):
            for at in (stamp - 2, stamp - 1, stamp, stamp + 0.001, stamp + 1):
                keeping.clock.now = asking.clock.now = max(at, keeping.clock.now)
                assert keeping.graph.ask(DATES) == asking.graph.ask(DATES)
        assert keeping.hits >= len(stamps)


@pytest.mark.parametrize("query", ["{ __typename }", "{ __schema { queryType { name } } }"])
def test_an_answer_of_no_parts_is_kept_as_long_as_customers_data(query: str) -> None:
    """Without an upstream response there is no other lifetime."""
    with caching_gateway() as gateway:
        for wait_s in (TTL_S * 0.85, TTL_S * 0.2, 0):
            gateway.graph.ask(query)
            gateway.clock.advance(wait_s)
        assert gateway.hits == 1


@pytest.mark.parametrize(
    ("fault", "query"),
    [
        ("status=500", COUNT),
        ("status=500,endpoint=promotionsV2", DEFINED),
        ("status=410,endpoint=promotionsV2", DEFINED),
        ("status=500,rate=0", NOBODY),
    ],
    ids=["failed", "partial", "warning", "a part that is not kept"],
)
def test_an_answer_that_may_be_better_the_next_time_is_not_kept(fault: str, query: str) -> None:
    """Errors, warnings and an unknown customer are not cached."""
    with caching_gateway(fault) as gateway:
        for _ in range(2):
            gateway.graph.answer(query)
        assert (gateway.hits, gateway.entries) == (0, 0)


def test_an_answer_with_a_stale_part_is_not_kept() -> None:
    """Stale data must not live longer than necessary."""
    down = "status=500,endpoint=promotionById,after=1"
    with caching_gateway(down, cache_definition_stale_s=1000) as gateway:
        gateway.graph.ask(DEFINITION)
        gateway.clock.advance(TTL_S * 1.2)
        for _ in range(2):
            answer = gateway.graph.answer(DEFINITION)
            assert answer["extensions"]["upstream"]["stale"] == 1
            assert answer["data"]["promotion"]["name"]
        assert (gateway.hits, gateway.sample("misses_total")) == (0, 3)


def test_a_kept_answer_tells_the_same_cost() -> None:
    """The cost is cached with it, for `extensions.cost`."""
    query = '{ customer(by: {externalId: "C-TEN"}) { promotions(first: 3) { nodes { id } } } }'
    with caching_gateway() as gateway:
        first, second = gateway.graph.answer(query), gateway.graph.answer(query)
        assert gateway.hits == 1
    assert second["data"] == first["data"]
    assert second["extensions"]["cost"] == first["extensions"]["cost"]


def test_what_is_refused_is_refused_again() -> None:
    """A cached response does not allow other variables."""
    below = "{ promotions(first: $n) { totalCount } }"
    query = f'query($n: Int) {{ customer(by: {{externalId: "C-TEN"}}) {below} }}'
    with caching_gateway() as gateway:
        assert "errors" not in gateway.graph.answer(query, {"n": 1})
        for wrong in ("1", 1.5, True):
            refused = gateway.graph.answer(query, {"n": wrong})
            assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        assert gateway.hits == 0
