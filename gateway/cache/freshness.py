"""How long an answer is good, and what an answer of a certain age is good for: pure."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from gateway.cache.entry import Entry

MOST_SKEW_S = 60.0  # by how much the clocks of two replicas may differ
_JITTER = 0.1


class Freshness(Enum):
    """What a remembered answer is good for."""

    FRESH = "FRESH"
    STALE_WHILE_REVALIDATE = "STALE_WHILE_REVALIDATE"  # serve it, and ask again behind its back
    STALE_IF_ERROR = "STALE_IF_ERROR"  # ask again, and serve it where that fails
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """How long answers of one kind are remembered, in seconds.

    `fresh_s` 0 remembers nothing. `stale_s` is for how long after that an answer is served where
    asking anew fails, and `revalidate_s` for how long it is served at once while it is asked for in
    the background (None: as long as `stale_s`). `negative_s` is how long "not here" is believed; it
    is never served stale.
    """

    fresh_s: float
    stale_s: float = 0.0
    negative_s: float = 0.0
    revalidate_s: float | None = None

    @property
    def stores(self) -> bool:
        """Whether anything is remembered at all."""
        return self.fresh_s > 0

    def entry(self, payload: bytes, now: float, random: Callable[[], float]) -> Entry:
        """Make the entry of an answer; `random` gives 0..1 and moves its time by up to 10 %.

        Answers that came together then do not all have to be asked for again together.
        """
        revalidate_s = self.stale_s if self.revalidate_s is None else self.revalidate_s
        return Entry(
            payload,
            now,
            _jittered(self.fresh_s, random),
            min(revalidate_s, self.stale_s),
            self.stale_s,
        )

    def negative_entry(self, payload: bytes, now: float, random: Callable[[], float]) -> Entry:
        """Make the entry of a "not here", of which `payload` is remembered."""
        return Entry(payload, now, _jittered(self.negative_s, random), is_negative=True)


def freshness(entry: Entry, now: float) -> Freshness:
    """Say what `entry` is good for at `now`, in wall-clock seconds.

    An entry from a little in the future is another replica's clock; from further ahead it is a
    clock that was wrong, and its entry would outlive its time.
    """
    if entry.stored_at > now + MOST_SKEW_S:
        return Freshness.EXPIRED
    past_fresh_s = now - entry.stored_at - entry.fresh_for_s
    if past_fresh_s < 0:
        return Freshness.FRESH
    if past_fresh_s < entry.revalidate_for_s:
        return Freshness.STALE_WHILE_REVALIDATE
    if past_fresh_s < entry.stale_for_s:
        return Freshness.STALE_IF_ERROR
    return Freshness.EXPIRED


def _jittered(span_s: float, random: Callable[[], float]) -> float:
    return span_s * (1 - _JITTER + 2 * _JITTER * random())
