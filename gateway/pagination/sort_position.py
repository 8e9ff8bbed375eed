"""The position of a cursor in a sorted list: a sort key and an id, which no other item moves."""

from typing import NamedTuple, Self

from gateway.pagination.position import MAX_ID, fold, unfold

MAX_KEY_LENGTH = 64
"""The length of the longest text that is a sort key; a longer text is cut."""

_NULL, _NUMBER, _TEXT = range(3)
_MAX_NUMBER = 2**53
_MAX_CODE_POINT = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)

SortKey = int | str | None


class SortPosition(NamedTuple):
    """A place of a sorted list: the item's sort key, and its two ids, by which equal keys follow.

    The key is None where the item has none; in a list in the order of ids no item has one.
    """

    key: SortKey
    promotion_id: int
    program_id: int

    def to_numbers(self) -> list[int]:
        """Return the position as non-negative integers."""
        ids = [self.promotion_id, self.program_id]
        if self.key is None:
            return [*ids, _NULL]
        if isinstance(self.key, str):
            return [*ids, _TEXT, *map(ord, self.key)]
        return [*ids, _NUMBER, fold(self.key)]

    @classmethod
    def from_numbers(cls, numbers: list[int]) -> Self:
        """Invert `to_numbers`. Raise ValueError for numbers that no position has."""
        promotion_id, program_id, kind, *values = numbers
        if max(promotion_id, program_id) > MAX_ID:
            raise ValueError("this is no id")
        key: SortKey = None
        if kind == _TEXT:
            if len(values) > MAX_KEY_LENGTH or not all(map(_is_character, values)):
                raise ValueError("this is no text")
            key = "".join(map(chr, values))
        elif kind == _NUMBER:
            (folded,) = values
            key = unfold(folded)
            if abs(key) > _MAX_NUMBER:
                raise ValueError("this is no instant")
        elif kind != _NULL or values:
            raise ValueError("this is no key")
        return cls(key, promotion_id, program_id)

    def precedes(self, other: "SortPosition", *, is_descending: bool) -> bool:
        """Whether this is before another position in a list; places without a key are the last."""
        key, other_key = self.key, other.key
        if key == other_key:
            return self[1:] < other[1:]
        if key is None or other_key is None:
            return other_key is None
        is_less: bool = key < other_key  # type: ignore[operator]  # keys of a list have one type
        return is_less is not is_descending


def _is_character(code: int) -> bool:
    return code <= _MAX_CODE_POINT and code not in _SURROGATES


def sort_positions(positions: list[SortPosition], *, is_descending: bool) -> list[int]:
    """Return the indices of positions in the order of `precedes`."""
    by_id = sorted(range(len(positions)), key=lambda index: positions[index][1:])
    known = [index for index in by_id if positions[index].key is not None]
    known.sort(key=lambda index: positions[index].key, reverse=is_descending)  # type: ignore[arg-type,return-value]  # as in `precedes`
    return [*known, *(index for index in by_id if positions[index].key is None)]
