"""How many calls are under way at once, and how many may wait for their turn."""

import asyncio

from gateway.errors import OverloadedError

MOST_WAITERS = 1024


class Admission:
    """Lets `most_at_once` calls go on at a time, first come first served.

    A place passes straight from the one who leaves to the one who has waited longest, so that
    nobody overtakes and no place is lost to a waiter who was cancelled. Not for several threads.
    """

    def __init__(self, most_at_once: int, most_waiters: int = MOST_WAITERS) -> None:
        self._free, self._most_waiters = most_at_once, most_waiters
        self._most_at_once = most_at_once
        self._line: dict[asyncio.Future[None], None] = {}  # in the order of coming

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._line)

    @property
    def in_flight(self) -> int:
        """How many hold a place."""
        return self._most_at_once - self._free

    def enter_at_once(self) -> bool:
        """Take a place where one is free; says whether. `leave` gives it back."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def enter(self) -> None:
        """Take a place, and wait for it where none is free; `leave` gives it back.

        Raises OverloadedError at once where too many wait already. The deadline is the caller's: a
        cancelled wait costs nobody anything.
        """
        if self.enter_at_once():
            return
        if len(self._line) >= self._most_waiters:
            raise OverloadedError
        turn = asyncio.get_running_loop().create_future()
        self._line[turn] = None
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()  # the place was ours already
            raise
        finally:
            self._line.pop(turn, None)

    def leave(self) -> None:
        """Give a place to whoever has waited longest."""
        while self._line:
            turn = next(iter(self._line))
            del self._line[turn]
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
