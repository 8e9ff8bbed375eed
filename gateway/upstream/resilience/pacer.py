"""When the next call may start under a limit of N calls per minute, without I/O.

A fifth of the N calls is the burst; the others have slots at even intervals. A call starts in an
even slot where one is due, else from the burst, of which each call is available again a minute
after it started. So in any 60 s at most ``burst`` and ``even`` calls start, N together; and under
constant load all N start, without a gap.
"""

import math
from collections import deque
from itertools import islice
from typing import NamedTuple

WINDOW_S = 60.0
# Calls that start evenly arrive a little unevenly: a margin of a second keeps the platform's count
# below the limit, also where slots start late.
GUARD_S = 1.0
# An even slot that starts late by up to this does not delay those after it.
SLACK_S = 0.25


def burst_of(calls_per_minute: int) -> int:
    """Return how many of the calls may start at once; the others have even slots."""
    return calls_per_minute // 5


def period_s(window_s: float) -> float:
    """Return the seconds after which a start no longer counts: the window and its guard."""
    return window_s * (1 + GUARD_S / WINDOW_S)


def slack_s(window_s: float) -> float:
    """Return by how many seconds an even slot may be late without delaying those after it."""
    return window_s * SLACK_S / WINDOW_S


class Start(NamedTuple):
    """One start of a call, numbered from 1."""

    at: float
    from_burst: bool
    number: int


class Pacer:
    """Allows ``burst + even`` calls in any `window_s`, in seconds.

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
        """Create the pacer of a limit."""
        burst = burst_of(calls_per_minute)
        return cls(burst, calls_per_minute - burst, window_s)

    @classmethod
    def share_of(
        cls, calls_per_minute: int, replicas: int, since: float, window_s: float = WINDOW_S
    ) -> "Pacer":
        """Create the pacer of one replica's share, where all shared one pacer until `since`.

        The replicas may together have started a whole burst just then, and a call in every even
        slot before. So the share has no burst for a period, and its even slots continue.
        """
        total = cls.of(calls_per_minute, window_s)
        share = cls(total.burst // replicas, total.even // replicas, window_s)
        share._bursts.extend([since] * share.burst)
        share._last_even = since + period_s(window_s) / total.even
        return share

    def try_acquire(self, now: float) -> bool:
        """Start a call if that is allowed now; return whether."""
        even_at = self._even_at(now)
        if even_at <= now:
            self._last_even = even_at
        else:
            self._forget(now)
            if len(self._bursts) >= self.burst:
                return False
            self._bursts.append(now)
        self._count += 1
        self._starts.append(Start(now, even_at > now, self._count))
        return True

    def waits_s(self, now: float, number: int) -> list[float]:
        """Return the waits, in seconds, of the next `number` calls, one after the other.

        It is infinite for a call that can never start, and exact for waits within the window.
        """
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

    def remaining(self, now: float) -> int:
        """Return how many of the window's calls have not started yet."""
        self._forget(now)
        return max(0, self.burst + self.even - len(self._starts))

    def recent(self, now: float) -> list[Start]:
        """Return the starts of the last period, the oldest first."""
        self._forget(now)
        return list(self._starts)

    def _even_at(self, now: float) -> float:
        if not self.even:
            return math.inf
        return max(self._last_even + self._interval_s, now - self._slack_s)

    def _forget(self, now: float) -> None:
        while self._bursts and self._bursts[0] + self._period_s <= now:
            self._bursts.popleft()
        while self._starts and self._starts[0].at + self._period_s <= now:
            self._starts.popleft()
