"""Variable-length integers: seven bits a byte, lowest first; the eighth bit marks that more follow.

Signed integers are folded first (0, -1, 1, -2 become 0, 1, 2, 3), so that the difference of two
neighbouring ids takes a byte or two.
"""

from collections.abc import Iterable

_MAX_BYTES = 10  # of an integer of 64 bits


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
