"""Counting in the way of a request: plain numbers, told only when somebody asks."""

from bisect import bisect_left
from collections.abc import Iterable

from gateway.telemetry.metrics import BUCKETS_S, OTHER


class CounterVec:
    """How often each of some words came; where `OTHER` is one, it counts those that are not."""

    __slots__ = ("_counts",)

    def __init__(self, words: Iterable[str]) -> None:
        self._counts = dict.fromkeys(words, 0)

    def add(self, word: str) -> None:
        """Count a word once."""
        counts = self._counts
        counts[word if word in counts else OTHER] += 1

    @property
    def counts(self) -> list[int]:
        """The counts, in the order of the words."""
        return list(self._counts.values())


class Histogram:
    """How long things took, as a histogram over `BUCKETS_S`."""

    __slots__ = ("_counts", "_sum_s")

    def __init__(self) -> None:
        self._counts = [0] * (len(BUCKETS_S) + 1)
        self._sum_s = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(BUCKETS_S, seconds)] += 1
        self._sum_s += seconds

    @property
    def cells(self) -> list[float]:
        """How many fell into each bucket, each counted once, and the sum of all in seconds."""
        return [*self._counts, self._sum_s]
