"""Global ids: opaque, and never with a mobile number or an e-mail in them."""

import base64
import binascii
import re
from binascii import b2a_base64

from gateway.errors import BadUserInputError
from gateway.upstream.normalise.enums import CustomerSource

_PARTS = {"Customer": 2, "CustomerPromotion": 4, "Promotion": 2, "Program": 1}
_DIGITS = re.compile(r"[0-9]{1,19}")
_CANONICAL = re.compile(r"0|[1-9][0-9]{0,18}")
_LONGEST = 200
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_MOST_ENDS = 8192


def write_id(type_name: str, *parts: str) -> str:
    """Write a global id: ``Promotion:973:79555`` in base64url."""
    return _base64(":".join((type_name, *parts)))


def _base64(text: str) -> str:
    return b2a_base64(text.encode(), newline=False).translate(_URL_SAFE, b"=").decode()


class PromotionIds:
    """Writes the ids of many promotions that begin alike, and end with two numbers.

    Base64 writes three characters at a time: what is whole of the beginning is written once, and
    the ends recur, whosever they are.
    """

    __slots__ = ("_beginning", "_rest")

    def __init__(self, type_name: str, *parts: str) -> None:
        text = ":".join((type_name, *parts, ""))
        assert text.isascii()  # noqa: S101 - a source's name, and numbers: a character is a byte
        whole = len(text) - len(text) % 3
        self._beginning, self._rest = _base64(text[:whole]), text[whole:]

    def write(self, program_id: int, promotion_id: int) -> str:
        """Write a global id, equal to what `write_id` writes."""
        return self._beginning + _ENDS[self._rest, program_id, promotion_id]


class _Ends(dict[tuple[str, int, int], str]):
    def __missing__(self, end: tuple[str, int, int]) -> str:
        if len(self) >= _MOST_ENDS:
            self.clear()
        rest, program_id, promotion_id = end
        self[end] = written = _base64(f"{rest}{program_id}:{promotion_id}")
        return written


_ENDS = _Ends()


def read_id(argument: str, global_id: str) -> tuple[str, tuple[str, ...]]:
    """Read a global id: its type, and its parts, all numbers but for a customer's source.

    Raises BadUserInputError, which names the argument, for any other text.
    """
    try:
        padded = global_id[:_LONGEST] + "=" * (-len(global_id) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise _not_an_id(argument) from None
    type_name, *parts = text.split(":")
    whole = _PARTS.get(type_name) == len(parts) and write_id(type_name, *parts) == global_id
    numbers = parts
    if whole and type_name.startswith("Customer"):
        source, *numbers = parts
        whole = source in CustomerSource.__members__
    if not whole or not all(map(_CANONICAL.fullmatch, numbers)):
        raise _not_an_id(argument)
    return type_name, tuple(parts)


def is_number(text: str) -> bool:
    """Whether a text can be a number within a global id."""
    return _CANONICAL.fullmatch(text) is not None


def _not_an_id(argument: str) -> BadUserInputError:
    return BadUserInputError(argument, "it must be an `id` from this graph.")


def check_digits(argument: str, value: str) -> str:
    """Return a program's or promotion's id without leading zeros; it may become part of a path.

    The platform's own answers are numbers, so 0973 would never be found in one. Raises
    BadUserInputError where it is not 1 to 19 ASCII digits.
    """
    if not _DIGITS.fullmatch(value):
        raise BadUserInputError(argument, "it must be 1 to 19 digits.")
    return str(int(value))
