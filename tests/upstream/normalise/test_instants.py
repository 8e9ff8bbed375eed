from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.normalise.instants import (
    format_instant,
    parse_instant,
    parse_open_end,
    parse_open_start,
)
from tests.support.examples import examples

LAST = "9999-12-31T23:59:59.999Z"


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        ("2024-10-31T18:30:00.000Z", "2024-10-31T18:30:00Z"),
        ("2025-06-23T00:00Z", "2025-06-23T00:00:00Z"),
        ("2026-08-25T23:59:59Z", "2026-08-25T23:59:59Z"),
        (1750670704532, "2025-06-23T09:25:04.532Z"),
        ("1750670704532", "2025-06-23T09:25:04.532Z"),
        (946684800000, "2000-01-01T00:00:00Z"),
        (1089532593324, "2004-07-11T07:56:33.324Z"),
        ("33593126193324", "3034-07-11T07:56:33.324Z"),
        ("1970-01-01T00:00:00.001Z", "1970-01-01T00:00:00.001Z"),
        (253402300799999, LAST),
        (LAST, LAST),
        ("0001-01-01T00:00Z", "0001-01-01T00:00:00Z"),
        ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z"),
    ],
)
def test_each_spelling_is_read_and_written_in_the_one_of_the_graph(
    raw: int | str, written: str
) -> None:
    """The four forms on the wire, and their limits."""
    instant = parse_instant(raw)
    assert instant is not None
    assert format_instant(instant) == written


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        ("2024-06-25T12:44:13+05:30", "2024-06-25T07:14:13Z"),
        ("2024-06-25T12:44:13+0530", "2024-06-25T07:14:13Z"),
        ("2024-06-25T12:44-03:00", "2024-06-25T15:44:00Z"),
        ("2024-01-01T00:00:00+23:59", "2023-12-31T00:01:00Z"),
        ("2024-01-01T00:00:00-00:00", "2024-01-01T00:00:00Z"),
    ],
)
def test_time_zone_is_turned_into_utc(raw: str, written: str) -> None:
    """An offset, with or without a colon, is converted to UTC."""
    instant = parse_instant(raw)
    assert instant is not None
    assert instant.tzinfo is UTC
    assert format_instant(instant) == written


@pytest.mark.parametrize(
    ("fraction", "written"),
    [
        (".5", ".500Z"), (".53", ".530Z"), (".532", ".532Z"), (".5329", ".532Z"),
        (".999999999", ".999Z"), (".0009", "Z"), (".000", "Z"),
    ],
)  # fmt: skip
def test_milliseconds_are_kept_and_anything_finer_is_cut(fraction: str, written: str) -> None:
    """Fractions are truncated, never rounded up."""
    instant = parse_instant(f"2024-12-31T23:59:59{fraction}Z")
    assert instant is not None
    assert format_instant(instant) == f"2024-12-31T23:59:59{written}"


@pytest.mark.parametrize(
    "raw",
    [
        None, "", " ", "null", "yesterday", "2024-06-25", "2024-02-30T00:00:00Z",
        "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-00-10T00:00:00Z",
        "2024-06-25T12:44:13", "2024-06-25T12:44", "2024-06-25 12:44:13Z", "2024-06-25t12:44:13z",
        "2024-06-25T24:00:00Z", "2024-06-25T24:00Z", "2024-06-25T25:00Z", "2024-06-25T12:60Z",
        "2024-06-30T23:59:60Z", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z",
        "2024-06-25T12:44:13+24:00", "2024-06-25T12:44:13+00:60", "2024-06-25T12:44:13+5:30",
        "2024-06-25T12:44:13 Z", " 2024-06-25T12:44:13Z", "2024-06-25T12:44:13Z\n",
        "2024-06-25T12:44:13.Z", "2024-06-25T12:44:13.1234567890Z",
        "\uff12\uff10\uff12\uff14-06-25T12:44:13Z",
        "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
        253402300800000, "253402300800000", 10**400, "9" * 17, "9" * 5_000, -1, "-1", -(10**400),
        "1750670704532.5", "1.75e12", "+1750670704532",
        0, "0", "00", 1, 1750670704, "1750670704", 4102444800, 20350101, "20350101", "19991231",
        202503010930, "202503010930", 20250301093015, "20250301093015", 1750670704532000,
        946684799999, "1970-01-01T00:00:00Z", "1970-01-01T00:00Z", "1970-01-01T05:30:00.000+05:30",
    ],
    ids=lambda raw: repr(raw)[:30],
)  # fmt: skip
def test_what_is_no_instant_is_null(raw: int | str | None) -> None:
    """Impossible dates and times, no time zone, and numbers that are not epoch milliseconds."""
    assert parse_instant(raw) is None


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        (1089532593324, None),
        ("2004-12-31T23:59:59.999Z", None),
        ("2005-01-01T00:00:00Z", "2005-01-01T00:00:00Z"),
        ("2005-01-01T00:00:00+00:01", None),
        (None, None),
        ("soon", None),
    ],
)
def test_rule_that_starts_before_2005_has_no_beginning(
    raw: int | str | None, written: str | None
) -> None:
    """The documented 1089532593324 (2004) means no start."""
    instant = parse_open_start(raw)
    assert (instant and format_instant(instant)) == written


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        (33593126193324, None),
        ("2900-01-01T00:00:00Z", None),
        ("2899-12-31T23:59:59.999Z", "2899-12-31T23:59:59.999Z"),
        (None, None),
        ("never", None),
    ],
)
def test_rule_that_ends_from_2900_on_has_no_end(raw: int | str | None, written: str | None) -> None:
    """The documented 33593126193324 (3034) means no end."""
    instant = parse_open_end(raw)
    assert (instant and format_instant(instant)) == written


@pytest.mark.parametrize(
    ("microsecond", "written"),
    [(0, "Z"), (999, "Z"), (1_000, ".001Z"), (1_999, ".001Z"), (999_999, ".999Z")],
)
def test_writing_cuts_microseconds(microsecond: int, written: str) -> None:
    """Formatting truncates, too."""
    instant = datetime(2024, 12, 31, 23, 59, 59, microsecond, UTC)
    assert format_instant(instant) == f"2024-12-31T23:59:59{written}"


def test_writing_turns_other_zones_into_utc() -> None:
    """A datetime of any zone is formatted in UTC."""
    zone = timezone(timedelta(hours=5, minutes=30))
    assert format_instant(datetime(2024, 1, 1, tzinfo=zone)) == "2023-12-31T18:30:00Z"


@examples(100, derandomize=True)
@given(
    st.integers(946684800000, 18_999_999_999_999) | st.integers(21_000_101_000_000, 253402300799999)
)
def test_milliseconds_survive_being_written_and_read(milliseconds: int) -> None:
    """Formatted epoch milliseconds parse to the same instant."""
    instant = parse_instant(milliseconds)
    assert instant is not None
    assert parse_instant(format_instant(instant)) == instant
    assert instant - datetime(1970, 1, 1, tzinfo=UTC) == timedelta(milliseconds=milliseconds)


@examples(200, derandomize=True)
@given(st.one_of(st.text(max_size=40), st.from_regex(r"[0-9T:.Z+-]{1,32}"), st.integers()))
def test_any_leaf_is_an_instant_or_null(raw: int | str) -> None:
    """Parsing raises nothing."""
    instant = parse_instant(raw)
    assert instant is None or format_instant(instant).endswith("Z")


def test_long_garbage_is_null_and_not_remembered() -> None:
    """Long texts do not fill the cache."""
    assert parse_instant("2" * 100_000) is None
    assert parse_instant("2024-10-31T18:30:00." + "0" * 100 + "Z") is None
