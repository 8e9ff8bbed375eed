"""How much is done at once: what comes above that is told to come again, at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.errors import BusyError


class Places:
    """So many places; whoever finds none is refused rather than made to wait."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0

    @contextmanager
    def taken(self, number: int = 1) -> Iterator[None]:
        """Hold so many places, or all there are, for the length of the block.

        Raises BusyError where fewer are free.
        """
        number = min(number, self._most)
        if self._taken + number > self._most:
            raise BusyError
        self._taken += number
        try:
            yield
        finally:
            self._taken -= number
