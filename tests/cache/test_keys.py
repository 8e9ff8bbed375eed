import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cache.keys import KeyMaker, random_secret

SECRET = b"a secret of the tests"
PARTS = st.lists(st.text(max_size=8), max_size=5)


def test_a_key_holds_no_part_in_clear() -> None:
    """Whoever reads the keys learns neither a number nor an endpoint nor a credential."""
    key = KeyMaker(SECRET).key("customers", "mobile", "919812345678", "till:secret")

    assert len(key) == 32
    assert key.isascii()
    for part in ("customers", "mobile", "9198", "till"):
        assert part not in key


def test_replicas_with_one_secret_make_the_same_keys() -> None:
    """What one replica remembers the others find."""
    assert KeyMaker(SECRET).key("a", "b") == KeyMaker(SECRET).key("a", "b")


def test_another_secret_makes_other_keys() -> None:
    """Without the secret nobody can look up whether somebody was asked for."""
    assert KeyMaker(SECRET).key("a") != KeyMaker(random_secret()).key("a")


@given(PARTS, PARTS)
@settings(max_examples=50)
def test_two_lists_of_parts_never_share_a_key(one: list[str], other: list[str]) -> None:
    """Parts cannot be shifted into each other, however they are cut."""
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
    """The cuts that joining with a separator would confuse."""
    maker = KeyMaker(SECRET)

    assert maker.key(*one) != maker.key(*other)


def test_a_lone_surrogate_makes_a_key() -> None:
    """JSON lets a caller send half a character; it is nobody's identifier, and no error either."""
    assert len(KeyMaker(SECRET).key("\ud800")) == 32


def test_a_short_secret_is_refused() -> None:
    """A secret that can be guessed hides nothing."""
    with pytest.raises(ValueError, match="at least 16 bytes"):
        KeyMaker(b"short")


def test_a_key_maker_does_not_show_its_secret() -> None:
    """Neither in a log line nor in a traceback's locals."""
    assert "secret of the tests" not in repr(KeyMaker(SECRET))
