r"""Bytes to JSON values, where the fast decoder has given up.

msgspec refuses a whole body for one number past the largest float, for one of thousands of digits,
or for half of an emoji (``"\ud83d"``, which Java writes where it cuts a text). All of these are
JSON, so each must cost no more than the leaf that it stands in.
"""

import json
import math
import re
from typing import Any, NoReturn

import msgspec

_LONGEST_INTEGER = 400
_ESCAPE = re.compile(
    r"\\(?:u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}"  # a pair: one character
    r"|(?P<half>u[Dd][89A-Fa-f][0-9A-Fa-f]{2})"
    r"|.)",
    re.DOTALL,
)
_MAY_BE_HALF = re.compile(r"\\u[Dd][89A-Fa-f]")


class NotJsonError(ValueError):
    """The bytes are not JSON in UTF-8, or are nested too deep."""


class Number:
    """A JSON number as it is written: 1.10 is neither 1.1 nor "1.10"."""

    __slots__ = ("digits",)

    def __init__(self, digits: str) -> None:
        self.digits = digits


def whole(body: bytes) -> bytes:
    """Return a body without its byte order mark, with U+FFFD for each half of a character.

    Raises NotJsonError where it is not UTF-8.
    """
    try:
        text = body.decode("utf-8-sig")
    except ValueError:
        raise NotJsonError from None
    return (_ESCAPE.sub(_whole, text) if _MAY_BE_HALF.search(text) else text).encode()


def parse_json(body: bytes) -> Any:
    """Parse a body; a number too large for a float becomes infinite, half a character U+FFFD.

    Raises NotJsonError.
    """
    return _parse(whole(body), parse_int=_integer)


def parse_exactly(body: bytes) -> Any:
    """Parse a body, its numbers as they are written: each is a `Number`. Raises NotJsonError."""
    return _parse(whole(body), parse_int=Number, parse_float=Number)


def _parse(body: bytes, **numbers: Any) -> Any:
    try:
        return json.loads(body, parse_constant=_refuse, **numbers)
    except (ValueError, RecursionError):
        raise NotJsonError from None


def write_json(value: Any) -> bytes:
    """Write what `parse_exactly` has parsed, its numbers digit by digit.

    Raises RecursionError where it is nested too deep.
    """
    return msgspec.json.encode(value, enc_hook=_digits)


def _digits(number: Any) -> msgspec.Raw:
    if not isinstance(number, Number):
        raise TypeError("only what has been parsed from JSON can be written as JSON")
    return msgspec.Raw(number.digits.encode())


def _whole(escape: re.Match[str]) -> str:
    return r"\ufffd" if escape["half"] else escape[0]


def _integer(digits: str) -> float:
    return int(digits) if len(digits) < _LONGEST_INTEGER else math.inf


def _refuse(constant: str) -> NoReturn:
    raise NotJsonError(constant)
