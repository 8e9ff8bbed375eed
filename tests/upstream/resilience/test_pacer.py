"""The pacer: no 60 s have too many starts, and no call of the minute is wasted."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.resilience.pacer import Pacer
from tests.support.examples import examples
from tests.upstream.resilience.timing import most_in_window

GAPS_S = st.one_of(
    st.just(0.0), st.floats(0.0001, 0.5), st.floats(0.5, 20.0), st.sampled_from([0.61, 60.0, 61.0])
)


def served(pacer: Pacer, until: float, late_s: float = 0.0) -> list[float]:
    """Return the starts under constant load, each a little late."""
    now, starts = 0.0, []
    while now < until:
        if pacer.try_acquire(now):
            starts.append(now)
        else:
            now += pacer.waits_s(now, 1)[0] + late_s + 1e-6
    return starts


@examples(200)
@given(calls=st.integers(1, 60), gaps=st.lists(GAPS_S, max_size=300), waits=st.booleans())
def test_no_60_seconds_hold_too_many_starts(calls: int, gaps: list[float], *, waits: bool) -> None:
    """For any load, on time or as early as allowed."""
    pacer, now = Pacer.of(calls), 0.0
    starts = []
    for gap in gaps:
        now += gap
        if not pacer.try_acquire(now):
            if not waits:
                continue
            now += pacer.waits_s(now, 1)[0] + 1e-9
            assert pacer.try_acquire(now)
        starts.append(now)
    assert most_in_window(starts) <= calls


@pytest.mark.parametrize("calls", [1, 2, 3, 4, 5, 7, 10, 19, 100, 1000])
@pytest.mark.parametrize("late_s", [0.0, 0.003])
def test_constant_demand_gets_the_minutes_calls(calls: int, late_s: float) -> None:
    """At least 95 % of the quota in the long run, and no more than it in any 60 s."""
    starts = served(Pacer.of(calls), until=1200.0, late_s=late_s)
    assert most_in_window(starts) <= calls
    assert len(starts) >= 0.95 * calls * 1200 / 60


def test_a_fifth_starts_at_once_then_an_even_rate() -> None:
    """Of 100 a minute 21 start at once (one even slot is due), then one each 0.76 s."""
    pacer = Pacer.of(100)
    starts = served(pacer, until=55.0)
    assert sum(at == 0.0 for at in starts) == 21
    evens = starts[22:]
    gaps = [after - before for before, after in pairwise(evens)]
    assert all(gap == pytest.approx(61 / 80, abs=1e-3) for gap in gaps)


@examples(100)
@given(calls=st.integers(1, 60), gaps=st.lists(GAPS_S, max_size=80), ahead=st.integers(0, 40))
def test_a_turn_is_told_exactly(calls: int, gaps: list[float], ahead: int) -> None:
    """A call with others before it starts after the estimated wait, within a minute."""
    pacer, now = Pacer.of(calls), 0.0
    for gap in gaps:
        now += gap
        pacer.try_acquire(now)
    told_s, asked_at = pacer.waits_s(now, ahead + 1)[-1], now
    for _ in range(ahead + 1):
        now += pacer.waits_s(now, 1)[0] + 1e-9
        assert pacer.try_acquire(now)
    if told_s < 60:
        assert now - asked_at == pytest.approx(told_s, abs=1e-5)


def test_what_is_left_of_the_minute_can_be_read() -> None:
    """It falls with each start, and is restored a minute later."""
    pacer = Pacer.of(100)
    for _ in range(7):
        pacer.try_acquire(0.0)
    assert pacer.remaining(0.0) == 93
    assert pacer.remaining(61.0) == 100


@examples(150)
@given(
    calls=st.integers(1, 120),
    replicas=st.integers(1, 6),
    before_s=st.floats(0.0, 130.0),
    seed=st.integers(0, 10_000),
    demand=st.sampled_from([1.0, 0.3, 0.05]),
)
def test_shares_hold_the_bound_across_the_loss_of_redis(
    calls: int, replicas: int, before_s: float, seed: int, demand: float
) -> None:
    """All replicas on one pacer, then each on its share: no 60 s have too many starts."""
    random = Random(seed)  # noqa: S311 - chance for a test
    whole, now, starts = Pacer.of(calls), 0.0, []
    while now < before_s:
        if random.random() < demand and whole.try_acquire(now):
            starts.append(now)
        else:
            now += min(0.2, max(whole.waits_s(now, 1)[0], 0.01))
    since = before_s
    shares = [Pacer.share_of(calls, replicas, since, 60.0) for _ in range(replicas)]
    while now < since + 130.0:
        if now >= since:
            for share in shares:
                while random.random() < demand and share.try_acquire(now):
                    starts.append(now)
        now += 0.2
    assert most_in_window(starts) <= calls


@pytest.mark.parametrize("replicas", [1, 2, 4])
def test_shares_together_get_the_minutes_calls(replicas: int) -> None:
    """Without Redis the replicas together still use at least nine tenths of the quota."""
    shares = [Pacer.share_of(400, replicas, since=0.0) for _ in range(replicas)]
    starts = [at for share in shares for at in served(share, until=1200.0)]
    assert most_in_window(starts) <= 400
    assert len(starts) >= 0.9 * 400 * 20


def test_a_share_of_nothing_is_nothing() -> None:
    """With more replicas than calls a minute, no replica starts one by itself."""
    share = Pacer.share_of(2, replicas=3, since=0.0)
    assert not share.try_acquire(1000.0)
    assert share.waits_s(1000.0, 1)[0] == float("inf")
