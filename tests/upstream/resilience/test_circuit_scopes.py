"""Scopes: one caller's or one customer's failures hold back nobody else."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import CallerCircuitOpenError, UpstreamUnavailableError
from gateway.upstream.resilience.circuit_breaker import CircuitBreaker, Permit
from gateway.upstream.resilience.circuit_scope import Attribution
from tests.upstream.resilience.timing import FakeTime


def of(caller: str, *subject: str) -> Attribution:
    return Attribution(caller, subject or ("customer",))


def made(time: FakeTime | None = None) -> CircuitBreaker:
    return CircuitBreaker("promotionData", clock=(time or FakeTime()).clock)


def fail(breaker: CircuitBreaker, calls: Iterable[Attribution | None]) -> None:
    for call in calls:
        breaker.admit(call).failure()


def may(breaker: CircuitBreaker, call: Attribution) -> bool:
    """Whether a call is admitted; it ends neutral."""
    try:
        breaker.admit(call).neutral()
    except UpstreamUnavailableError:
        return False
    return True


def open_for_all(breaker: CircuitBreaker) -> None:
    """Open the breaker by failures that are not attributable."""
    fail(breaker, [None] * 5)


def test_one_callers_call_that_always_fails_holds_back_only_itself() -> None:
    """After five failures the same call fails fast; that caller's others go on, as everybody's."""
    breaker = made()
    fail(breaker, [of("a", "poison")] * 5)
    assert not may(breaker, of("a", "poison"))
    assert may(breaker, of("a", "other"))
    assert may(breaker, of("b", "poison"))
    assert may(breaker, of("b", "other"))


def test_a_caller_all_of_whose_calls_fail_holds_back_only_itself() -> None:
    """Five customers whose calls fail open that caller's scope, and nobody else's."""
    breaker = made()
    fail(breaker, [of("a", str(number)) for number in range(5)])
    assert not may(breaker, of("a", "another"))
    assert may(breaker, of("b", "another"))
    assert may(breaker, of("b", "0"))


def test_a_customer_that_fails_for_all_holds_back_only_itself() -> None:
    """Three callers' failures about one customer open that customer's scope, and no other."""
    breaker = made()
    fail(breaker, [of(caller, "poison") for caller in "aabbc"])
    assert not may(breaker, of("d", "poison"))
    assert may(breaker, of("d", "other"))
    assert may(breaker, of("a", "other"))


def test_different_callers_and_customers_are_an_outage() -> None:
    """Five failures in a row that have nothing in common open it for all."""
    breaker = made()
    fail(breaker, [of(name, name) for name in "abcde"])
    assert not may(breaker, of("f", "f"))
    assert breaker.state.name == "OPEN"
    assert breaker.opened == 1


def test_two_callers_are_no_outage() -> None:
    """Two callers' failures, about any number of customers, do not hold back a third."""
    breaker = made()
    fail(breaker, [of("ab"[number % 2], str(number)) for number in range(10)])
    assert may(breaker, of("c", "another"))
    assert not may(breaker, of("a", "another"))


def test_what_nobody_is_to_blame_for_counts_at_once() -> None:
    """Five refused connections open it for all, although one caller asks for one customer."""
    breaker = made()
    for _ in range(5):
        breaker.admit(of("a", "customer")).failure(is_attributable=False)
    assert not may(breaker, of("b", "other"))


def test_successes_of_others_close_nothing_of_a_call_that_always_fails() -> None:
    """Other calls' successes do not close its scope, and it does not hold them back."""
    breaker, failed = made(), 0
    for _ in range(50):
        breaker.admit(of("b", "other")).success()
        try:
            breaker.admit(of("a", "poison")).failure()
        except CallerCircuitOpenError:
            continue
        failed += 1
    assert failed == 5


def test_a_part_that_fails_does_not_hold_back_the_whole() -> None:
    """A definition whose look-up fails leaves its program's other definitions alone."""
    breaker = made()
    fail(breaker, [of("a", "973", "poison")] * 5)
    assert not may(breaker, of("a", "973", "poison"))
    assert may(breaker, of("a", "973", "another"))
    fail(breaker, [of("a", "973", str(number)) for number in range(4)])
    assert not may(breaker, of("a", "973", "another"))
    assert may(breaker, of("a", "974", "another"))
    assert may(breaker, of("b", "973", "another"))


@given(st.lists(st.sampled_from(["poison", "one", "two", "three", "four", "five"]), max_size=60))
def test_whatever_one_caller_makes_fail_nobody_else_notices(subjects: list[str]) -> None:
    """In any order, probes included."""
    time = FakeTime()
    breaker = made(time)
    for subject in subjects:
        try:
            breaker.admit(of("a", subject)).failure()
        except UpstreamUnavailableError:
            time.now += 0.7
        assert may(breaker, of("b", subject))


def test_a_probe_that_is_the_poison_itself_keeps_nothing_shut() -> None:
    """After a failed probe another caller's call probes at once, and its success closes all."""
    time = FakeTime()
    breaker = made(time)
    open_for_all(breaker)
    time.now += 1.0
    for _ in range(20):
        try:
            breaker.admit(of("a", "poison")).failure()
        except UpstreamUnavailableError:
            continue
    with pytest.raises(CallerCircuitOpenError):
        breaker.admit(of("a", "other"))
    with pytest.raises(CallerCircuitOpenError):
        breaker.admit(of("b", "poison"))
    breaker.admit(of("b", "other")).success()
    assert may(breaker, of("c", "another"))
    assert may(breaker, of("a", "other"))


def test_probes_of_different_callers_that_fail_make_all_wait() -> None:
    """In an outage two calls a period probe, not one of each caller."""
    time = FakeTime()
    breaker = made(time)
    open_for_all(breaker)
    time.now += 1.0
    fail(breaker, [of("a", "1"), of("b", "2")])
    for caller in "cdefg":
        with pytest.raises(UpstreamUnavailableError) as refused:
            breaker.admit(of(caller, caller))
        assert not isinstance(refused.value, CallerCircuitOpenError)
    time.now += 3.0
    breaker.admit(of("a", "1")).success()
    assert may(breaker, of("c", "c"))


def test_a_lone_caller_gets_a_probe_of_its_own_in_time() -> None:
    """A caller whose probe failed may probe again after the period, if alone."""
    time = FakeTime()
    breaker = made(time)
    fail(breaker, [of("a", str(number)) for number in range(5)])
    for _ in range(6):
        time.now += 3.0
        breaker.admit(of("a", "0")).failure()
    time.now += 3.0
    breaker.admit(of("a", "0")).success()
    assert may(breaker, of("a", "1"))


def test_what_is_remembered_is_bounded() -> None:
    """A caller with ever new failures fills no memory, and evicts no circuit of all calls."""
    breaker = made()
    permits: list[Permit] = [breaker.admit(of("a", str(number))) for number in range(6000)]
    for permit in permits:
        permit.failure()
    assert len(breaker.circuits) == 4096
    assert not may(breaker, of("a", "another"))


def test_where_all_is_well_nothing_is_kept() -> None:
    """A success forgets the failures of every scope that it belongs to."""
    breaker = made()
    fail(breaker, [of("a", "973", "1")] * 4)
    breaker.admit(of("a", "973", "1")).success()
    assert not breaker.circuits
