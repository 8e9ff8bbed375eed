"""What is shared out among callers: turns go round, and nobody takes all there is."""

from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, TypeVar

W = TypeVar("W")

_BACKGROUND = "background of "
_SMALLEST_SHARED = 4  # of fewer, one caller may have all


def share_of(maximum: int) -> int:
    """Return how many of so many places one caller may hold: a fifth is left to the others."""
    return maximum if maximum < _SMALLEST_SHARED else maximum - max(1, maximum // 5)


def in_background(caller: str) -> str:
    """Return the caller of what a caller has set off, and nobody waits for.

    It gets what is free, and waits for nothing.
    """
    return _BACKGROUND + caller


def is_background(caller: str | None) -> bool:
    """Whether this caller's calls are in the background."""
    return caller is not None and caller.startswith(_BACKGROUND)


class LinePosition(NamedTuple):
    """Where somebody has come to stand in a line."""

    ahead: int
    has_overtaken: bool
    """Whether anybody who was there before has to wait for one more."""


class FairLine(Generic[W]):
    """Those who wait, by caller: turns go round the callers, each caller's in order of coming.

    Who is alone waits as in any other line; who has many waiting holds up another's by one each
    round. Waiters are told apart by their identity.
    """

    def __init__(self) -> None:
        self._queues: dict[str, dict[W, None]] = {}  # in the order of their turns; none is empty
        self.length = 0
        """How many wait."""
        self.served: str | None = None
        """Whose turn it is: that caller comes after all others, also those who come meanwhile."""

    def of(self, caller: str) -> int:
        """Count those of one caller."""
        return len(self._queues.get(caller, ()))

    def append(self, caller: str, waiter: W) -> LinePosition:
        """Let one more wait."""
        queue = self._queues.setdefault(caller, {})
        queue[waiter] = None
        self.length += 1
        if self.served is not None and self.served != caller:
            self._to_the_end(self.served)
        return self._place(caller, len(queue) - 1)

    def ahead_of(self, caller: str, waiter: W) -> int | None:
        """Count those whose turn comes first; None where this one does not wait."""
        if waiter not in self._queues.get(caller, ()):
            return None
        return next(ahead for ahead, one in enumerate(self) if one is waiter)

    def move(
        self, caller: str, waiter: W, other: str, *, if_sooner: bool = True
    ) -> LinePosition | None:
        """Let a waiter have the turn of another caller, who waits for the same, if that is sooner.

        Return the new place, None where it has not moved.
        """
        ahead = self.ahead_of(caller, waiter)
        if ahead is None or caller == other:
            return None
        if if_sooner and self._place(other, self.of(other)).ahead >= ahead:
            return None
        self.remove(caller, waiter)
        return self.append(other, waiter)

    def remove(self, caller: str, waiter: W) -> None:
        """Let one go who waits no more."""
        queue = self._queues.get(caller)
        if queue is None or waiter not in queue:
            return
        del queue[waiter]
        self.length -= 1
        if not queue:
            del self._queues[caller]

    def take(self, may: Callable[[str], bool] | None = None) -> W | None:
        """Let the next one go, of a caller who `may`, whose caller's turn then comes last."""
        caller = next((one for one in self._queues if may is None or may(one)), None)
        if caller is None:
            return None
        waiter = next(iter(self._queues[caller]))
        self.remove(caller, waiter)
        self._to_the_end(caller)
        return waiter

    def __iter__(self) -> Iterator[W]:
        """Go through all in the order of their turns; the line must not change meanwhile."""
        queues = [iter(queue) for queue in self._queues.values()]
        while queues:
            left = []
            for queue in queues:
                for waiter in queue:
                    yield waiter
                    left.append(queue)
                    break
            queues = left

    def _place(self, caller: str, own: int) -> LinePosition:
        """Return the place of a caller's waiter who has so many of its own before it."""
        ahead, has_overtaken, is_after = own, False, False
        for other, queue in self._queues.items():
            if other == caller:
                is_after = True
                continue
            rounds = own + 1 - (is_after or other == self.served)
            ahead += min(len(queue), rounds)
            has_overtaken = has_overtaken or len(queue) > rounds
        return LinePosition(ahead, has_overtaken)

    def _to_the_end(self, caller: str) -> None:
        queue = self._queues.pop(caller, None)
        if queue is not None:
            self._queues[caller] = queue
