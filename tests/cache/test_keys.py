import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cache.keys import KeyMaker, random_secret

SECRET = b"a secret of the tests"
PARTS = st.lists(st.text(max_size=8), max_size=5)


def test_a_key_holds_no_part_in_clear() -> None:
    """A key reveals no identifier, endpoint or credential."""
    key = KeyMaker(SECRET).key("customers", "mobile", "919812345678", "till:secret")

    assert len(key) == 32
    assert key.isascii()
    for part in ("customers", "mobile", "9198", "till"):
        assert part not in key


def test_replicas_with_one_secret_make_the_same_keys() -> None:
    """The same secret gives the same keys."""
    assert KeyMaker(SECRET).key("a", "b") == KeyMaker(SECRET).key("a", "b")


def test_another_secret_makes_other_keys() -> None:
    """Without the secret, nobody can test whether a key exists."""
    assert KeyMaker(SECRET).key("a") != KeyMaker(random_secret()).key("a")


@given(PARTS, PARTS)
@settings(max_examples=50)
def test_two_lists_of_parts_never_share_a_key(one: list[str], other: list[str]) -> None:
    """Equal keys mean equal parts."""
    maker = KeyMaker(SECRET)

    assert (maker.key(*one) == maker.key(*other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c"), ("a", "bc")),
        (("a",), ("a", "")),
        ((), ("",)),
        (("a\x00b",), ("a", "b")),
    ],
)
def test_where_a_part_ends_matters(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    """Parts that joining with a separator would confuse have different keys."""
    maker = KeyMaker(SECRET)

    assert maker.key(*one) != maker.key(*other)


def test_a_lone_surrogate_makes_a_key() -> None:
    """A lone surrogate, which JSON allows, is no error."""
    assert len(KeyMaker(SECRET).key("\ud800")) == 32


def test_a_short_secret_is_refused() -> None:
    """A secret below 16 bytes is rejected."""
    with pytest.raises(ValueError, match="at least 16 bytes"):
        KeyMaker(b"short")


def test_a_key_maker_does_not_show_its_secret() -> None:
    """The secret is not in the repr, and so in no log line."""
    assert "secret of the tests" not in repr(KeyMaker(SECRET))
