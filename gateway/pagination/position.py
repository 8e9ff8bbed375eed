"""The position of a cursor in a connection, and its encoding as variable-length integers.

An integer takes seven bits a byte, lowest first; the eighth bit marks that more follow. Signed ones
are folded first (0, -1, 1, -2 become 0, 1, 2, 3), so that the difference of two neighbouring ids
takes a byte or two.
"""

from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple, Protocol, Self

NEIGHBOURS = 3
MAX_REPAIR = 1000
"""How many places repair may take pagination back before it goes on by offset alone."""

_MAX_BYTES = 10  # of an integer of 64 bits
_MAX_OFFSET = 2**31
MAX_ID = 2**63 - 1
_MAX_STEP = 100  # of one repair, the last of which may exceed the maximum


class CursorPosition(Protocol):
    """A position as the integers of a cursor."""

    def to_numbers(self) -> list[int]:
        """Return it as non-negative integers."""
        ...

    @classmethod
    def from_numbers(cls, numbers: list[int]) -> Self:
        """Invert `to_numbers`. Raise ValueError for numbers that no position has."""
        ...


class Position(NamedTuple):
    """A place of one segment of a connection.

    `offset` is the upstream's: it counts items that had to be left out. `promotion_id` is None
    where the item is one of those. `before` and `after` are the ids of up to three readable items
    on either side, the nearest first. `repaired` is the number of places by which repair has taken
    pagination back so far.
    """

    segment: int
    offset: int
    promotion_id: int | None
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    repaired: int = 0

    def to_numbers(self) -> list[int]:
        """Return the position as non-negative integers."""
        return [
            self.segment,
            self.offset,
            self.repaired,
            0 if self.promotion_id is None else self.promotion_id + 1,
            len(self.before) * (NEIGHBOURS + 1) + len(self.after),
            *self._steps(self.before),
            *self._steps(self.after),
        ]

    def _steps(self, ids: tuple[int, ...]) -> list[int]:
        """Return the differences from id to id, which are small for successive ids."""
        last, steps = self.promotion_id or 0, []
        for id_ in ids:
            steps.append(fold(id_ - last))
            last = id_
        return steps

    @classmethod
    def from_numbers(cls, numbers: list[int]) -> Self:
        """Invert `to_numbers`. Raise ValueError for numbers that no position has."""
        segment, offset, repaired, item, counts, *steps = numbers
        before, after = divmod(counts, NEIGHBOURS + 1)
        if before > NEIGHBOURS or len(steps) != before + after:
            raise ValueError("there are too many neighbours, or too few")
        if offset >= _MAX_OFFSET or repaired > MAX_REPAIR + _MAX_STEP:
            raise ValueError("it is too far away")
        promotion_id = item - 1 if item else None
        neighbours = (
            _sums(promotion_id or 0, steps[:before]),
            _sums(promotion_id or 0, steps[before:]),
        )
        ids = (*neighbours[0], *neighbours[1], promotion_id or 0)
        if not all(0 <= id_ <= MAX_ID for id_ in ids):
            raise ValueError("this is no id")
        return cls(segment, offset, promotion_id, *neighbours, repaired)


def _sums(start: int, steps: list[int]) -> tuple[int, ...]:
    """Return the running sums of folded differences."""
    return tuple(accumulate(map(unfold, steps), initial=start))[1:]


def encode(numbers: Iterable[int]) -> bytes:
    """Encode non-negative integers, one after the other."""
    encoded = bytearray()
    for number in numbers:
        rest = number
        while rest > 0x7F:
            encoded.append(rest & 0x7F | 0x80)
            rest >>= 7
        encoded.append(rest)
    return bytes(encoded)


def decode(raw: bytes) -> list[int]:
    """Decode all integers. Raise ValueError where the last one is cut short or one is too long."""
    numbers: list[int] = []
    number, shift = 0, 0
    for byte in raw:
        number |= (byte & 0x7F) << shift
        if byte & 0x80:
            shift += 7
            if shift >= 7 * _MAX_BYTES:
                raise ValueError("the number is too long")
        else:
            numbers.append(number)
            number, shift = 0, 0
    if shift:
        raise ValueError("the last number is cut short")
    return numbers


def fold(number: int) -> int:
    """Map an integer to a non-negative one."""
    return number * 2 if number >= 0 else -number * 2 - 1


def unfold(number: int) -> int:
    """Invert `fold`."""
    return -(number + 1) // 2 if number % 2 else number // 2
