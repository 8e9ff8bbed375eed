"""The proofs of customers' ids: when they are recorded, disputed and expire."""

import math
from collections.abc import Sequence

import pytest

from gateway.context import CallBudget, Caller, RequestContext
from gateway.upstream.customer_identities import KnownCustomerIds
from gateway.upstream.customer_view.endpoint import CustomerKey
from gateway.upstream.normalise.enums import CustomerSource
from tests.sandbox.client import NOW
from tests.support.clock import Clock

KEY = CustomerKey(CustomerSource.INSTORE, "mobile", "49157")
A, B, C = 1, 2, 3


class Known:
    """The ids known to a process from one caller's responses."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.ids = KnownCustomerIds(lambda request: request.caller.subject, self.clock)

    def learn(self, customer_id: int, *, key: CustomerKey = KEY, subject: str = "") -> bool:
        """Record the response to a call that has just begun."""
        request = self.request(subject)
        return self.ids.record(request, key, customer_id, self.ids.contradictions)

    def known(self, *, key: CustomerKey = KEY, subject: str = "") -> int | None:
        """Return the proven id."""
        proof = self.ids.proof(self.request(subject), key)
        return proof and proof.customer_id

    def request(self, subject: str = "") -> RequestContext:
        """Create a request of a caller."""
        return RequestContext("r", NOW, Caller(subject=subject), math.inf, CallBudget(40))


@pytest.fixture
def known() -> Known:
    """Return an empty store."""
    return Known()


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ([A, A, A], [True, True, True]),
        ([A, B, B], [True, False, True]),
        ([A, B, A], [True, False, True]),
        ([A, B, C, C], [True, False, False, True]),
        ([A, B, C, A], [True, False, False, True]),
        ([A, B, B, A, A], [True, False, True, False, True]),
        ([A, A, B, A, B, B], [True, True, False, True, False, True]),
    ],
)
def test_another_id_takes_a_second_look(
    known: Known, told: Sequence[int], believed: Sequence[bool]
) -> None:
    """After a contradiction no id is known, until a further response agrees with either."""
    for customer_id, is_believed in zip(told, believed, strict=True):
        assert known.learn(customer_id) is is_believed
        assert known.known() == (customer_id if is_believed else None)
        assert known.ids.agrees(known.request(), KEY, customer_id) is is_believed


def test_an_answer_on_its_way_is_no_second_look(known: Known) -> None:
    """A call that began before the contradiction may have the same fault."""
    known.learn(A)
    before = known.ids.contradictions
    assert not known.learn(B)
    assert not known.ids.record(known.request(), KEY, B, before)
    assert not known.ids.record(known.request(), KEY, A, before)
    assert known.known() is None
    assert known.learn(B)


def test_a_proof_lasts_ten_minutes_from_its_latest_answer(known: Known) -> None:
    """Neither reading the proof nor a cached response renews it."""
    known.learn(A)
    known.clock.advance(500)
    assert known.ids.agrees(known.request(), KEY, A)
    known.clock.advance(99)
    assert known.known() == A
    known.learn(A)
    known.clock.advance(599)
    assert known.known() == A
    known.clock.advance(1)
    assert known.known() is None
    assert known.learn(B)


def test_a_clock_that_is_put_back_makes_no_proof_younger(known: Known) -> None:
    """A proof from the future has an unknown age."""
    known.learn(A)
    known.clock.advance(-60)
    assert known.known() is None
    assert known.learn(B)


def test_a_contradiction_is_forgotten_after_ten_minutes(known: Known) -> None:
    """A dispute expires like a proof."""
    known.learn(A)
    known.learn(B)
    known.clock.advance(600)
    assert known.learn(C)


def test_each_identity_source_and_identifier_is_its_own(known: Known) -> None:
    """Identities, sources and identifiers have proofs of their own."""
    others = [
        {"subject": "another"},
        {"key": KEY._replace(source=CustomerSource.LINE)},
        {"key": KEY._replace(identifier_name="cuid")},
        {"key": KEY._replace(identifier_value="49158")},
    ]
    known.learn(A)
    for other in others:
        assert known.known(**other) is None  # type: ignore[arg-type]
        assert known.learn(B, **other)  # type: ignore[arg-type]
    known.learn(C)
    assert known.known() is None
    for other in others:
        assert known.known(**other) == B  # type: ignore[arg-type]


def test_what_came_before_a_contradiction_is_served_no_more(known: Known) -> None:
    """Of this customer only; a maximum age is applied as well."""
    request = known.request()
    assert known.ids.not_before(request, KEY, math.inf) == 0
    assert known.ids.not_before(request, KEY, 600) == known.clock.now - 600
    known.learn(A)
    known.learn(B)
    contradicted_at = known.clock.now
    known.clock.advance(300)
    known.learn(B)
    assert known.ids.not_before(request, KEY, math.inf) == contradicted_at
    assert known.ids.not_before(request, KEY, 600) == contradicted_at
    assert known.ids.not_before(request, KEY, 60) == known.clock.now - 60
    other = KEY._replace(identifier_value="0")
    assert known.ids.not_before(request, other, math.inf) == 0


def test_a_doubt_takes_back_what_one_answer_alone_has_told(known: Known) -> None:
    """A second agreeing response confirms the id, and a cursor cannot dispute it."""
    known.learn(A)
    known.ids.dispute(known.request(), KEY, B)
    assert known.known() == A
    known.ids.dispute(known.request(), KEY, A)
    assert known.known() is None
    assert known.learn(A)
    known.ids.dispute(known.request(), KEY, A)
    assert known.known() == A


def test_the_memory_is_bounded(known: Known) -> None:
    """The oldest proofs are dropped."""
    for number in range(20_100):
        known.learn(A, key=KEY._replace(identifier_value=str(number)))
    assert len(known.ids) == 20_000
    assert known.known(key=KEY._replace(identifier_value="99")) is None
    assert known.known(key=KEY._replace(identifier_value="100")) == A
