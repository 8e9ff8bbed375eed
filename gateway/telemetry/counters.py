"""Counters on the path of a request: plain numbers, which only a scrape reads."""

import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from gateway.telemetry.metric import BUCKETS_S
from gateway.telemetry.metrics import OTHER, ROUTES, STATUSES


class CounterVec:
    """A counter for each value of a label; unknown values count as `OTHER`, if that is one."""

    __slots__ = ("_counts",)

    def __init__(self, words: Iterable[str]) -> None:
        self._counts = dict.fromkeys(words, 0)

    def add(self, word: str, number: int = 1) -> None:
        """Increment the counter of a label's value."""
        counts = self._counts
        counts[word if word in counts else OTHER] += number

    @property
    def counts(self) -> list[int]:
        """The counts, in the order of the label's values."""
        return list(self._counts.values())


class Histogram:
    """A histogram of durations over `BUCKETS_S`.

    `cells` are the count of each bucket, not cumulative, and the sum in seconds.
    """

    __slots__ = ("cells",)

    def __init__(self) -> None:
        self.cells = [0.0] * (len(BUCKETS_S) + 2)

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.cells[bisect_left(BUCKETS_S, seconds)] += 1
        self.cells[-1] += seconds

    @contextmanager
    def timing(self) -> Iterator[None]:
        """Count the duration of a ``with`` block, however it ends."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.observe(time.perf_counter() - started)


class HttpRequestCounts:
    """The number of HTTP responses by route and class of status, each in a list of its own."""

    def __init__(self) -> None:
        self._counts = {route: [[0] for _ in STATUSES] for route in ROUTES}

    def of(self, path: str, status: int) -> list[int]:
        """Return the counter of responses with a status to a path, to be incremented."""
        counts = self._counts.get(path.rstrip("/")) or self._counts[OTHER]
        return counts[min(max(status // 100, 2), 5) - 2]

    @property
    def counts(self) -> list[int]:
        """The counts of all routes, and of each the classes of status."""
        return [count[0] for counts in self._counts.values() for count in counts]
