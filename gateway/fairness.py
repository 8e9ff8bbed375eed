"""Fair sharing between callers: a queue with a turn for each caller, and limits for one caller."""

from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, TypeVar

W = TypeVar("W")

_BACKGROUND = "background of "
_MIN_SHARED = 4  # with fewer slots, one caller may hold all


def share_of(maximum: int) -> int:
    """Return how many of `maximum` slots one caller may hold: four fifths."""
    return maximum if maximum < _MIN_SHARED else maximum - max(1, maximum // 5)


def in_background(caller: str) -> str:
    """Return the key of background work that a caller has started, such as a cache refresh.

    Background work runs only where capacity is free at once: it never waits.
    """
    return _BACKGROUND + caller


def is_background(caller: str | None) -> bool:
    """Whether a caller is one of background work."""
    return caller is not None and caller.startswith(_BACKGROUND)


class QueuePosition(NamedTuple):
    """The position of a new waiter."""

    ahead: int
    has_overtaken: bool
    """Whether a waiter that was queued before now waits for one more."""


class FairQueue(Generic[W]):
    """A queue with round robin between callers, first in, first out for each caller.

    However many waiters a caller has, only one of them goes before another caller's in each round.
    Waiters are compared by identity.
    """

    def __init__(self) -> None:
        self._queues: dict[str, dict[W, None]] = {}  # in the order of turns; none is empty
        self.length = 0
        """The number of waiters."""
        self.current_caller: str | None = None
        """The caller whose turn it is; its next one comes after all others', new ones included."""

    def of(self, caller: str) -> int:
        """Return the number of waiters of a caller."""
        return len(self._queues.get(caller, ()))

    def append(self, caller: str, waiter: W) -> QueuePosition:
        """Add a waiter, and return its position."""
        queue = self._queues.setdefault(caller, {})
        queue[waiter] = None
        self.length += 1
        if self.current_caller is not None and self.current_caller != caller:
            self._move_to_end(self.current_caller)
        return self._position(caller, len(queue) - 1)

    def ahead_of(self, caller: str, waiter: W) -> int | None:
        """Return the number of waiters whose turn comes before this one's; None if not queued."""
        if waiter not in self._queues.get(caller, ()):
            return None
        return next(ahead for ahead, one in enumerate(self) if one is waiter)

    def move(
        self, caller: str, waiter: W, other: str, *, if_sooner: bool = True
    ) -> QueuePosition | None:
        """Move a waiter to the queue of another caller, who waits for the same call.

        With `if_sooner` only if its turn comes sooner there. Return the new position, None if it
        has not moved.
        """
        ahead = self.ahead_of(caller, waiter)
        if ahead is None or caller == other:
            return None
        if if_sooner and self._position(other, self.of(other)).ahead >= ahead:
            return None
        self.remove(caller, waiter)
        return self.append(other, waiter)

    def remove(self, caller: str, waiter: W) -> None:
        """Remove a waiter, if it is queued."""
        queue = self._queues.get(caller)
        if queue is None or waiter not in queue:
            return
        del queue[waiter]
        self.length -= 1
        if not queue:
            del self._queues[caller]

    def take(self, may: Callable[[str], bool] | None = None) -> W | None:
        """Remove and return the next waiter, of a caller for whom `may` is true.

        The caller's next turn comes last.
        """
        caller = next((one for one in self._queues if may is None or may(one)), None)
        if caller is None:
            return None
        waiter = next(iter(self._queues[caller]))
        self.remove(caller, waiter)
        self._move_to_end(caller)
        return waiter

    def __iter__(self) -> Iterator[W]:
        """Iterate over all waiters in the order of their turns; the queue must not change."""
        queues = [iter(queue) for queue in self._queues.values()]
        while queues:
            remaining = []
            for queue in queues:
                for waiter in queue:
                    yield waiter
                    remaining.append(queue)
                    break
            queues = remaining

    def _position(self, caller: str, own: int) -> QueuePosition:
        """Return the position of a caller's waiter with `own` of the caller's before it."""
        ahead, has_overtaken, is_after = own, False, False
        for other, queue in self._queues.items():
            if other == caller:
                is_after = True
                continue
            rounds = own + 1 - (is_after or other == self.current_caller)
            ahead += min(len(queue), rounds)
            has_overtaken = has_overtaken or len(queue) > rounds
        return QueuePosition(ahead, has_overtaken)

    def _move_to_end(self, caller: str) -> None:
        queue = self._queues.pop(caller, None)
        if queue is not None:
            self._queues[caller] = queue
