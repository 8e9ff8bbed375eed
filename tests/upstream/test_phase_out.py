"""The phase-out: what tells that an endpoint is gone, and when it is asked again."""

import pytest

from gateway.errors import PhasedOutError
from gateway.upstream.phase_out import PhaseOut
from tests.upstream.timing import FakeTime


def asks(phase_out: PhaseOut, times: int = 1) -> int:
    made = 0
    for _ in range(times):
        try:
            phase_out.ask()
        except PhasedOutError:
            continue
        made += 1
    return made


def test_a_410_is_enough() -> None:
    """One 410 says that the endpoint is gone; no further call is made."""
    phase_out = PhaseOut("promotionsV2", clock=FakeTime().clock)
    assert asks(phase_out, 10) == 10
    phase_out.gone()
    assert phase_out.is_gone
    assert asks(phase_out, 10) == 0


def test_a_404_counts_once_a_program() -> None:
    """Any number of 404s for two programs prove nothing; the third program's does."""
    phase_out = PhaseOut("promotionsV2", clock=FakeTime().clock)
    for _ in range(50):
        phase_out.not_found("973")
        phase_out.not_found("974")
    assert not phase_out.is_gone
    phase_out.not_found("975")
    assert phase_out.is_gone


def test_an_answer_between_404s_starts_the_count_again() -> None:
    """An endpoint that answers one program is there, whatever it says of others."""
    phase_out = PhaseOut("promotionsV2", clock=FakeTime().clock)
    phase_out.not_found(1)
    phase_out.not_found(2)
    phase_out.answered()
    phase_out.not_found(3)
    phase_out.not_found(4)
    assert not phase_out.is_gone


def test_it_is_asked_again_once_every_five_minutes() -> None:
    """In an hour of many callers a minute, a gone endpoint gets twelve calls."""
    time = FakeTime()
    phase_out = PhaseOut("promotionsV2", clock=time.clock)
    phase_out.gone()
    made = 0
    for _ in range(3600):
        time.now += 1
        made += asks(phase_out, 5)
        phase_out.gone()
    assert made == 12


def test_it_comes_back_on_success() -> None:
    """The one call's success opens it to everybody."""
    time = FakeTime()
    phase_out = PhaseOut("promotionsV2", clock=time.clock)
    phase_out.gone()
    time.now += 300
    assert asks(phase_out, 3) == 1
    phase_out.answered()
    assert not phase_out.is_gone
    assert asks(phase_out, 3) == 3


def test_a_probe_without_an_outcome_does_not_leave_it_stuck() -> None:
    """Where the one call was cancelled, another may go five minutes later."""
    time = FakeTime()
    phase_out = PhaseOut("promotionsV2", clock=time.clock)
    phase_out.gone()
    time.now += 300
    assert asks(phase_out, 2) == 1
    time.now += 299
    assert asks(phase_out, 2) == 0
    time.now += 1
    assert asks(phase_out, 2) == 1


def test_switched_off_it_is_gone_for_good() -> None:
    """With the setting off no call is made, ever, and answers change nothing."""
    time = FakeTime()
    phase_out = PhaseOut("promotionsV2", switched_on=False, clock=time.clock)
    phase_out.gone()
    time.now += 100_000
    phase_out.answered()
    assert phase_out.is_gone
    assert asks(phase_out, 5) == 0


def test_its_error_has_a_code_and_the_endpoints_name() -> None:
    """Who asks a gone endpoint gets a coded error that names it, and no status or URL."""
    phase_out = PhaseOut("promotionsV2", switched_on=False, clock=FakeTime().clock)
    with pytest.raises(PhasedOutError) as refused:
        phase_out.ask()
    assert refused.value.extensions == {
        "code": "UPSTREAM_GONE",
        "retryable": False,
        "upstream": {"name": "promotionsV2", "code": None},
    }
    assert refused.value.message == "The loyalty platform no longer offers this."
