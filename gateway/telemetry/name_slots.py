"""Names that get a series while the gateway runs, up to a number that is fixed at its start.

All workers share them: a name has the same place in each. They are in memory that a lock guards, a
fixed number of bytes a name, and none is ever removed.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

NAME_BYTES = 128  # with the length before it; a longer name gets no place


class NameSlots:
    """Places for `number` names in `memory`, which has `NAME_BYTES` for each; `lock` guards it."""

    def __init__(
        self,
        number: int,
        memory: memoryview | None = None,
        lock: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self.number, self._lock = number, lock
        self._memory = memoryview(bytearray(number * NAME_BYTES)) if memory is None else memory

    def names(self) -> list[str]:
        """Return the names in the order of their places."""
        names: list[str] = []
        while len(names) < self.number and (name := self._read(len(names))):
            names.append(name)
        return names

    def claim(self, name: str) -> int | None:
        """Return the place of a name, taking the next one for a new name; None if there is none."""
        encoded = name.encode()
        if not 0 < len(encoded) < NAME_BYTES:
            return None
        with self._lock():
            names = self.names()
            if name in names:
                return names.index(name)
            place = len(names)
            if place == self.number:
                return None
            start = place * NAME_BYTES
            self._memory[start + 1 : start + 1 + len(encoded)] = encoded
            self._memory[start] = len(encoded)  # last: a reader that sees it sees the name, too
            return place

    def _read(self, place: int) -> str:
        start = place * NAME_BYTES
        length = self._memory[start]
        return bytes(self._memory[start + 1 : start + 1 + length]).decode()
