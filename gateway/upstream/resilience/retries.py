"""Which failed call is worth a second try, when, and how many such tries all calls may have."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from gateway.upstream.http_statuses import UNREACHABLE, meaning_of

MAX_ATTEMPTS = 2
MAX_RETRY_AFTER_S = 300.0

_WANTED_PER_RETRY = 5  # 20 %, counted in whole numbers so that no rounding adds up
_MOST_RETRIES_SAVED = 5
_MAX_SAVED = _MOST_RETRIES_SAVED * _WANTED_PER_RETRY
_MAX_DEBTORS = 4096
_BACKOFF_S = 0.2
_WORTH_TRYING_S = 0.05  # with less than this left, no call could end in time


class RetryBudget:
    """At most one retry for five wanted calls, so that an outage is not amplified.

    From the first call on, `n` wanted calls make at most ``1.2 n`` calls. What good times save is
    capped: over any stretch of `n` wanted calls there are at most ``n / 5 + 5`` retries.

    All callers save together, so that whoever calls seldom has a retry as well. What a caller has
    taken is a debt that its own calls pay, and nobody's debt is ever more than what is left for the
    others, but for one retry: one caller's failures leave half of what has been saved.
    """

    def __init__(self) -> None:
        self._saved = 0  # in fifths of a retry; nothing is given in advance
        self._debts: dict[str, int] = {}  # also in fifths, and none of 0; the oldest first

    def want(self, caller: str | None = None) -> None:
        """Count one call that is wanted, whatever becomes of it; its retries are not wanted."""
        if self._saved < _MAX_SAVED:
            self._saved += 1
        if self._debts and caller is not None and caller in self._debts:
            self._debts[caller] -= 1
            if not self._debts[caller]:
                del self._debts[caller]

    def spend(self, caller: str | None = None) -> bool:
        """Take one retry, where there is one for this caller; None is nobody, and owes nothing."""
        left = self._saved - _WANTED_PER_RETRY
        debt = 0 if caller is None else self._debts.get(caller, 0)
        if left < 0 or (debt and debt + _WANTED_PER_RETRY > left):
            return False
        self._saved = left
        if caller is not None:
            self._debts[caller] = debt + _WANTED_PER_RETRY
            if len(self._debts) > _MAX_DEBTORS:
                del self._debts[next(iter(self._debts))]
        return True


class RetryPolicy:
    """Decides about one more try; `random` gives a number from 0 up to, but not including, 1."""

    def __init__(self, budget: RetryBudget, *, random: Callable[[], float]) -> None:
        self._budget, self._random = budget, random
        self.granted = 0
        """How many retries it has allowed, for the metrics."""

    def delay_s(
        self,
        attempts: int,
        status: int | None,
        retry_after_s: float | None,
        left_s: float,
        caller: str | None = None,
    ) -> float | None:
        """Return after how many seconds to try again, or None not to; spends the retry budget.

        `attempts` have been made; `status` is the last answer's, None for a connection error;
        `retry_after_s` is what its ``Retry-After`` says, if it has one; `left_s` is the time up to
        the deadline, and `caller` whose call it is. A timeout is not retried: it is the deadline
        that has passed.
        """
        if attempts >= MAX_ATTEMPTS:
            return None
        jitter_s = self._random() * _BACKOFF_S  # full; with two attempts it has nowhere to grow
        if status == 429:
            if retry_after_s is None:
                return None
            delay_s = retry_after_s + jitter_s
        elif (UNREACHABLE if status is None else meaning_of(status)).is_retried:
            delay_s = max(jitter_s, retry_after_s or 0.0)
        else:
            return None
        if delay_s + _WORTH_TRYING_S > left_s or not self._budget.spend(caller):
            return None
        self.granted += 1
        return delay_s


def retry_after_s(headers: Mapping[bytes, bytes]) -> float | None:
    """Return the seconds of an answer's ``Retry-After``, or None without a readable one.

    The names of `headers` are in lower case.
    """
    raw = headers.get(b"retry-after")
    return None if raw is None else read_retry_after_s(raw.decode("latin-1"), datetime.now(UTC))


def read_retry_after_s(raw: str | None, now: datetime) -> float | None:
    """Return the seconds that a ``Retry-After`` header means at `now` (aware), or None.

    Both forms of RFC 9110 §10.2.3 are read, seconds and a date; a date that has passed is 0, and
    more than 300 s are taken as 300: a header must not shut the gateway for a day.
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
