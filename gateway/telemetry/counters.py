"""Counters on the path of a request: plain numbers, which only a scrape reads."""

from bisect import bisect_left
from collections.abc import Iterable

from gateway.telemetry.metrics import BUCKETS_S, OTHER


class CounterVec:
    """A counter for each value of a label; unknown values count as `OTHER`, if that is one."""

    __slots__ = ("_counts",)

    def __init__(self, words: Iterable[str]) -> None:
        self._counts = dict.fromkeys(words, 0)

    def add(self, word: str) -> None:
        """Increment the counter of a label's value."""
        counts = self._counts
        counts[word if word in counts else OTHER] += 1

    @property
    def counts(self) -> list[int]:
        """The counts, in the order of the label's values."""
        return list(self._counts.values())


class Histogram:
    """A histogram of durations over `BUCKETS_S`."""

    __slots__ = ("_counts", "_sum_s")

    def __init__(self) -> None:
        self._counts = [0] * (len(BUCKETS_S) + 1)
        self._sum_s = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self._counts[bisect_left(BUCKETS_S, seconds)] += 1
        self._sum_s += seconds

    @property
    def cells(self) -> list[float]:
        """The count of each bucket, not cumulative, and the sum in seconds."""
        return [*self._counts, self._sum_s]
