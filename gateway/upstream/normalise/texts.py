"""JSON of any shape as the graph shows it: as text, with numbers digit by digit, or as JSON."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from gateway.upstream.decoding.json_text import NotJsonError, parse_json, without_lone_surrogates

_EMPTY = {b"", b"null", b"{}", b"[]", b'""'}
_ENTRIES = msgspec.json.Decoder(list[Raw])
_BY_KEY = msgspec.json.Decoder(dict[str, Raw])
_NO_VALUE = _EMPTY | {b"false"}
_MAX_DEPTH = 500


class PropertyEntry(NamedTuple):
    """One entry of a map, which the graph shows as a list."""

    name: str
    value: Any


def compact(raw: Raw | None) -> bytes:
    """Return JSON without whitespace between its parts; ``b""`` where it is nested too deep."""
    json = b"" if raw is None else bytes(raw)
    try:
        return json and msgspec.json.format(json, indent=-1)
    except msgspec.DecodeError:  # for a lone surrogate
        return msgspec.json.format(without_lone_surrogates(json), indent=-1)
    except RecursionError:
        return b""


def json_text(raw: Raw | None) -> str | None:
    """Return a string as it is, null as None, and anything else as JSON: 1.10, true, {"a":1}."""
    json = compact(raw)
    if json in {b"", b"null"}:
        return None
    if json[:1] != b'"':
        return json.decode(errors="replace")
    text: str = msgspec.json.decode(json)
    return text


def word_or_json(raw: Raw | None) -> str | None:
    """Return what `json_text` does, but None also for an empty list or object."""
    return None if compact(raw) in {b"{}", b"[]"} else json_text(raw)


def type_word(raw: Raw | None) -> str | None:
    """Return the ``typeName`` of an object that has no other value, else the JSON.

    See docs/platform.md#structs-for-words.
    """
    keys = _keys(raw)
    name = keys.pop("typeName", None)
    if name is not None and all(compact(value) in _NO_VALUE for value in keys.values()):
        return word_or_json(name)
    return word_or_json(raw)


def scope_words(raw: Raw | None) -> list[str]:
    """Return the words of ``scope``, without duplicates (docs/platform.md#scope).

    It is a word or an object with a ``type``, or a list of them. An object without a type is shown
    as JSON.
    """
    words = (word_or_json(_keys(entry).get("type")) or word_or_json(entry) for entry in _list(raw))
    return list(dict.fromkeys(word for word in words if word))


def json_texts(raw: Raw | None) -> list[str]:
    """Return each entry of a list as `json_text` does; a single value is a list of one."""
    return [text for entry in _list(raw) if (text := json_text(entry)) is not None]


def _list(raw: Raw | None) -> list[Raw]:
    json = compact(raw)
    if json[:1] == b"[":
        return _ENTRIES.decode(json)
    return [] if json in _EMPTY else [Raw(json)]


def _keys(raw: Raw | None) -> dict[str, Raw]:
    json = compact(raw)
    return _BY_KEY.decode(json) if json[:1] == b"{" else {}


def entries(raw: Mapping[str, Any] | None) -> list[PropertyEntry]:
    """Return the entries of a map; None has none."""
    return [PropertyEntry(*item) for item in (raw or {}).items()]


def expression_tree(raw: Raw) -> Any:
    """Parse ``expJSON``: JSON, also in a string (docs/platform.md#expression-json); else None."""
    try:
        tree = parse_json(compact(raw))
        return passed_through(msgspec.json.decode(tree) if isinstance(tree, str) else tree)
    except (NotJsonError, msgspec.DecodeError, RecursionError):
        return None


def passed_through(raw: Any) -> Any:
    """Return a JSON value unchanged; None where it is nested too deep to be encoded."""
    level = [raw]
    for _ in range(_MAX_DEPTH):
        level = [child for value in level for child in _children(value)]
        if not level:
            return raw
    return None


def passed_through_each(raw: list[Any] | None) -> list[Any]:
    """Return the values of a list as `passed_through` does, without null."""
    return [value for value in map(passed_through, raw or ()) if value is not None]


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
