import pytest
from structlog.testing import capture_logs

from gateway.cache.circuit import Circuit
from gateway.cache.redis_use import RedisUse
from tests.support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def circuit(clock: Clock) -> Circuit:
    """Return a closed circuit that probes every second."""
    return Circuit(RedisUse("cache", clock), "read", 1.0, clock)


def test_it_is_left_alone_for_a_second_after_a_failure(circuit: Circuit, clock: Clock) -> None:
    """Nothing is tried for a second, so that nothing waits for a timeout."""
    circuit.failed(TimeoutError())

    assert not circuit.allows()
    clock.advance(0.99)
    assert not circuit.allows()


def test_one_probe_at_a_time(circuit: Circuit, clock: Clock) -> None:
    """After that second one caller becomes the probe."""
    circuit.failed(TimeoutError())
    clock.advance(1)

    assert [circuit.allows() for _ in range(20)] == [True] + [False] * 19


def test_a_probe_that_is_cancelled_does_not_block_the_next(circuit: Circuit, clock: Clock) -> None:
    """A probe that reports nothing is followed by another a second later."""
    circuit.failed(TimeoutError())
    clock.advance(1)
    assert circuit.allows()

    clock.advance(1)

    assert circuit.allows()


def test_a_success_closes_it(circuit: Circuit, clock: Clock) -> None:
    """After a success all callers may try again."""
    circuit.failed(TimeoutError())
    clock.advance(1)
    circuit.allows()

    circuit.succeeded()

    assert not circuit.is_open
    assert all(circuit.allows() for _ in range(20))


def test_an_outage_is_two_log_lines(circuit: Circuit, clock: Clock) -> None:
    """One line when it begins and one when it ends, however many operations failed."""
    with capture_logs() as lines:
        circuit.succeeded()
        for _ in range(50):
            circuit.failed(TimeoutError())
            clock.advance(1)
        circuit.succeeded()
        circuit.succeeded()

    assert lines == [
        {
            "event": "redis_unavailable",
            "log_level": "warning",
            "use": "cache",
            "operation": "read",
            "reason": "timeout",
            "error": "TimeoutError",
        },
        {
            "event": "redis_available",
            "log_level": "info",
            "use": "cache",
            "operation": "read",
            "unavailable_s": 50.0,
        },
    ]
