"""How many calls are under way at once, and how many may wait for their turn."""

import asyncio
from functools import partial

from gateway.cache.coalescing import when_joined
from gateway.context import RequestContext
from gateway.errors import OverloadedError
from gateway.fairness import FairLine, is_background, share_of

MOST_WAITERS = 1024


class _ConnectionWaiter:
    __slots__ = ("caller", "in_line", "turn")

    def __init__(self, caller: str | None) -> None:
        self.caller, self.in_line = caller, caller or ""
        self.turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class UpstreamConcurrency:
    """Lets `most_at_once` calls go on at a time; turns go round the callers.

    A place passes straight from the one who leaves to the one whose turn it is, so that nobody
    overtakes and no place is lost to a waiter who was cancelled. One caller's calls never hold all
    places, nor all that one may wait in: a fifth of them is left to others, however slow the calls
    are. A caller of None is nobody in particular, and has no such bound. Not for several threads.
    """

    def __init__(self, most_at_once: int, most_waiters: int = MOST_WAITERS) -> None:
        self._most_at_once, self._most_waiters = most_at_once, most_waiters
        self._share, self._waiting_share = share_of(most_at_once), share_of(most_waiters)
        self._holders: list[str | None] = []  # one for each place; counted where one may have many
        self._line: FairLine[_ConnectionWaiter] = FairLine()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return self._line.length

    @property
    def in_flight(self) -> int:
        """How many hold a place."""
        return len(self._holders)

    def enter_at_once(self, caller: str | None = None) -> bool:
        """Take a place where one is free for this caller; says whether. `leave` gives it back."""
        holders = self._holders
        # With less than one caller's share taken in all, nobody has it.
        if len(holders) >= self._share and not self._may_enter(caller):
            return False
        holders.append(caller)
        return True

    async def enter(self, caller: str | None = None) -> None:
        """Take a place, and wait for it where none is free; `leave` gives it back.

        Raises OverloadedError at once where too many wait already, of this caller or of all, and
        for what is in the background, which does not wait. The deadline is the caller's: a
        cancelled wait costs nobody anything.
        """
        if self.enter_at_once(caller):
            return
        waiting = 0 if caller is None else self._line.of(caller)
        is_full = self._line.length >= self._most_waiters or waiting >= self._waiting_share
        if is_full or is_background(caller):
            raise OverloadedError
        waiter = _ConnectionWaiter(caller)
        self._line.append(waiter.in_line, waiter)
        when_joined(partial(self._join, waiter))
        try:
            await waiter.turn
        except asyncio.CancelledError:
            if waiter.turn.done() and not waiter.turn.cancelled():
                self.leave(caller)  # the place was ours already
            raise
        finally:
            self._line.remove(waiter.in_line, waiter)

    def leave(self, caller: str | None = None) -> None:
        """Return a place to whose turn it is."""
        self._holders.remove(caller)
        if self._line.length:
            self._pass_on()

    def _pass_on(self) -> None:
        """Return the free places to those whose turn it is."""
        while len(self._holders) < self._most_at_once:
            waiter = self._line.take(self._may_have_more)
            if waiter is None:
                return
            if not waiter.turn.done():
                self._holders.append(waiter.caller)
                waiter.turn.set_result(None)

    def _may_enter(self, caller: str | None) -> bool:
        is_free = len(self._holders) < self._most_at_once
        return is_free and (caller is None or self._may_have_more(caller))

    def _join(self, waiter: _ConnectionWaiter, other: object) -> None:
        """Let a waiter have the turn of another who waits for the same call, if that is sooner."""
        if not isinstance(other, RequestContext) or is_background(other.caller_key):
            return
        may_have_more = self._may_have_more(waiter.in_line)
        caller, other_caller = waiter.in_line, other.caller_key
        if self._line.move(caller, waiter, other_caller, if_sooner=may_have_more) is not None:
            waiter.in_line = other.caller_key
            self._pass_on()

    def _may_have_more(self, caller: str) -> bool:
        return self._holders.count(caller) < self._share
