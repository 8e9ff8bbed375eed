"""What a customer's and a promotion's dates mean at the time of the answer."""

from datetime import datetime

from gateway.wire.customer_view import CustomerPromotionPayload, Timeline
from gateway.wire.instants import INSTANTS, read_instant
from gateway.wire.legacy import DefinitionPayload
from gateway.wire.vocabulary import PromotionValidity


def validity(
    payload: CustomerPromotionPayload | DefinitionPayload, now: datetime
) -> PromotionValidity:
    """Place `now` between a promotion's start and end; UNKNOWN where a date that decides is not."""
    start, end = INSTANTS[payload.starts_at], INSTANTS[payload.ends_at]
    if end is not None and end < now:
        return PromotionValidity.ENDED
    if start is not None and start > now:
        return PromotionValidity.UPCOMING
    return PromotionValidity.UNKNOWN if start is None or end is None else PromotionValidity.CURRENT


def is_expired(expires_at: int | str | None, now: datetime) -> bool | None:
    """Tell whether an expiry has passed; null where there is none that can be read."""
    instant = INSTANTS[expires_at]
    return None if instant is None else instant <= now


def current_enrolment(payload: CustomerPromotionPayload, now: datetime) -> Timeline | None:
    """Find the latest enrolment that has not expired; one without an expiry has not."""
    if not payload.timelines:
        return None
    running = [t for t in payload.timelines if not is_expired(t.expires_at, now)]
    return max(running, key=_enrolled_at, default=None)


def _enrolled_at(timeline: Timeline) -> float:
    instant = read_instant(timeline.enrolled_at)
    return float("-inf") if instant is None else instant.timestamp()


def next_expiry(payload: CustomerPromotionPayload, now: datetime) -> datetime | None:
    """Find the earliest to come of the promotion's end and its enrolments' and issues' expiry."""
    raw = [payload.ends_at]
    for timeline in payload.timelines or ():
        raw.append(timeline.expires_at)
        if timeline.issues:
            raw += [issue.expires_at for issue in timeline.issues]
    earliest = None
    for each in raw:
        instant = read_instant(each)
        if instant is not None and instant > now and (earliest is None or instant < earliest):
            earliest = instant
    return earliest
