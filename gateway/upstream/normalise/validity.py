"""What the dates of a promotion and its enrolments mean at the time of the response.

Starts and ends are inclusive: what ends at 23:59:59Z is current at that instant, and has ended a
millisecond later. `has_begun` and `has_ended` are the comparisons.
"""

from datetime import datetime
from typing import Protocol

from gateway.upstream.customer_view.payload import CustomerPromotionPayload, Timeline
from gateway.upstream.decoding.field_types import Instant
from gateway.upstream.normalise.enums import PromotionValidity
from gateway.upstream.normalise.instants import INSTANTS, parse_instant

# Globals, because accessing an enum's member is slow in Python 3.11.
_UPCOMING, _CURRENT = PromotionValidity.UPCOMING, PromotionValidity.CURRENT
_ENDED, _UNKNOWN = PromotionValidity.ENDED, PromotionValidity.UNKNOWN


class _Dated(Protocol):
    """A promotion of any endpoint."""

    @property
    def starts_at(self) -> Instant:
        """Return the start on the wire."""
        ...

    @property
    def ends_at(self) -> Instant:
        """Return the end on the wire."""
        ...


def has_begun(start: datetime, now: datetime) -> bool:
    """Whether a start has come; true from its instant on."""
    return start <= now


def has_ended(end: datetime, now: datetime) -> bool:
    """Whether an end has passed; true after its instant."""
    return end < now


def validity(payload: _Dated, now: datetime) -> PromotionValidity:
    """Return where `now` lies between a promotion's start and end.

    UNKNOWN where a date that decides it is absent or unreadable.
    """
    # `has_begun` and `has_ended` inline: this is called for every promotion of a page.
    end = INSTANTS[payload.ends_at]
    if end is not None and end < now:
        return _ENDED
    start = INSTANTS[payload.starts_at]
    if start is None:
        return _UNKNOWN
    if start <= now:
        return _UNKNOWN if end is None else _CURRENT
    return _UPCOMING


def is_expired(expires_at: int | str | None, now: datetime) -> bool | None:
    """Whether an expiry has passed; None where it is absent or unreadable."""
    instant = INSTANTS[expires_at]
    return None if instant is None else has_ended(instant, now)


def current_enrolment(payload: CustomerPromotionPayload, now: datetime) -> Timeline | None:
    """Return the latest enrolment that has begun and has not expired.

    An enrolment without a readable date is treated as the earliest; one without an expiry has not
    expired.
    """
    if not payload.timelines:
        return None
    return max(
        (timeline for timeline in payload.timelines if _is_running(timeline, now)),
        key=_enrolled_at,
        default=None,
    )


def _is_running(timeline: Timeline, now: datetime) -> bool:
    enrolled_at = INSTANTS[timeline.enrolled_at]
    if enrolled_at is not None and not has_begun(enrolled_at, now):
        return False
    return not is_expired(timeline.expires_at, now)


def _enrolled_at(timeline: Timeline) -> float:
    instant = parse_instant(timeline.enrolled_at)
    return float("-inf") if instant is None else instant.timestamp()


def next_expiry(payload: CustomerPromotionPayload, now: datetime) -> datetime | None:
    """Return the earliest expiry that has not passed.

    That is, of the promotion's end, its enrolments' expiries and its issues' expiries.
    """
    raw = [payload.ends_at]
    for timeline in payload.timelines or ():
        raw.append(timeline.expires_at)
        if timeline.issues:
            raw += [issue.expires_at for issue in timeline.issues]
    earliest = None
    for each in raw:
        instant = parse_instant(each)
        if instant is None or has_ended(instant, now):
            continue
        if earliest is None or instant < earliest:
            earliest = instant
    return earliest
