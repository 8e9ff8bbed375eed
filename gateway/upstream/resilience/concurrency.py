"""Limits the connections, of one call each; further calls queue, fairly between the callers."""

import asyncio
from functools import partial

from gateway.cache.coalescing import when_joined
from gateway.context import RequestContext
from gateway.errors import OverloadedError
from gateway.fairness import FairQueue, is_background, share_of

MAX_WAITERS = 1024


class _ConnectionWaiter:
    __slots__ = ("caller", "in_line", "turn")

    def __init__(self, caller: str | None) -> None:
        self.caller, self.in_line = caller, caller or ""
        self.turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class UpstreamConcurrency:
    """Allows `max_calls` calls in flight, each on a connection; the callers take turns.

    A connection passes directly from the call that ends to the waiter whose turn it is: no call
    overtakes a waiter, and a cancelled waiter loses no connection. One caller's calls never hold
    all connections, nor the whole queue: a fifth of each is kept for others, however slow the calls
    are. A caller of None has no such bound. Not thread-safe.
    """

    def __init__(self, max_calls: int, max_waiters: int = MAX_WAITERS) -> None:
        self._max_calls, self._max_waiters = max_calls, max_waiters
        self._share, self._waiting_share = share_of(max_calls), share_of(max_waiters)
        self._holders: list[str | None] = []  # the caller of each call in flight
        self._queue: FairQueue[_ConnectionWaiter] = FairQueue()

    @property
    def waiting(self) -> int:
        """Return the number of calls that wait."""
        return self._queue.length

    @property
    def in_flight(self) -> int:
        """Return the number of calls that hold a connection."""
        return len(self._holders)

    def try_acquire(self, caller: str | None = None) -> bool:
        """Acquire a connection if one is free for this caller; return whether."""
        holders = self._holders
        # Below one caller's share in all, nobody has more than that.
        if len(holders) >= self._share and (
            len(holders) >= self._max_calls
            or (caller is not None and not self._is_below_share(caller))
        ):
            return False
        holders.append(caller)
        return True

    async def acquire(self, caller: str | None = None) -> None:
        """Acquire a connection, waiting where none is free.

        Raise OverloadedError at once where too many calls wait, of this caller or of all, and for
        a background call, which does not wait. The deadline is the caller's, by cancellation.
        """
        if self.try_acquire(caller):
            return
        waiting = 0 if caller is None else self._queue.of(caller)
        is_full = self._queue.length >= self._max_waiters or waiting >= self._waiting_share
        if is_full or is_background(caller):
            raise OverloadedError
        waiter = _ConnectionWaiter(caller)
        self._queue.append(waiter.in_line, waiter)
        when_joined(partial(self._join, waiter))
        try:
            await waiter.turn
        except asyncio.CancelledError:
            if waiter.turn.done() and not waiter.turn.cancelled():
                self.release(caller)  # the connection had been passed on to this waiter
            raise
        finally:
            self._queue.remove(waiter.in_line, waiter)

    def release(self, caller: str | None = None) -> None:
        """Release a connection of this caller, to the waiter whose turn it is."""
        self._holders.remove(caller)
        if self._queue.length:
            self._pass_on()

    def _pass_on(self) -> None:
        """Pass the free connections on to the waiters whose turn it is."""
        while len(self._holders) < self._max_calls:
            waiter = self._queue.take(self._is_below_share)
            if waiter is None:
                return
            if not waiter.turn.done():
                self._holders.append(waiter.caller)
                waiter.turn.set_result(None)

    def _join(self, waiter: _ConnectionWaiter, other: object) -> None:
        """Move a waiter to the turn of another caller who joined its call, if that is sooner."""
        if not isinstance(other, RequestContext) or is_background(other.caller_key):
            return
        if_sooner = self._is_below_share(waiter.in_line)
        if self._queue.move(waiter.in_line, waiter, other.caller_key, if_sooner=if_sooner):
            waiter.in_line = other.caller_key
            self._pass_on()

    def _is_below_share(self, caller: str) -> bool:
        return self._holders.count(caller) < self._share
