"""How much is done at once: what comes above that is told to come again, at once."""

from gateway.errors import ConcurrencyLimitError
from gateway.fairness import share_of

_MAX_IDLE_CALLERS = 1024


class ConcurrencyLimiter:
    """So many places; whoever finds none is refused rather than made to wait.

    One caller never holds all of them: a fifth is left to others. A caller of None is nobody in
    particular, and has no such bound.
    """

    __slots__ = ("_forget_at", "_held", "_most", "free")

    def __init__(self, most: int) -> None:
        self.free = self._most = most
        self._held: dict[str | None, _HeldOfCaller] = {}
        self._forget_at = _MAX_IDLE_CALLERS

    def acquire(
        self, caller: str | None = None, number: int = 1
    ) -> "_HeldOfCaller | _HeldTogether":
        """Hold so many places, or all that this caller may, for the length of a ``with`` block.

        Raises BusyError, where the block begins, if fewer are free.
        """
        held = self._held.get(caller) or self._of(caller)
        return held if number == 1 else _HeldTogether(held, min(number, held.maximum))

    def _of(self, caller: str | None) -> "_HeldOfCaller":
        if len(self._held) >= self._forget_at:
            self._held = {key: held for key, held in self._held.items() if held.number}
            self._forget_at = len(self._held) + _MAX_IDLE_CALLERS
        maximum = self._most if caller is None else share_of(self._most)
        held = self._held[caller] = _HeldOfCaller(self, maximum)
        return held


class _HeldOfCaller:
    """One caller's places; as a block it holds one more, which may be entered again and again."""

    __slots__ = ("_places", "maximum", "number")

    def __init__(self, places: ConcurrencyLimiter, maximum: int) -> None:
        self._places, self.maximum = places, maximum
        self.number = 0

    def take(self, number: int) -> None:
        """Take places, to be given back. Raises BusyError where fewer are free."""
        if number > self._places.free or self.number + number > self.maximum:
            raise ConcurrencyLimitError
        self._places.free -= number
        self.number += number

    def give_back(self, number: int) -> None:
        """Release slots."""
        self._places.free += number
        self.number -= number

    def __enter__(self) -> None:
        # As `take(1)`, without a call: each request comes by here twice.
        places = self._places
        if not places.free or self.number >= self.maximum:
            raise ConcurrencyLimitError
        places.free -= 1
        self.number += 1

    def __exit__(self, *_: object) -> None:
        self._places.free += 1
        self.number -= 1


class _HeldTogether:
    """Several places of one caller for the length of a block."""

    __slots__ = ("_held", "_number")

    def __init__(self, held: _HeldOfCaller, number: int) -> None:
        self._held, self._number = held, number

    def __enter__(self) -> None:
        self._held.take(self._number)

    def __exit__(self, *_: object) -> None:
        self._held.give_back(self._number)
