"""A cache entry, its freshness at a given age, and the policy that sets its lifetimes."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import msgspec

MAX_CLOCK_SKEW_S = 60.0  # between the wall clocks of two replicas
_JITTER = 0.1


class Freshness(Enum):
    """What an entry may be used for."""

    FRESH = "FRESH"
    STALE = "STALE"  # while it is refreshed in the background, or where the upstream fails
    EXPIRED = "EXPIRED"


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A cached payload; `stored_at` is in wall-clock seconds since 1970, the others are durations.

    The entry is fresh for `fresh_for_s`, and then stale for `stale_for_s`. A negative entry records
    that the upstream has no such resource; its payload is that of `ErrorMeanings.negative`.
    `position` is that of `Evictions` at which its call began.
    """

    payload: bytes
    stored_at: float
    fresh_for_s: float
    stale_for_s: float = 0.0
    is_negative: bool = False
    position: int = 0

    @property
    def expires_at(self) -> float:
        """Return the time from which the entry is neither fresh nor stale."""
        return self.stored_at + self.fresh_for_s + self.stale_for_s

    def freshness(self, now: float) -> Freshness:
        """Return what the entry may be used for at `now`, in wall-clock seconds.

        An entry from the near future was stored by a replica whose clock is ahead. One from further
        ahead was stored by a wrong clock and would live too long: it counts as expired.
        """
        if self.stored_at > now + MAX_CLOCK_SKEW_S:
            return Freshness.EXPIRED
        past_fresh_s = now - self.stored_at - self.fresh_for_s
        if past_fresh_s < 0:
            return Freshness.FRESH
        return Freshness.STALE if past_fresh_s < self.stale_for_s else Freshness.EXPIRED


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """How long the responses of an endpoint are cached, in seconds.

    An entry is fresh for `fresh_s` (0 disables caching), and then stale for `stale_s`: it is served
    while it is refreshed, or where the upstream fails. A negative entry is fresh for `negative_s`,
    and never stale.
    """

    fresh_s: float
    stale_s: float = 0.0
    negative_s: float = 0.0

    @property
    def stores(self) -> bool:
        """Whether responses are cached at all."""
        return self.fresh_s > 0

    def entry(
        self,
        payload: bytes,
        now: float,
        random: Callable[[], float],
        *,
        is_negative: bool = False,
        position: int = 0,
    ) -> Entry:
        """Return the entry of a response; `random` returns 0..1.

        Its fresh time varies by 10 %, so that entries stored together do not expire together.
        """
        fresh_s = self.negative_s if is_negative else self.fresh_s
        stale_s = 0.0 if is_negative else self.stale_s
        jitter = 1 - _JITTER + 2 * _JITTER * random()
        return Entry(payload, now, fresh_s * jitter, stale_s, is_negative, position)
