"""The circuit breaker: what opens it, who may probe, and how it closes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UpstreamUnavailableError
from gateway.upstream.resilience.circuit_breaker import CircuitBreaker, CircuitState, Permit
from tests.support.examples import examples
from tests.upstream.resilience.timing import FakeTime


def fail(breaker: CircuitBreaker, times: int = 1) -> None:
    for _ in range(times):
        breaker.admit().failure()


def opened(time: FakeTime) -> CircuitBreaker:
    breaker = CircuitBreaker("promotionData", clock=time.clock)
    fail(breaker, 5)
    return breaker


def admitted(breaker: CircuitBreaker, callers: int) -> list[Permit]:
    permits = []
    for _ in range(callers):
        try:
            permits.append(breaker.admit())
        except UpstreamUnavailableError:
            continue
    return permits


def test_five_failures_in_a_row_open_it() -> None:
    """Four failures leave it closed; after the fifth, calls fail fast and name the endpoint."""
    breaker = CircuitBreaker("promotionData", clock=FakeTime().clock)
    fail(breaker, 4)
    assert breaker.state.name == "CLOSED"
    fail(breaker)
    assert breaker.state.name == "OPEN"
    with pytest.raises(UpstreamUnavailableError) as refused:
        breaker.admit()
    assert refused.value.endpoint == "promotionData"


def test_a_success_between_failures_keeps_it_closed() -> None:
    """Only failures in a row count."""
    breaker = CircuitBreaker("promotionData", clock=FakeTime().clock)
    for _ in range(10):
        fail(breaker, 4)
        breaker.admit().success()
    assert breaker.state.name == "CLOSED"


def test_neutral_outcomes_neither_open_nor_reset() -> None:
    """A neutral call changes nothing."""
    breaker = CircuitBreaker("promotionData", clock=FakeTime().clock)
    for _ in range(20):
        breaker.admit().neutral()
    fail(breaker, 4)
    breaker.admit().neutral()
    fail(breaker)
    assert breaker.state.name == "OPEN"


def test_of_20_callers_one_probes() -> None:
    """Half-open, one call is admitted and nineteen fail fast; its success closes the breaker."""
    time = FakeTime()
    breaker = opened(time)
    time.now += 1.0
    [probe] = admitted(breaker, 20)
    assert probe.is_probe
    assert breaker.state.name == "HALF_OPEN"
    probe.success()
    assert breaker.state.name == "CLOSED"
    assert len(admitted(breaker, 20)) == 20


def test_a_failed_probe_opens_it_again_for_longer() -> None:
    """The open period grows from one second to three, after which a probe is admitted."""
    time = FakeTime()
    breaker = opened(time)
    for period_s in (1.0, 2.0, 3.0, 3.0, 3.0):
        time.now += period_s - 0.01
        assert not admitted(breaker, 3)
        time.now += 0.01
        [probe] = admitted(breaker, 3)
        probe.failure()
    assert breaker.state.name == "OPEN"


def test_a_success_makes_the_open_period_short_again() -> None:
    """A new outage starts with a period of one second, whatever the last one was."""
    time = FakeTime()
    breaker = opened(time)
    for _ in range(4):
        time.now += 3.0
        breaker.admit().failure()
    time.now += 3.0
    breaker.admit().success()
    fail(breaker, 5)
    time.now += 1.0
    assert len(admitted(breaker, 5)) == 1


def test_a_cancelled_probe_frees_its_place() -> None:
    """A probe whose block is left by any exception without an outcome is neutral; the next goes."""
    time = FakeTime()
    breaker = opened(time)
    time.now += 1.0
    with pytest.raises(KeyboardInterrupt), breaker.admit():
        raise KeyboardInterrupt
    assert breaker.state.name == "HALF_OPEN"
    with breaker.admit() as probe:
        probe.success()
    assert breaker.state.name == "CLOSED"


def test_a_probe_that_hangs_does_not_keep_it_shut() -> None:
    """After two seconds another probe may go, and its success closes it."""
    time = FakeTime()
    breaker = opened(time)
    time.now += 1.0
    hanging = breaker.admit()
    time.now += 1.99
    assert not admitted(breaker, 5)
    time.now += 0.01
    [second] = admitted(breaker, 5)
    second.success()
    hanging.failure()
    assert breaker.state.name == "CLOSED"


def test_a_slow_probe_that_succeeds_closes_it() -> None:
    """The success of a probe counts after the end of its lease, too."""
    time = FakeTime()
    breaker = opened(time)
    time.now += 1.0
    slow = breaker.admit()
    time.now += 2.5
    later = breaker.admit()
    slow.success()
    assert breaker.state.name == "CLOSED"
    later.failure()
    assert breaker.state.name == "CLOSED"


def test_calls_from_before_it_opened_say_nothing_about_now() -> None:
    """The late end of a call that was sent before the outage neither closes nor reopens it."""
    time = FakeTime()
    breaker = CircuitBreaker("promotionData", clock=time.clock)
    early, other = breaker.admit(), breaker.admit()
    fail(breaker, 5)
    early.success()
    assert breaker.state.name == "OPEN"
    time.now += 1.0
    breaker.admit().success()
    fail(breaker, 4)
    other.failure()
    assert breaker.state.name == "CLOSED"


def test_only_the_first_outcome_of_a_permit_counts() -> None:
    """Later outcomes of a permit are ignored."""
    breaker = CircuitBreaker("promotionData", clock=FakeTime().clock)
    with breaker.admit() as permit:
        for _ in range(10):
            permit.failure()
        permit.success()
    assert breaker.state.name == "CLOSED"
    fail(breaker, 4)
    assert breaker.state.name == "OPEN"


@pytest.mark.parametrize("hangs_for_s", [0.0, 0.3, 5.0])
def test_clean_service_within_five_seconds_after_an_outage(hangs_for_s: float) -> None:
    """With a caller every 100 ms, no call fails later than five seconds after the outage ended."""
    for outage_tenths in range(20, 200, 7):
        time = FakeTime()
        breaker = CircuitBreaker("promotionData", clock=time.clock)
        pending: list[tuple[float, Permit]] = []
        last_failure = time.now
        end = time.now + outage_tenths / 10
        while time.now < end + 15:
            for at, permit in [pair for pair in pending if pair[0] <= time.now]:
                pending.remove((at, permit))
                permit.failure()
                last_failure = time.now
            try:
                permit = breaker.admit()
            except UpstreamUnavailableError:
                last_failure = time.now
            else:
                if time.now < end:
                    pending.append((time.now + hangs_for_s, permit))
                else:
                    permit.success()
            time.now += 0.1
        assert last_failure <= end + 5.0 + 0.1


@examples(150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("afsnt"), st.integers(0, 5)), max_size=80))
def test_it_is_never_stuck(steps: list[tuple[str, int]]) -> None:
    """Whatever happened, a caller that comes after the longest period and lease is let in."""
    time = FakeTime()
    breaker = CircuitBreaker("promotionData", clock=time.clock)
    permits: list[Permit] = []
    for step, index in steps:
        if step == "a":
            probes = admitted(breaker, 20)
            assert breaker.state is CircuitState.CLOSED or len(probes) <= 1
            permits += probes
        elif step == "t":
            time.now += index / 2
        elif permits:
            permit = permits.pop(index % len(permits))
            {"f": permit.failure, "s": permit.success, "n": permit.neutral}[step]()
    time.now += 3.0
    assert admitted(breaker, 1)
