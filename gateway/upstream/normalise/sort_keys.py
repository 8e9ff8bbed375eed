"""The keys by which a customer's promotions are sorted: milliseconds, or folded names."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from gateway.upstream.customer_view.payload import CustomerPromotionPayload
from gateway.upstream.normalise.enums import CustomerPromotionOrderField
from gateway.upstream.normalise.folding import fold
from gateway.upstream.normalise.instants import INSTANTS
from gateway.upstream.normalise.validity import next_expiry

MAX_NAME_LENGTH = 64
"""The number of characters of a name that count."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

SortKeyOf = Callable[[CustomerPromotionPayload, datetime], int | str | None]


def _milliseconds(instant: datetime | None) -> int | None:
    return None if instant is None else (instant - _EPOCH) // _MILLISECOND


def name_key(payload: CustomerPromotionPayload, _now: datetime) -> str:
    """Return the beginning of the folded name."""
    return fold(payload.name)[:MAX_NAME_LENGTH]


def starts_at_key(payload: CustomerPromotionPayload, _now: datetime) -> int | None:
    """Return the start; None where it is absent or unreadable."""
    return _milliseconds(INSTANTS[payload.starts_at])


def ends_at_key(payload: CustomerPromotionPayload, _now: datetime) -> int | None:
    """Return the end; None where it is absent or unreadable."""
    return _milliseconds(INSTANTS[payload.ends_at])


def next_expiry_key(payload: CustomerPromotionPayload, now: datetime) -> int | None:
    """Return the earliest expiry that has not passed; None without one."""
    return _milliseconds(next_expiry(payload, now))


SORT_KEYS: dict[CustomerPromotionOrderField, SortKeyOf] = {
    CustomerPromotionOrderField.NAME: name_key,
    CustomerPromotionOrderField.STARTS_AT: starts_at_key,
    CustomerPromotionOrderField.ENDS_AT: ends_at_key,
    CustomerPromotionOrderField.NEXT_EXPIRY_AT: next_expiry_key,
}
