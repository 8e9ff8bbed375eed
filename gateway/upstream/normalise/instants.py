"""Parsing instants in their four forms on the wire, and formatting them for the graph.

A number is an instant only if it is plausible as epoch milliseconds. Epoch seconds, a date written
as one number (20350101) and 0 for "none" would otherwise be days of 1970.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from gateway.upstream.normalise.memoizable import memoizable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OPEN_START = datetime(2005, 1, 1, tzinfo=UTC)
_OPEN_END = datetime(2900, 1, 1, tzinfo=UTC)
# Checked here, because newer Pythons read 24:00 as midnight, and all read +00:60 as an hour.
_HOUR, _SIXTY = r"(?:[01]\d|2[0-3])", r"[0-5]\d"
_FORMAT = re.compile(
    rf"(\d{{4}}-\d{{2}}-\d{{2}})T({_HOUR}:{_SIXTY})(:{_SIXTY})?(\.\d{{1,9}})?"
    rf"(Z|[+-]{_HOUR}:?{_SIXTY})",
    re.ASCII,
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DIGITS = re.compile(r"\d{1,16}", re.ASCII)
# 2000-01-01. Promotions are younger, and rules without a start say 2004. Epoch seconds, and dates
# of 8 or 12 digits, are smaller numbers.
_MIN_MS = 946_684_800_000
# Dates and times of 14 digits, which as epoch milliseconds would be the years 2572 to 2635.
_DATE_TIMES = range(1900_01_01_000000, 2100_01_01_000000)

_MAX_CACHED = 8192
_MAX_LENGTH = 40  # of text: longer values are no instants, and must not fill the cache


class _Instants(dict[int | str | None, datetime | None]):
    """Parsed instants by their raw values; cleared when full."""

    def __missing__(self, raw: int | str | None) -> datetime | None:
        if isinstance(raw, str) and len(raw) > _MAX_LENGTH:
            return None
        if len(self) >= _MAX_CACHED:
            self.clear()
        self[raw] = instant = _parse(raw)
        return instant


INSTANTS = _Instants()
"""The results of `parse_instant` by raw value, for callers to whom a function call is too slow."""


@memoizable
def parse_instant(raw: int | str | None) -> datetime | None:
    """Return an instant to the millisecond, in UTC; None for anything else.

    Forms (docs/platform.md#instants): ``2024-10-31T18:30:00.000Z``, ``2025-06-23T00:00Z`` without
    seconds, ``2026-08-25T23:59:59Z``, and epoch milliseconds as a number or a string. A time
    without a zone is no instant, nor is the epoch itself in any form, which stands for "none".
    """
    return INSTANTS[raw]


def prefer_readable(raw: int | str | None, other: int | str | None) -> int | str | None:
    """Return the raw instant if it is readable, else the other one."""
    return other if INSTANTS[raw] is None else raw


def _parse(raw: int | str | None) -> datetime | None:
    try:
        if isinstance(raw, str):
            return _parse_epoch(int(raw)) if _DIGITS.fullmatch(raw) else _parse_text(raw)
        return None if raw is None else _parse_epoch(raw)
    except (ValueError, OverflowError):
        return None


def _parse_epoch(milliseconds: int) -> datetime | None:
    if milliseconds < _MIN_MS or milliseconds in _DATE_TIMES:
        return None
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _parse_text(raw: str) -> datetime | None:
    match = _FORMAT.fullmatch(raw)
    if match is None:
        return None
    day, minutes, seconds, fraction, zone = match.groups()
    whole = datetime.fromisoformat(f"{day}T{minutes}{seconds or ':00'}{zone}").astimezone(UTC)
    instant = whole + timedelta(milliseconds=int((fraction or ".0")[1:4].ljust(3, "0")))
    return None if instant == _EPOCH else instant


@memoizable
def parse_open_start(raw: int | str | None) -> datetime | None:
    """Return the start of a rule; None where it has always begun (docs/platform.md#open-ended)."""
    instant = parse_instant(raw)
    return None if instant is None or instant < _OPEN_START else instant


@memoizable
def parse_open_end(raw: int | str | None) -> datetime | None:
    """Return the end of a rule; None where it never ends (docs/platform.md#open-ended)."""
    instant = parse_instant(raw)
    return None if instant is None or instant >= _OPEN_END else instant


def at_start_of_day(raw: int | str | None) -> int | str | None:
    """Return a raw instant, of a date without a time its first second in UTC."""
    return f"{raw}T00:00:00Z" if isinstance(raw, str) and _DATE.fullmatch(raw) else raw


def at_end_of_day(raw: int | str | None) -> int | str | None:
    """Return a raw instant, of a date without a time its last second in UTC."""
    return f"{raw}T23:59:59Z" if isinstance(raw, str) and _DATE.fullmatch(raw) else raw


@lru_cache(maxsize=8192)
def format_instant(instant: datetime) -> str:
    """Return an instant in RFC 3339 and UTC; milliseconds are omitted where they are zero."""
    utc = instant.astimezone(UTC)
    precision = "milliseconds" if utc.microsecond >= 1000 else "seconds"
    return utc.replace(tzinfo=None).isoformat(timespec=precision) + "Z"
