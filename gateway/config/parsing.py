"""What a setting's value may be, in words: from its type and its bounds."""

import re
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

SourceTypeName = Literal[
    "UI",
    "IMPORT",
    "GOODWILL",
    "CAMPAIGN",
    "POINTS_TRANSFER",
    "IMPORT_API",
    "PROMOTION_API",
    "POINTS_CONTRIBUTION_TO_GROUP",
    "MANUAL_POINTS_ADJUSTMENT",
    "BADGES",
    "USER_CREATED",
]
"""The legacy list's source types: what a setting may name, as `wire/vocabulary.py` has them."""


def split_words(value: object) -> object:
    """Read a list as the environment writes it: words with commas between them, each once.

    Anything but a text is left to whoever checks it.
    """
    if not isinstance(value, str):
        return value
    return list(dict.fromkeys(word.strip() for word in value.split(",") if word.strip()))


def allowed_values(field: FieldInfo) -> str:
    """Say what a field may hold, in words that follow "it must be"."""
    kind, words = field.annotation, _words(field.annotation)
    if kind is bool:
        return "true or false"
    if get_origin(kind) in {tuple, frozenset}:
        least = "at least one, " if get_origin(kind) is tuple else ""
        return f"words with commas between them, {least}each one of {', '.join(words)}"
    if words:
        return f"one of {', '.join(words)}"
    if kind in {int, float}:
        return ("a whole number " if kind is int else "a number ") + _bounds(field)
    return "a text"


def _bounds(field: FieldInfo) -> str:
    bounds = {
        name: getattr(one, name)
        for one in field.metadata
        for name in ("ge", "gt", "le")
        if hasattr(one, name)
    }
    least = f"from {bounds['ge']} to" if "ge" in bounds else f"above {bounds['gt']} and at most"
    return f"{least} {bounds['le']}"


def _words(kind: Any) -> list[str]:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(member.value) for member in kind]
    arguments = [one for one in get_args(kind) if one is not Ellipsis]
    if get_origin(kind) is Literal:
        return [str(word) for word in arguments]
    return [word for one in arguments for word in _words(one)]


def shown(value: object) -> str:
    """Write a value as the environment would have it, secrets masked, those in URLs as well."""
    if isinstance(value, SecretStr):
        return "********" if value.get_secret_value() else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | frozenset):
        words = map(shown, value)
        return ",".join(sorted(words) if isinstance(value, frozenset) else words)
    if isinstance(value, Enum):
        return str(value.value)
    return re.sub(r"//[^@/]*@", "//********@", str(value))
