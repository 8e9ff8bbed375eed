"""The phase-out: what proves that an endpoint is gone, for whom, and when it is probed."""

import pytest

from gateway.errors import PhasedOutError, UndocumentedNotFoundError, UpstreamError
from gateway.upstream.resilience.phase_out import PhaseOut, RequestedList
from tests.upstream.resilience.timing import FakeTime

ME, OTHER = "one credential", "another"


def window(program: str = "973", *, look_up: str | None = None) -> RequestedList:
    """Return the window of a program's list, or of a look-up in it."""
    return RequestedList(program, (program, "UI"), f"{program}?{look_up}", look_up is None)


def asks(phase_out: PhaseOut, asked: RequestedList, times: int = 1, identity: str = ME) -> int:
    """Count the calls that may be made."""
    made = 0
    for _ in range(times):
        try:
            phase_out.check(identity, asked)
        except UpstreamError:
            continue
        made += 1
    return made


def known(*programs: str, identity: str = ME) -> tuple[PhaseOut, FakeTime]:
    """Return the state once these programs have been found."""
    time = FakeTime()
    phase_out = PhaseOut("promotionsV2", clock=time.clock)
    for program in programs:
        phase_out.of(identity).served(window(program), is_found=True)
    return phase_out, time


def gone() -> tuple[PhaseOut, FakeTime]:
    """Return the state once three programs that had been found are gone."""
    phase_out, time = known("1", "2", "3")
    for program in "123":
        phase_out.of(ME).gone(window(program))
    return phase_out, time


@pytest.mark.parametrize("status", [404, 410])
def test_three_programs_that_had_answered_before_are_believed(status: int) -> None:
    """With the third the endpoint is gone, and no program is requested any more."""
    phase_out, _ = known("1", "2", "3", "4")
    for program in "123":
        assert not phase_out.is_gone(ME)
        presence = phase_out.of(ME)
        (presence.not_found if status == 404 else presence.gone)(window(program))
    assert phase_out.is_gone(ME)
    for asked in (window("4"), window("99"), window("4", look_up="1")):
        with pytest.raises(PhasedOutError):
            phase_out.check(ME, asked)


def test_programs_that_have_never_answered_prove_nothing() -> None:
    """Any number of unknown ids does not affect the others, whatever the status."""
    phase_out, _ = known("973")
    for number in range(1000, 1100):
        phase_out.of(ME).not_found(window(str(number)))
        phase_out.of(ME).gone(window(str(number + 1000)))
    assert not phase_out.is_gone(ME)
    assert asks(phase_out, window("973"), 10) == 10
    assert asks(phase_out, window("974"), 10) == 10


def test_a_look_up_that_is_not_there_proves_nothing_of_its_program() -> None:
    """The missing object may be the promotion, whose id a client chose."""
    phase_out, _ = known("1", "2", "3")
    for program in "123":
        phase_out.of(ME).not_found(window(program, look_up="made up"))
        phase_out.of(ME).gone(window(program, look_up="too"))
    assert not phase_out.is_gone(ME)
    assert asks(phase_out, window("1", look_up="made up")) == 0
    assert asks(phase_out, window("1", look_up="another"), 5) == 5
    assert asks(phase_out, window("1"), 5) == 5


def test_a_program_that_is_missing_is_remembered_for_itself() -> None:
    """The same error without a call: for half a minute, then longer, up to five."""
    phase_out, time = known()
    waits = []
    for _ in range(6):
        assert asks(phase_out, window("1")) == 1
        phase_out.of(ME).not_found(window("1"))
        with pytest.raises(UndocumentedNotFoundError):
            phase_out.check(ME, window("1"))
        assert asks(phase_out, window("1", look_up="2")) == 0
        since = time.now
        while not asks(phase_out, window("1")):
            time.now += 1
        waits.append(time.now - since)
    assert waits == [30, 60, 120, 240, 300, 300]


def test_an_endpoint_that_has_never_answered_costs_few_calls() -> None:
    """In an hour of ten programs requested each second, each program gets 15 calls."""
    phase_out, time = known()
    made = 0
    for _ in range(3600):
        time.now += 1
        for program in range(10):
            if asks(phase_out, window(str(program))):
                made += 1
                phase_out.of(ME).not_found(window(str(program)))
    assert made == 150
    assert phase_out.gone_share == 1


def test_what_one_identity_is_told_counts_for_no_other() -> None:
    """Gone for one credential, it is called for another, and the metric is a half."""
    phase_out, _ = gone()
    phase_out.of(OTHER).served(window("1"), is_found=True)
    assert phase_out.is_gone(ME)
    assert not phase_out.is_gone(OTHER)
    assert asks(phase_out, window("1"), 5, OTHER) == 5
    assert phase_out.gone_share == 0.5


def test_an_answer_between_starts_the_count_again() -> None:
    """An endpoint that finds one program is available, whatever it returns for others."""
    phase_out, _ = known("1", "2", "3", "4")
    for program in "12":
        phase_out.of(ME).not_found(window(program))
    phase_out.of(ME).served(window("4"), is_found=True)
    phase_out.of(ME).not_found(window("3"))
    assert not phase_out.is_gone(ME)


def test_a_documented_error_is_an_answer_and_makes_no_program_known() -> None:
    """The endpoint is available; the program need not be."""
    phase_out, _ = known()
    for program in "123":
        phase_out.of(ME).served(window(program), is_found=False)
    for program in "123":
        phase_out.of(ME).not_found(window(program))
    assert not phase_out.is_gone(ME)


def test_it_looks_gone_where_all_that_was_known_is() -> None:
    """With two programs no other call is held back, but it is logged and in the metric."""
    phase_out, _ = known("1", "2")
    phase_out.of(ME).gone(window("1"))
    assert phase_out.gone_share == 0
    phase_out.of(ME).gone(window("2"))
    assert phase_out.gone_share == 1
    assert not phase_out.is_gone(ME)
    phase_out.of(ME).served(window("3"), is_found=True)
    assert phase_out.gone_share == 0


def test_it_is_asked_again_once_every_five_minutes() -> None:
    """In an hour a gone endpoint gets twelve probes for programs that had been found."""
    phase_out, time = gone()
    made = 0
    for _ in range(3600):
        time.now += 1
        if asks(phase_out, window("1"), 5):
            made += 1
            phase_out.of(ME).gone(window("1"))
    assert made == 12


def test_a_probe_for_a_made_up_program_takes_nothing_from_the_others() -> None:
    """A probe for an unknown program does not prevent one for a found program."""
    phase_out, time = gone()
    time.now += 300
    assert asks(phase_out, window("99"), 3) == 1
    phase_out.of(ME).not_found(window("99"))
    assert asks(phase_out, window("1"), 3) == 1
    phase_out.of(ME).served(window("1"), is_found=True)
    assert not phase_out.is_gone(ME)
    assert asks(phase_out, window("2"), 3) == 3


def test_a_probe_without_an_outcome_does_not_leave_it_stuck() -> None:
    """After a cancelled probe the next goes five minutes later."""
    phase_out, time = gone()
    time.now += 300
    assert asks(phase_out, window("1"), 2) == 1
    time.now += 299
    assert asks(phase_out, window("1"), 2) == 0
    time.now += 1
    assert asks(phase_out, window("1"), 2) == 1


def test_what_is_remembered_is_bounded() -> None:
    """Neither unknown programs nor unknown credentials fill the memory."""
    phase_out, _ = known()
    for number in range(2000):
        phase_out.of(ME).not_found(window(str(number)))
        phase_out.of(ME).served(window(str(number), look_up="x"), is_found=False)
        phase_out.of(str(number)).gone(window("1"))
    assert asks(phase_out, window("1"), identity="0") == 1
    assert asks(phase_out, window("1"), identity="1999") == 0


def test_switched_off_it_is_gone_for_good() -> None:
    """Switched off, no call is ever made, and the error has a code and the endpoint's name."""
    time = FakeTime()
    phase_out = PhaseOut("promotionsV2", switched_on=False, clock=time.clock)
    time.now += 100_000
    assert phase_out.is_gone(ME)
    assert phase_out.gone_share == 1
    with pytest.raises(PhasedOutError) as refused:
        phase_out.check(ME, window())
    assert refused.value.extensions == {
        "code": "UPSTREAM_GONE",
        "retryable": False,
        "upstream": {"name": "promotionsV2", "code": None},
    }
    assert refused.value.message == "The loyalty platform no longer offers this endpoint."


@pytest.mark.parametrize("program", ["973", None])
def test_a_missing_list_is_asked_again_once_something_was_made(program: str | None) -> None:
    """In its program, or, None, perhaps in any; a further 404 is remembered as the first one."""
    phase_out, time = known()
    asked = window()
    for _ in range(5):
        phase_out.of(ME).not_found(asked)
    assert asks(phase_out, asked) == 0
    phase_out.announced("974")
    assert asks(phase_out, asked) == 0
    phase_out.announced(program)
    assert asks(phase_out, asked) == 1
    phase_out.of(ME).not_found(asked)
    assert asks(phase_out, asked) == 0
    time.now += 31
    assert asks(phase_out, asked) == 1


def test_something_that_was_made_does_not_bring_an_endpoint_back() -> None:
    """It may have been made in the successor; a list that is gone for good stays so."""
    phase_out, _ = gone()
    phase_out.announced("1")
    assert phase_out.is_gone(ME)
    assert asks(phase_out, window("1")) == 0
    other, _ = known()
    other.of(ME).gone(window())
    other.announced("973")
    assert asks(other, window()) == 0
    assert other.of(ME).missing
