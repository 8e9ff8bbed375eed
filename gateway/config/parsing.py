"""Conversions between settings and text: values read and written, allowed values described."""

import re
from collections.abc import Callable
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

PREFIX = "GATEWAY_"
MASK = "********"


def allow(description: str, *, file: bool = False) -> dict[str, Any]:
    """Return a field's metadata that describes its allowed values where its type does not.

    With `file` the value may stand in a file, as a secret's (`secret_files.py`).
    """
    return {"allowed": description, "file": file}


def split_words(value: object) -> object:
    """Return the distinct items of a comma-separated text; any other value as it is."""
    if not isinstance(value, str):
        return value
    return list(dict.fromkeys(word.strip() for word in value.split(",") if word.strip()))


def unless_empty(check: Callable[[str], object]) -> Callable[[str], str]:
    """Return a validator that calls `check`, which raises ValueError, unless the value is ""."""

    def validate(value: str) -> str:
        if value:
            check(value)
        return value

    return validate


def allowed_values(field: FieldInfo) -> str:
    """Return what a field may hold, as text that follows "it must be"."""
    if isinstance(field.json_schema_extra, dict):
        return str(field.json_schema_extra["allowed"])
    kind, words = field.annotation, allowed_words(field.annotation)
    if kind is bool:
        return "true or false"
    if get_origin(kind) in {tuple, frozenset}:
        minimum = "at least one, " if get_origin(kind) is tuple else ""
        return f"comma-separated words, {minimum}each one of {', '.join(words)}"
    if words:
        return f"one of {', '.join(words)}"
    if kind in {int, float}:
        return ("a whole number " if kind is int else "a number ") + _bounds(field)
    return "a text"


def bounds(field: FieldInfo) -> dict[str, float]:
    """Return the bounds of a number: `ge`, `gt` and `le`, as far as it has them."""
    return {
        name: getattr(constraint, name)
        for constraint in field.metadata
        for name in ("ge", "gt", "le")
        if hasattr(constraint, name)
    }


def _bounds(field: FieldInfo) -> str:
    of = bounds(field)
    minimum = f"from {of['ge']} to" if "ge" in of else f"above {of['gt']} and at most"
    return f"{minimum} {of['le']}"


def allowed_words(kind: Any) -> list[str]:
    """Return the words of an enum, a Literal or a collection of either; [] for other types."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(member.value) for member in kind]
    arguments = [argument for argument in get_args(kind) if argument is not Ellipsis]
    if get_origin(kind) is Literal:
        return [str(word) for word in arguments]
    return [word for argument in arguments for word in allowed_words(argument)]


def to_text(value: object) -> str:
    """Return a value as the environment would have it; secrets are masked, in URLs too."""
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | frozenset):
        words = map(to_text, value)
        return ",".join(sorted(words) if isinstance(value, frozenset) else words)
    if isinstance(value, Enum):
        return str(value.value)
    return _mask_url(str(value)) if "://" in str(value) else str(value)


def _mask_url(text: str) -> str:
    """Mask the user and password of a URL, the values of its query, and its fragment."""
    masked = re.sub(r"//.*@", f"//{MASK}@", text)  # up to the last @: a password may hold any
    masked = re.sub(r"(#).+", rf"\1{MASK}", masked)
    masked = re.sub(r"([?&])[^=&#]+(?=[&#]|$)", rf"\1{MASK}", masked)
    return re.sub(r"([?&][^=&#]+=)[^&#]+", rf"\1{MASK}", masked)
