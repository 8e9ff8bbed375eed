r"""Bytes to JSON values, where the fast decoder has given up.

msgspec refuses a whole body for one number past the largest float, for one of thousands of digits,
or for half of an emoji (``"\ud83d"``, which Java writes where it cuts a text). All of these are
JSON, so each must cost no more than the leaf that it stands in.
"""

import json
import math
import re
from typing import Any, NoReturn

_LONGEST_INTEGER = 400
_ESCAPE = re.compile(
    r"\\(?:u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}"  # a pair: one character
    r"|(?P<half>u[Dd][89A-Fa-f][0-9A-Fa-f]{2})"
    r"|.)",
    re.DOTALL,
)


class NotJsonError(ValueError):
    """The bytes are not JSON in UTF-8, or are nested too deep."""


def parse_json(body: bytes) -> Any:
    """Parse a body; a number too large for a float becomes infinite, half a character U+FFFD.

    Raises NotJsonError.
    """
    try:
        text = _ESCAPE.sub(_whole, body.decode("utf-8-sig"))
        return json.loads(text, parse_int=_integer, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise NotJsonError from None


def _whole(escape: re.Match[str]) -> str:
    return r"\ufffd" if escape["half"] else escape[0]


def _integer(digits: str) -> float:
    return int(digits) if len(digits) < _LONGEST_INTEGER else math.inf


def _refuse(constant: str) -> NoReturn:
    raise NotJsonError(constant)
