"""Whole numbers as few bytes: seven bits a byte, the lowest first, the eighth says there is more.

What may be negative is folded first (0, -1, 1, -2 become 0, 1, 2, 3), so that the difference of two
neighbouring ids takes a byte or two.
"""

from collections.abc import Iterable

_LONGEST = 10  # bytes of a number of 64 bits


def encode(numbers: Iterable[int]) -> bytes:
    """Write numbers of 0 and more, one after the other."""
    written = bytearray()
    for number in numbers:
        rest = number
        while rest > 0x7F:
            written.append(rest & 0x7F | 0x80)
            rest >>= 7
        written.append(rest)
    return bytes(written)


def decode(raw: bytes) -> list[int]:
    """Read all numbers. Raises ValueError where the last one is cut short or one is too long."""
    numbers: list[int] = []
    number, shift = 0, 0
    for byte in raw:
        number |= (byte & 0x7F) << shift
        if byte & 0x80:
            shift += 7
            if shift >= 7 * _LONGEST:
                raise ValueError("the number is too long")
        else:
            numbers.append(number)
            number, shift = 0, 0
    if shift:
        raise ValueError("the last number is cut short")
    return numbers


def fold(number: int) -> int:
    """Make a number of either sign one of 0 and more."""
    return number * 2 if number >= 0 else -number * 2 - 1


def unfold(number: int) -> int:
    """Undo `fold`."""
    return -(number + 1) // 2 if number % 2 else number // 2
