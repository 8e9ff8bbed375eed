"""Retries: which failures get one, after which delay, and how many there are."""

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.resilience.retries import RetryBudget, RetryPolicy, read_retry_after_s
from tests.support.examples import examples

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def rich() -> RetryBudget:
    budget = RetryBudget()
    for _ in range(100):
        budget.count_call()
    return budget


def policy(budget: RetryBudget | None = None, random: float = 0.5) -> RetryPolicy:
    return RetryPolicy(budget or rich(), random=lambda: random)


@pytest.mark.parametrize("status", [None, 502, 503, 504])
def test_what_may_pass_by_itself_is_tried_again(status: int | None) -> None:
    """A connection error, 502, 503 and 504 are retried after a jittered delay."""
    assert policy().delay_s(1, status, None, remaining_s=5.0) == pytest.approx(0.1)


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 410, 429, 500, 501, 505])
def test_nothing_else_is_tried_again(status: int) -> None:
    """Other responses would be the same again, and a 429 without Retry-After has no delay."""
    assert policy().delay_s(1, status, None, remaining_s=5.0) is None


def test_there_are_two_attempts_at_most() -> None:
    """There is no third attempt, whatever time and budget remain."""
    assert policy().delay_s(2, 503, None, remaining_s=5.0) is None


def test_a_retry_waits_for_what_retry_after_says() -> None:
    """A 429 waits for its Retry-After and a jitter; a 503 at least for its own, if it has one."""
    assert policy().delay_s(1, 429, 2.0, remaining_s=5.0) == pytest.approx(2.1)
    assert policy().delay_s(1, 503, 2.0, remaining_s=5.0) == pytest.approx(2.0)


def test_no_retry_that_cannot_end_in_time() -> None:
    """A delay beyond the deadline is not begun, and does not spend the budget."""
    budget = RetryBudget()
    for _ in range(5):
        budget.count_call()
    assert policy(budget).delay_s(1, 429, 5.0, remaining_s=5.0) is None
    assert policy(budget).delay_s(1, None, None, remaining_s=0.1) is None
    assert budget.try_spend()


def test_the_jitter_is_full() -> None:
    """Delays spread over the whole range from nothing to 200 ms."""
    random = Random(7)  # noqa: S311 - chance for a test
    made = RetryPolicy(rich(), random=random.random)
    delays = [made.delay_s(1, 503, None, remaining_s=5.0) for _ in range(5)]
    assert all(delay is not None and 0.0 <= delay < 0.2 for delay in delays)
    assert policy(random=0.0).delay_s(1, 503, None, remaining_s=5.0) == 0.0


def test_the_first_calls_have_no_retry_in_advance() -> None:
    """Four calls save no retry; the fifth saves one."""
    budget = RetryBudget()
    for _ in range(4):
        budget.count_call()
        assert not budget.try_spend()
    budget.count_call()
    assert budget.try_spend()
    assert not budget.try_spend()


def test_one_callers_failures_leave_half_of_what_was_saved() -> None:
    """Of five saved retries one caller spends two, and another still has one."""
    budget = rich()
    assert [budget.try_spend("a") for _ in range(50)].count(True) == 2
    assert budget.try_spend("b")


def test_a_caller_has_the_retries_that_its_own_calls_save() -> None:
    """One per five calls, however many fail, and none of the others' retries."""
    budget, taken = rich(), 0
    for _ in range(500):
        budget.count_call("a")
        taken += budget.try_spend("a")
    assert 100 <= taken <= 102
    assert budget.try_spend("b")


def test_who_calls_seldom_has_a_retry_that_others_saved() -> None:
    """Each of many callers with one call has one."""
    budget, taken = RetryBudget(), 0
    for number in range(100):
        budget.count_call(str(number))
        taken += budget.try_spend(str(number))
    assert taken == 20


@examples(200)
@given(st.lists(st.booleans(), max_size=300))
def test_calls_are_never_more_than_12_for_10_wanted(sequence: list[bool]) -> None:
    """For any order of calls and failures: 1.2 n from the start, n / 5 + 5 in any part."""
    budget = RetryBudget()
    wanted = [0]
    retried = [0]
    for is_wanted in sequence:
        if is_wanted:
            budget.count_call()
        wanted.append(wanted[-1] + is_wanted)
        retried.append(retried[-1] + (not is_wanted and budget.try_spend()))
        assert 5 * retried[-1] <= wanted[-1]
    for end in range(len(wanted)):
        for start in range(end):
            assert 5 * (retried[end] - retried[start]) <= wanted[end] - wanted[start] + 25


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        ("0", 0.0),
        ("3", 3.0),
        (" 12 ", 12.0),
        ("86400", 300.0),
        ("9" * 400, 300.0),
        ("Sun, 01 Mar 2026 12:00:07 GMT", 7.0),
        ("Sunday, 01-Mar-26 12:00:07 GMT", 7.0),
        ("Sun Mar  1 12:00:07 2026", 7.0),
        ("Sun, 01 Mar 2026 11:59:00 GMT", 0.0),
        ("Mon, 01 Mar 2027 12:00:00 GMT", 300.0),
        ("Sun, 01 Mar 2026 12:00:07 -0000", 7.0),
        (None, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("Sun, 99 Mar 2026 12:00:07 GMT", None),
        ("Sun, 01 Mar 99999 12:00:07 GMT", None),
        ("Sun, 01 Mar 2026 12:00:07 +9999", None),
        ("x" * 10_000, None),
    ],
)
def test_retry_after_is_read_in_both_forms(raw: str | None, seconds: float | None) -> None:
    """Seconds and dates are seconds up to 300; anything else is None."""
    assert read_retry_after_s(raw, NOW) == seconds


@examples(300)
@given(st.text(max_size=60))
def test_no_retry_after_breaks_the_reader(raw: str) -> None:
    """Any header is None, or seconds from 0 to 300."""
    seconds = read_retry_after_s(raw, NOW)
    assert seconds is None or 0.0 <= seconds <= 300.0
