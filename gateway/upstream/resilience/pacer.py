"""When the next call may start: a burst of a fifth, then an even rate; pure.

Of N calls in 60 s a fifth is the burst, and the rest are even slots. A call takes an even slot
where one is due; otherwise one from the burst, which comes back a minute after it was taken. So in
any 60 s there start at most ``burst`` calls of the one kind and ``even`` of the other, N together,
and where more is wanted all the time all N are used, without a pause in which nothing starts.
"""

import math
from collections import deque
from itertools import islice
from typing import NamedTuple

WINDOW_S = 60.0
# What leaves evenly arrives a little less so: a second's margin keeps the upstream's count right,
# and pays for the slots that start late.
GUARD_S = 1.0
# An even slot that is taken late by up to this does not delay those after it.
SLACK_S = 0.25


def burst_of(calls_per_minute: int) -> int:
    """Return how many of them may start at once; the others are even slots."""
    return calls_per_minute // 5


def period_s(window_s: float) -> float:
    """Return after how many seconds a call of the burst comes back, and an even slot's place."""
    return window_s * (1 + GUARD_S / WINDOW_S)


def slack_s(window_s: float) -> float:
    """Return by how many seconds an even slot may be late without delaying those after it."""
    return window_s * SLACK_S / WINDOW_S


class Start(NamedTuple):
    """A call that was started: when, from the burst or in an even slot, and the how manieth."""

    at: float
    from_burst: bool
    number: int


class Pacer:
    """The turns of at most ``burst + even`` calls in any `window_s`, counted in seconds.

    `now` is monotonic and never runs backwards between calls.
    """

    def __init__(self, burst: int, even: int, window_s: float = WINDOW_S) -> None:
        self.burst, self.even, self.window_s = burst, even, window_s
        self._period_s = period_s(window_s)
        self._slack_s = slack_s(window_s)
        self._interval_s = self._period_s / even if even else math.inf
        self._last_even = -math.inf
        self._bursts: deque[float] = deque()
        self._starts: deque[Start] = deque()
        self._count = 0

    @classmethod
    def of(cls, calls_per_minute: int, window_s: float = WINDOW_S) -> "Pacer":
        """Pace so many calls."""
        burst = burst_of(calls_per_minute)
        return cls(burst, calls_per_minute - burst, window_s)

    @classmethod
    def share_of(
        cls, calls_per_minute: int, replicas: int, since: float, window_s: float = WINDOW_S
    ) -> "Pacer":
        """Pace one replica's share of so many calls, where all of them shared one pace up to now.

        Whatever the replicas did together up to `since`, it was no more than that pace allows: a
        whole burst just now and every even slot before it. As if that had been so, the share has no
        burst for a period, and its even slots go on from there.
        """
        whole = cls.of(calls_per_minute, window_s)
        share = cls(whole.burst // replicas, whole.even // replicas, window_s)
        share._bursts.extend([since] * share.burst)
        share._last_even = since + period_s(window_s) / whole.even
        return share

    def take(self, now: float) -> bool:
        """Start a call where one may start now; says whether it did."""
        if self._even_at(now) <= now:
            self._last_even = max(self._last_even + self._interval_s, now - self._slack_s)
            self._note(now, from_burst=False)
            return True
        self._forget(now)
        if len(self._bursts) < self.burst:
            self._bursts.append(now)
            self._note(now, from_burst=True)
            return True
        return False

    def wait_s(self, now: float, ahead: int = 0) -> float:
        """Return the seconds until a call may start that has `ahead` others before it; 0 for now.

        Infinite where there is no such turn, and exact for waits within the window.
        """
        return self.waits_s(now, ahead + 1)[-1]

    def waits_s(self, now: float, number: int) -> list[float]:
        """Return the same for the next so many calls, each with those before it."""
        self._forget(now)
        free = self.burst - len(self._bursts)
        even_at = self._even_at(now)
        returns = iter(islice(self._bursts, max(number - free, 0)))
        burst_at = next(returns, math.inf) + self._period_s
        waits = [0.0] * min(max(free, 0), number)
        while len(waits) < number:
            at = min(even_at, burst_at)
            if even_at <= burst_at:
                even_at += self._interval_s
            else:
                burst_at = next(returns, math.inf) + self._period_s
            waits.append(max(0.0, at - now))
        return waits

    def left(self, now: float) -> int:
        """Return how many of the window's calls have not been started yet."""
        self._forget(now)
        return max(0, self.burst + self.even - len(self._starts))

    def recent(self, now: float) -> list[Start]:
        """Return the starts of the last period, oldest first."""
        self._forget(now)
        return list(self._starts)

    def _note(self, now: float, *, from_burst: bool) -> None:
        self._count += 1
        self._starts.append(Start(now, from_burst, self._count))

    def _even_at(self, now: float) -> float:
        if not self.even:
            return math.inf
        return max(self._last_even + self._interval_s, now - self._slack_s)

    def _forget(self, now: float) -> None:
        while self._bursts and self._bursts[0] + self._period_s <= now:
            self._bursts.popleft()
        while self._starts and self._starts[0].at + self._period_s <= now:
            self._starts.popleft()
