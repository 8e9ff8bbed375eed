import pytest

from gateway.cache.entry import CachePolicy, Entry, Freshness

STORED_AT = 1_750_000_000.0
ENTRY = Entry(b"x", STORED_AT, 300.0, 3600.0)


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [
        (-61.0, Freshness.EXPIRED),
        (-60.0, Freshness.FRESH),
        (0.0, Freshness.FRESH),
        (299.9, Freshness.FRESH),
        (300.0, Freshness.STALE),
        (3899.9, Freshness.STALE),
        (3900.0, Freshness.EXPIRED),
    ],
)
def test_what_an_answer_is_good_for_depends_on_its_age(age_s: float, expected: Freshness) -> None:
    """Each limit belongs to the next state; another replica's clock may be a minute ahead."""
    assert ENTRY.freshness(STORED_AT + age_s) is expected


@pytest.mark.parametrize(("random", "fresh_s"), [(0.0, 270.0), (0.5, 300.0), (1.0, 330.0)])
def test_times_differ_by_up_to_a_tenth(random: float, fresh_s: float) -> None:
    """Jitter keeps entries from expiring together."""
    policy = CachePolicy(300.0, stale_s=3600.0, negative_s=300.0)

    assert policy.entry(b"x", STORED_AT, lambda: random).fresh_for_s == pytest.approx(fresh_s)
    negative = policy.entry(b"", STORED_AT, lambda: random, is_negative=True)
    assert negative.fresh_for_s == pytest.approx(fresh_s)


def test_not_here_is_never_stale() -> None:
    """A negative entry expires at the end of its fresh time."""
    policy = CachePolicy(300.0, 3600.0, negative_s=30.0)
    entry = policy.entry(b"", STORED_AT, lambda: 0.5, is_negative=True)

    assert entry.is_negative
    assert entry.freshness(STORED_AT + 29.9) is Freshness.FRESH
    assert entry.freshness(STORED_AT + 30.0) is Freshness.EXPIRED


def test_a_policy_without_time_stores_nothing() -> None:
    """A fresh time of 0 disables caching."""
    assert not CachePolicy(0.0, stale_s=60.0, negative_s=60.0).stores
    assert CachePolicy(1.0).stores
