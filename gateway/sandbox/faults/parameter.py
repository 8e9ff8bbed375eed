"""What may stand in a fault's text: named parameters, each with what is allowed."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

_SHOWN = 60


class FaultError(ValueError):
    """A fault's text is not one; the message is one line that says what is allowed."""


class _Required:
    """Marks a parameter without default."""


REQUIRED: Final = _Required()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: `read` gives its value, or raises ValueError for what is not `allowed`."""

    name: str
    allowed: str
    read: Callable[[str], Any]
    default: Any = REQUIRED

    def value_of(self, text: str) -> Any:
        """Read the parameter. Raises FaultError, which names it and says what is allowed."""
        try:
            return self.read(text)
        except ValueError:
            raise FaultError(f"{self.name}={shown(text)}: it may be {self.allowed}") from None


def shown(text: str) -> str:
    """Shorten what somebody wrote to what fits an error's one line."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[:_SHOWN] + "…"


def whole(name: str, low: int, high: int, default: Any = REQUIRED) -> Parameter:
    """Make a parameter that is a whole number."""

    def read(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text) or not low <= int(text) <= high:
            raise ValueError
        return int(text)

    return Parameter(name, f"a whole number from {low} to {high}", read, default)


def fraction(name: str, default: float) -> Parameter:
    """Make a parameter from 0 to 1."""

    def read(text: str) -> float:
        if not re.fullmatch(r"[01]|[01]?\.[0-9]{1,9}", text) or float(text) > 1:
            raise ValueError
        return float(text)

    return Parameter(name, "a number from 0 to 1", read, default)


def word(name: str, *allowed: str, default: Any = REQUIRED) -> Parameter:
    """Make a parameter that is one of a few words."""

    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError
        return text

    return Parameter(name, " or ".join(allowed), read, default)


def text(name: str, allowed: str, default: Any = REQUIRED) -> Parameter:
    """Make a parameter that is any printable ASCII text, so that it fits a header."""

    def read(given: str) -> str:
        if not given or not given.isascii() or not given.isprintable():
            raise ValueError
        return given

    return Parameter(name, allowed, read, default)
