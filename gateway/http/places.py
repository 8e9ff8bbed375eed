"""How much is done at once: what comes above that is told to come again, at once."""

from gateway.errors import BusyError


class Places:
    """So many places; whoever finds none is refused rather than made to wait."""

    __slots__ = ("_most", "_one", "_taken")

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._one = _Held(self, 1)  # it knows nothing of who holds it, and so serves all at once

    def taken(self, number: int = 1) -> "_Held":
        """Hold so many places, or all there are, for the length of a ``with`` block.

        Raises BusyError, where the block begins, if fewer are free.
        """
        return self._one if number == 1 else _Held(self, min(number, self._most))

    def take(self, number: int) -> None:
        """Take places, to be given back. Raises BusyError where fewer are free."""
        if self._taken + number > self._most:
            raise BusyError
        self._taken += number

    def give_back(self, number: int) -> None:
        """Give places back."""
        self._taken -= number


class _Held:
    """Some places for the length of a block; a generator would cost three times as much."""

    __slots__ = ("_number", "_places")

    def __init__(self, places: Places, number: int) -> None:
        self._places, self._number = places, number

    def __enter__(self) -> None:
        self._places.take(self._number)

    def __exit__(self, *_: object) -> None:
        self._places.give_back(self._number)
