import pytest

from gateway.upstream.normalise.ids import parse_id, parse_ids, parse_optional_id


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (1580, "1580"),
        ("1580", "1580"),
        ("00042", "00042"),
        (0, "0"),
        (9007199254740993, "9007199254740993"),
        (10**30, "1" + "0" * 30),
        (-1, "-1"),
    ],
)
def test_id_is_text_digit_for_digit(raw: int | str, key: str) -> None:
    """Ids beyond 2^53 and leading zeros survive."""
    assert parse_id(raw) == key


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (None, None),
        (-1, None),
        ("-1", None),
        ("", None),
        (0, "0"),
        ("0", "0"),
        (-2, "-2"),
        (75001234, "75001234"),
        ("u-17", "u-17"),
    ],
)
def test_nobody_is_null(raw: int | str | None, key: str | None) -> None:
    """-1 means no user and no rule; 0 is an id."""
    assert parse_optional_id(raw) == key


@pytest.mark.parametrize(
    ("raw", "keys"), [(None, []), ([], []), ([123, "00042"], ["123", "00042"])]
)
def test_no_ids_are_an_empty_list(raw: list[int | str] | None, keys: list[str]) -> None:
    """A list of ids is never null."""
    assert parse_ids(raw) == keys
