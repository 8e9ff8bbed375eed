r"""Parsing JSON that msgspec rejects although it is valid.

msgspec rejects a whole body for one number beyond the largest float, for one of thousands of
digits, or for a lone surrogate (``"\ud83d"``, which Java writes where it truncates a string). Each
of these is JSON, and must cost no more than the leaf it is in.
"""

import json
import math
import re
from typing import Any, NoReturn

import msgspec

_MAX_INTEGER_DIGITS = 400
_ESCAPE = re.compile(
    r"\\(?:u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}"  # a pair: one character
    r"|(?P<lone>u[Dd][89A-Fa-f][0-9A-Fa-f]{2})"
    r"|.)",
    re.DOTALL,
)
_SURROGATE = re.compile(r"\\u[Dd][89A-Fa-f]")


class NotJsonError(ValueError):
    """The bytes are not JSON in UTF-8, or are nested too deep."""


class Number:
    """A JSON number as it is written: 1.10 is neither 1.1 nor "1.10"."""

    __slots__ = ("digits",)

    def __init__(self, digits: str) -> None:
        self.digits = digits


def without_lone_surrogates(body: bytes) -> bytes:
    """Return a body without its byte order mark, and with U+FFFD for each lone surrogate.

    Raise NotJsonError where it is not UTF-8.
    """
    try:
        text = body.decode("utf-8-sig")
    except ValueError:
        raise NotJsonError from None
    return (_ESCAPE.sub(_replace_lone, text) if _SURROGATE.search(text) else text).encode()


def parse_json(body: bytes) -> Any:
    """Parse a body; numbers too large for a float become infinite, lone surrogates U+FFFD.

    Raise NotJsonError.
    """
    return _parse(body, parse_int=_integer)


def parse_exactly(body: bytes) -> Any:
    """Parse a body with its numbers as written, each a `Number`; raise NotJsonError."""
    return _parse(body, parse_int=Number, parse_float=Number)


def _parse(body: bytes, **numbers: Any) -> Any:
    try:
        return json.loads(without_lone_surrogates(body), parse_constant=_reject, **numbers)
    except (ValueError, RecursionError):
        raise NotJsonError from None


def write_json(value: Any) -> bytes:
    """Encode what `parse_exactly` returned, its numbers digit by digit.

    Raise RecursionError where it is nested too deep.
    """
    return msgspec.json.encode(value, enc_hook=_raw_number)


def _raw_number(number: Any) -> msgspec.Raw:
    if not isinstance(number, Number):
        raise TypeError("only parsed JSON can be encoded")
    return msgspec.Raw(number.digits.encode())


def _replace_lone(escape: re.Match[str]) -> str:
    return r"\ufffd" if escape["lone"] else escape[0]


def _integer(digits: str) -> float:
    return int(digits) if len(digits) < _MAX_INTEGER_DIGITS else math.inf


def _reject(constant: str) -> NoReturn:
    raise NotJsonError(constant)
