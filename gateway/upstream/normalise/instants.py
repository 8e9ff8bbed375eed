"""Points in time: the four spellings on the wire, and the one of the graph.

A number is a time only where it plausibly is epoch milliseconds. Epoch seconds, a date written as
one number (20350101), and 0 for "none" are numbers too, and would be days of 1970.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from gateway.upstream.normalise.memoizable import memoizable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OPEN_START = datetime(2005, 1, 1, tzinfo=UTC)
_OPEN_END = datetime(2900, 1, 1, tzinfo=UTC)
# Checked here, because newer Pythons take 24:00 for midnight, and all take +00:60 for an hour.
_HOUR, _SIXTY = r"(?:[01]\d|2[0-3])", r"[0-5]\d"
_SPELLING = re.compile(
    rf"(\d{{4}}-\d{{2}}-\d{{2}})T({_HOUR}:{_SIXTY})(:{_SIXTY})?(\.\d{{1,9}})?"
    rf"(Z|[+-]{_HOUR}:?{_SIXTY})",
    re.ASCII,
)
_DIGITS = re.compile(r"\d{1,16}", re.ASCII)
_FIRST_MS = (
    946_684_800_000  # 2000: before it there were no promotions, and rules that begin "always"
)
# begin in 2004. It leaves out epoch seconds, and dates as 8 or 12 digits.
_DATE_TIMES = range(1900_01_01_000000, 2100_01_01_000000)  # 14 digits, else the years 2572 to 2635

_MOST = 8192
_LONGEST = 40  # no spelling is longer, and garbage must not fill the memory of those seen


class _Instants(dict[int | str | None, datetime | None]):
    """Raw instants that have been read: the last few thousand."""

    def __missing__(self, raw: int | str | None) -> datetime | None:
        if isinstance(raw, str) and len(raw) > _LONGEST:
            return None
        if len(self) >= _MOST:
            self.clear()
        self[raw] = instant = _read(raw)
        return instant


INSTANTS = _Instants()
"""What `parse_instant` gives, by the raw value: for who reads so many that a call counts."""


@memoizable
def parse_instant(raw: int | str | None) -> datetime | None:
    """Read an instant to the millisecond, in UTC; null where it is none, or has no time zone.

    Spellings (docs/platform.md#instants): ``2024-10-31T18:30:00.000Z``, ``2025-06-23T00:00Z``
    without seconds, ``2026-08-25T23:59:59Z``, and epoch milliseconds as a number or a string. The
    epoch itself is none, however it is spelled: it is what 0 becomes.
    """
    return INSTANTS[raw]


def prefer_readable(raw: int | str | None, other: int | str | None) -> int | str | None:
    """Return an instant as it is on the wire, where it can be read, else the other one."""
    return other if INSTANTS[raw] is None else raw


def _read(raw: int | str | None) -> datetime | None:
    try:
        if isinstance(raw, str):
            return _read_epoch(int(raw)) if _DIGITS.fullmatch(raw) else _read_text(raw)
        return None if raw is None else _read_epoch(raw)
    except (ValueError, OverflowError):
        return None


def _read_epoch(milliseconds: int) -> datetime | None:
    if milliseconds < _FIRST_MS or milliseconds in _DATE_TIMES:
        return None
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _read_text(raw: str) -> datetime | None:
    match = _SPELLING.fullmatch(raw)
    if match is None:
        return None
    day, minutes, seconds, fraction, zone = match.groups()
    whole = datetime.fromisoformat(f"{day}T{minutes}{seconds or ':00'}{zone}").astimezone(UTC)
    instant = whole + timedelta(milliseconds=int((fraction or ".0")[1:4].ljust(3, "0")))
    return None if instant == _EPOCH else instant


@memoizable
def parse_open_start(raw: int | str | None) -> datetime | None:
    """Read a rule's start; null where it means "always" (docs/platform.md#open-ended)."""
    instant = parse_instant(raw)
    return None if instant is None or instant < _OPEN_START else instant


@memoizable
def parse_open_end(raw: int | str | None) -> datetime | None:
    """Read a rule's end; null where it means "never" (docs/platform.md#open-ended)."""
    instant = parse_instant(raw)
    return None if instant is None or instant >= _OPEN_END else instant


@lru_cache(maxsize=8192)
def format_instant(instant: datetime) -> str:
    """Write RFC 3339 in UTC, always with seconds, with milliseconds where they are not zero."""
    utc = instant.astimezone(UTC)
    precision = "milliseconds" if utc.microsecond >= 1000 else "seconds"
    return utc.replace(tzinfo=None).isoformat(timespec=precision) + "Z"
