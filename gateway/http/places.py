"""How much is done at once: what comes above that is told to come again, at once."""

from gateway.errors import BusyError
from gateway.fairness import share_of


class Places:
    """So many places; whoever finds none is refused rather than made to wait.

    One caller never holds all of them: a fifth is left to others. A caller of None is nobody in
    particular, and has no such bound.
    """

    __slots__ = ("_held", "_most", "_share", "_taken")

    def __init__(self, most: int) -> None:
        self._most, self._share = most, share_of(most)
        self._taken = 0
        self._held: dict[str, int] = {}  # by caller, and none of 0

    def taken(self, number: int = 1, caller: str | None = None) -> "_Held":
        """Hold so many places, or all that this caller may, for the length of a ``with`` block.

        Raises BusyError, where the block begins, if fewer are free.
        """
        return _Held(self, min(number, self._most if caller is None else self._share), caller)

    def take(self, number: int, caller: str | None) -> None:
        """Take places, to be given back. Raises BusyError where fewer are free for this caller."""
        if self._taken + number > self._most:
            raise BusyError
        if caller is not None:
            held = self._held.get(caller, 0) + number
            if held > self._share:
                raise BusyError
            self._held[caller] = held
        self._taken += number

    def give_back(self, number: int, caller: str | None) -> None:
        """Give places back."""
        self._taken -= number
        if caller is not None:
            held = self._held[caller] - number
            if held:
                self._held[caller] = held
            else:
                del self._held[caller]


class _Held:
    """Some places for the length of a block; a generator would cost three times as much."""

    __slots__ = ("_caller", "_number", "_places")

    def __init__(self, places: Places, number: int, caller: str | None) -> None:
        self._places, self._number, self._caller = places, number, caller

    def __enter__(self) -> None:
        self._places.take(self._number, self._caller)

    def __exit__(self, *_: object) -> None:
        self._places.give_back(self._number, self._caller)
