"""Whatever the platform answers to a write, it has an outcome, and nothing breaks by it."""

import json
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.context import CallBudget, Caller, RequestContext
from gateway.errors import UpstreamError
from gateway.upstream.decoding.decode import SuccessorPage, decode_successor_page
from gateway.upstream.normalise.actions import ActionOutcome, PromotionAction
from gateway.upstream.writes import old_endpoints, successor_endpoints
from gateway.upstream.writes.write import Write, WriteResult
from tests.sandbox.client import NOW
from tests.support.successor import published, successor_body

IDS = (
    *("enrollmentId", "optinId", "issualId", "earnedId", "revokedIssualId", "revokedEarnIds"),
    *("revokedEnrollmentIds", "revokedOptInIds"),
)
KEYS = ("code", "message", "status", "customerId", "")
CODES = st.sampled_from([400, "400", 401, 429, 500, 558, 8015, 8892, 8896, 310238, 9, "x", 10**30])
WORDS = st.sampled_from(
    [
        *("FAILED", "SUCCESS", "Promotion not found", "Customer not found", "inactive"),
        *("limit reached", "[NO_ACTIVE_ENROLLMENT]", "STOPPED", "9" * 5000, "\ud800", "7"),
    ]
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), CODES, WORDS, st.text())
ANY = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=4,
)
ERRORS = st.one_of(
    ANY, st.lists(st.fixed_dictionaries({}, optional={"code": CODES, "message": WORDS}), max_size=3)
)
ANY_IDS = st.one_of(ANY, st.sampled_from([5, "6", [7, "8", 9]]))
CUSTOMER_IDS = st.one_of(st.none(), st.just("7"), ANY)


def _object(*names: str, **members: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return objects with some of these members; those by name alone may be anything."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, ANY) | members)


def _list(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return mostly lists of one item."""
    return st.one_of(items.map(lambda each: [each]), ANY)


_IDS = dict.fromkeys(IDS, ANY_IDS)
_ITEM = _object("status", "warnings", customerId=CUSTOMER_IDS, errors=ERRORS, **_IDS)
_DATA = _object(
    "status",
    customer=_object(customerId=CUSTOMER_IDS),
    customerResults=_list(_ITEM),
    enrollmentStatus=_object(promotion=_object(**_IDS)),
)
_OLD_RESULT = _object(entityId=CUSTOMER_IDS, **_IDS)
_OLD_ITEM = _object("warnings", errors=ERRORS, result=st.one_of(_OLD_RESULT, ANY))
NEW = _object("warnings", data=st.one_of(_DATA, ANY), errors=ERRORS)
OLD = _object(errors=ERRORS, response=_list(_OLD_ITEM))


def _bodies(answers: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """Return answers as JSON, and what is none."""
    encoded = st.one_of(answers, ANY).map(lambda each: json.dumps(each).encode())
    return st.one_of(encoded, st.binary(max_size=50))


PAGE = decode_successor_page(successor_body(published(2, 1)))
QUICK = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


def _read(write: Write, body: bytes) -> WriteResult | None:
    """Return what a body means; None where it is an error, after which the key is free."""
    request = RequestContext("1", NOW, Caller(), 0.0, CallBudget(1))
    try:
        if write.definition is None:
            return old_endpoints.read_result(write, body)
        return successor_endpoints.read_result(write, body, request).result
    except UpstreamError:
        return None


@pytest.mark.parametrize("is_new", [False, True])
def test_any_answer_has_an_outcome(*, is_new: bool) -> None:
    """Ids only where it is DONE, and a reason only where it is REFUSED."""
    assert isinstance(PAGE, SuccessorPage)
    definition = PAGE.definitions[0] if is_new else None
    seen: Counter[Any] = Counter()

    @QUICK
    @given(st.sampled_from(PromotionAction), st.booleans(), _bodies(NEW if is_new else OLD))
    def read(action: PromotionAction, is_direct: bool, body: bytes) -> None:  # noqa: FBT001 - given by hypothesis
        write = Write(action, "INSTORE", "7", "1", "2", is_direct=is_direct, definition=definition)
        result = _read(write, body)
        seen[result and result.outcome] += 1
        if result is not None:
            has_ids = bool(result.enrolment_ids or result.issue_ids)
            assert has_ids is (result.outcome is ActionOutcome.DONE)
            assert (result.error is not None) is (result.outcome is ActionOutcome.REFUSED)
            stored = msgspec.json.encode(result)
            assert msgspec.json.decode(stored, type=WriteResult) == result

    read()
    assert min(seen[ActionOutcome.UNCERTAIN], seen[ActionOutcome.REFUSED]) > 0, seen
