"""What a customer's and a promotion's dates mean at the time of the answer.

A start and an end are both within: what ends at 23:59:59Z still runs at that instant, and no longer
a millisecond later. Every comparison with the time is `has_begun` or `has_ended`, or theirs written
out in `validity`, which judges each promotion of a page.
"""

from datetime import datetime

from gateway.upstream.customer_view.payload import CustomerPromotionPayload, Timeline
from gateway.upstream.definitions.payload import DefinitionPayload
from gateway.upstream.normalise.enums import PromotionValidity
from gateway.upstream.normalise.instants import INSTANTS, parse_instant

# A member of an enumeration takes a look-up in Python 3.11 each time that it is named.
_UPCOMING, _CURRENT = PromotionValidity.UPCOMING, PromotionValidity.CURRENT
_ENDED, _UNKNOWN = PromotionValidity.ENDED, PromotionValidity.UNKNOWN


def has_begun(start: datetime, now: datetime) -> bool:
    """Whether a start has come: from its instant on."""
    return start <= now


def has_ended(end: datetime, now: datetime) -> bool:
    """Whether an end has passed: after its instant."""
    return end < now


def validity(
    payload: CustomerPromotionPayload | DefinitionPayload, now: datetime
) -> PromotionValidity:
    """Place `now` between a promotion's start and end; UNKNOWN where a date that decides is not."""
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
    """Whether an expiry has passed; null where there is none that can be read."""
    instant = INSTANTS[expires_at]
    return None if instant is None else has_ended(instant, now)


def current_enrolment(payload: CustomerPromotionPayload, now: datetime) -> Timeline | None:
    """Find the latest enrolment that has begun and has not expired.

    One without a readable date has begun, before all others; one without an expiry has not expired.
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
    """Find the earliest that has not passed of the promotion's end and all expiries within it."""
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
