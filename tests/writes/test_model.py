"""Random reads, writes, faults, keys and events over two gateways, checked with the platform.

- No write reaches the platform twice for one key.
- No page contradicts the platform once a write or an event about it was taken: at once in the
  gateway that took it, soon in the other one.
- Every outcome is true, and a key is answered the same again.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.writes.fleet import Fleet, fleet
from tests.writes.random_writes import Writes


@pytest.fixture(scope="module")
def served() -> Iterator[Fleet]:
    """Serve it for all examples."""
    with fleet() as own:
        yield own


def _run(served: Fleet, examples: int, steps: int, **options: Any) -> None:
    machine = type("OwnWrites", (Writes,), {"fleet": served})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            **options,
        ),
    )


def test_nothing_is_written_twice_and_everything_shown_is_true(served: Fleet) -> None:
    """Whatever happens in whichever order."""
    _run(served, 6, 20, derandomize=True, phases=[Phase.generate])


@pytest.mark.verify
@pytest.mark.timeout(900)
def test_more_random_steps_over_two_gateways(served: Fleet) -> None:
    """The same, longer, and each time with others."""
    _run(served, 50, 40)
