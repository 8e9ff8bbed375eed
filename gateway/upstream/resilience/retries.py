"""Which failed call is retried, when, and how many retries all calls may have."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from gateway.cache.bounded_dict import BoundedDict
from gateway.upstream.http_statuses import UNREACHABLE, meaning_of

MAX_ATTEMPTS = 2
MAX_RETRY_AFTER_S = 300.0

_CALLS_PER_RETRY = 5  # 20 %, in whole numbers so that no rounding adds up
_MAX_SAVED = 5 * _CALLS_PER_RETRY
_MAX_DEBTORS = 4096
_BACKOFF_S = 0.2
_MIN_CALL_S = 0.05  # with less time no call could end before the deadline


class RetryBudget:
    """At most one retry per five calls, so that an outage is not amplified.

    From the first call on, `n` calls have at most ``n / 5`` retries; savings are capped, so that
    any `n` consecutive calls have at most ``n / 5 + 5``.

    All callers share the savings, so that one with few calls may retry, too. A retry is a debt of
    its caller, which its own further calls pay off. A caller in debt may retry only where at least
    as much as its debt remains for others: one caller's failures leave half of the savings.
    """

    def __init__(self) -> None:
        self._saved = 0  # in fifths of a retry
        self._debts: BoundedDict[str, int] = BoundedDict(_MAX_DEBTORS)  # in fifths, none of 0

    def count_call(self, caller: str | None = None) -> None:
        """Count one call, whatever its outcome; its retries are not counted."""
        if self._saved < _MAX_SAVED:
            self._saved += 1
        if self._debts and caller is not None and caller in self._debts:
            self._debts[caller] -= 1
            if not self._debts[caller]:
                del self._debts[caller]

    def try_spend(self, caller: str | None = None) -> bool:
        """Spend one retry if this caller has one; return whether. A caller of None has no debt."""
        remaining = self._saved - _CALLS_PER_RETRY
        debt = 0 if caller is None else self._debts.get(caller, 0)
        if remaining < 0 or (debt and debt + _CALLS_PER_RETRY > remaining):
            return False
        self._saved = remaining
        if caller is not None:
            self._debts[caller] = debt + _CALLS_PER_RETRY
        return True


class RetryPolicy:
    """Decides whether to retry; `random` returns a number in [0, 1)."""

    def __init__(self, budget: RetryBudget, *, random: Callable[[], float]) -> None:
        self._budget, self._random = budget, random
        self.granted = 0
        """The number of retries granted, for the metrics."""

    def delay_s(
        self,
        attempts: int,
        status: int | None,
        retry_after_s: float | None,
        remaining_s: float,
        caller: str | None = None,
    ) -> float | None:
        """Return the seconds to wait before a retry, and spend the budget; None not to retry.

        `attempts` have been made; `status` is the last response's, None for a connection error,
        `retry_after_s` its ``Retry-After``; `remaining_s` is the time until the deadline. A timeout
        is not retried, for it means that the deadline has passed.
        """
        if attempts >= MAX_ATTEMPTS:
            return None
        jitter_s = self._random() * _BACKOFF_S  # full jitter; not exponential with two attempts
        if status == 429:
            if retry_after_s is None:
                return None
            delay_s = retry_after_s + jitter_s
        elif (UNREACHABLE if status is None else meaning_of(status)).is_retried:
            delay_s = max(jitter_s, retry_after_s or 0.0)
        else:
            return None
        if delay_s + _MIN_CALL_S > remaining_s or not self._budget.try_spend(caller):
            return None
        self.granted += 1
        return delay_s


def retry_after_s(headers: Mapping[bytes, bytes]) -> float | None:
    """Return the seconds of ``Retry-After``, or None without a readable one.

    The names of `headers` are in lower case.
    """
    raw = headers.get(b"retry-after")
    return None if raw is None else read_retry_after_s(raw.decode("latin-1"), datetime.now(UTC))


def read_retry_after_s(raw: str | None, now: datetime) -> float | None:
    """Parse a ``Retry-After`` (RFC 9110, section 10.2.3) as seconds from `now` (aware), or None.

    A date in the past is 0, and more than 300 s are 300: no header shuts the gateway for a day.
    """
    raw = (raw or "").strip()
    if raw.isascii() and raw.isdigit():
        return min(float(raw[:9]), MAX_RETRY_AFTER_S)
    if not 16 <= len(raw) <= 48:
        return None
    try:
        at = parsedate_to_datetime(raw)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return min(max(0.0, (at - now).total_seconds()), MAX_RETRY_AFTER_S)
    except (ValueError, OverflowError):
        return None
