"""The bounds and keys of the response cache, without a gateway around it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.cache.keys import KeyMaker
from gateway.cache.memory import MemoryCache
from gateway.cache.options import MemoryLimits
from gateway.context import CallBudget, Caller, RequestContext, Role
from gateway.execution.cost import Cost
from gateway.execution.documents import Operation
from gateway.execution.operation_store import OperationStore
from gateway.execution.outcome import Outcome
from gateway.graphql_http.response_cache import RecordingClock, ResponseCache
from gateway.schema.build import build_schema, executable
from tests.sandbox.client import NOW
from tests.support.response_caches import standalone_response_cache

MIB = 1024 * 1024
QUERY = "query Q { __typename }"


@pytest.fixture
def answers() -> ResponseCache:
    """Return the response cache of a gateway that caches."""
    return standalone_response_cache()


@pytest.fixture(scope="module")
def operation() -> Operation:
    """Return an operation that is a query."""
    return OperationStore(executable(build_schema()), introspection=True).get(QUERY, None)


def request_of(*roles: Role) -> RequestContext:
    """Return a request of a caller with these roles."""
    return RequestContext("id", NOW, Caller(frozenset(roles)), 0.0, CallBudget(1))


def keep(answers: ResponseCache, operation: Operation, number: int, size: int) -> None:
    """Store a response of so many bytes, if that is allowed."""
    request = request_of()
    key, kept = answers.find(operation, {"number": number}, request)
    if kept is None:
        answers.store(key, Cost(1, 1, 1, 0), request, Outcome({"a": "x" * size}, []))


def test_answers_take_no_more_than_their_bytes(
    answers: ResponseCache, operation: Operation
) -> None:
    """They stay within 16 MiB; one that is too large evicts none."""
    for number in range(24):
        keep(answers, operation, number, MIB)
    assert 12 * MIB < answers.memory.bytes <= 16 * MIB
    entries = answers.memory.entries
    keep(answers, operation, 99, 3 * MIB)
    assert answers.memory.entries == entries == 15


def test_answers_are_no_more_than_their_number(
    answers: ResponseCache, operation: Operation
) -> None:
    """Small ones are bounded, too; the least recently used is evicted."""
    answers.memory = MemoryCache(MemoryLimits(3, MIB), lambda _: 1, lambda: 0.0)
    for number in (1, 2, 3, 1, 4, 1):
        keep(answers, operation, number, 1)
    assert (answers.memory.entries, answers.hits, answers.misses) == (3, 2, 4)


def test_roles_and_platforms_have_keys_of_their_own(
    answers: ResponseCache, operation: Operation
) -> None:
    """Callers with other roles, and other upstreams, have other keys."""
    keys = [answers.key(operation, {}, request_of(*roles)) for roles in ((), Role)]
    assert answers.key(operation, {}, request_of(*Role)) == keys[1]
    answers = replace(answers, origin="http://other.test")
    keys.append(answers.key(operation, {}, request_of()))
    answers = replace(answers, keys=KeyMaker(b"another secret of enough bytes"))
    keys.append(answers.key(operation, {}, request_of()))
    assert len(set(keys)) == len(keys)


def test_operations_and_variables_have_keys_of_their_own(answers: ResponseCache) -> None:
    """Another text, operation, value or type of number is another key."""
    operations = OperationStore(executable(build_schema()), introspection=True)
    two = "query Q { __typename } query R { __typename }"
    found = [operations.get(*asked) for asked in ((QUERY, None), (two, "Q"), (two, "R"))]
    values: list[dict[str, Any]] = [{}, {"a": 1}, {"a": 1.0}, {"a": "1"}, {"b": 1}, {"a": [1]}]
    keys = [answers.key(one, variables, request_of()) for one in found for variables in values]
    assert len(set(keys)) == len(keys) == 18
    orders = ({"a": 1, "b": {"c": 1, "d": 2}}, {"b": {"d": 2, "c": 1}, "a": 1})
    assert len({answers.key(found[0], order, request_of()) for order in orders}) == 1


def test_a_moment_notes_the_next_instant_that_it_was_compared_with() -> None:
    """In both directions, and equality included; the past is not recorded."""
    moment = RecordingClock.of(NOW)
    assert moment == NOW
    past, soon, later = (NOW.replace(hour=hour) for hour in (1, 13, 14))
    assert past < moment
    assert moment > past
    assert moment.valid_until is None
    assert later > moment
    assert moment.valid_until == later
    assert moment <= soon
    assert moment.valid_until == soon
    assert not moment >= later
    assert moment.valid_until == soon
    assert moment >= datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert moment.valid_until == NOW
