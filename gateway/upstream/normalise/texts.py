"""JSON of any shape as the graph shows it: text with its numbers digit by digit, or JSON."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from gateway.upstream.decoding.json_text import NotJsonError, parse_json, without_lone_surrogates

_EMPTY = {b"", b"null", b"{}", b"[]", b'""'}
_ENTRIES = msgspec.json.Decoder(list[Raw])
_BY_KEY = msgspec.json.Decoder(dict[str, Raw])
_NOTHING_MORE = _EMPTY | {b"false"}
_MAX_DEPTH = 500


class Entry(NamedTuple):
    """One entry of a map: the graph has lists where the wire has maps."""

    name: str
    value: Any


def compact(raw: Raw | None) -> bytes:
    """Return JSON without blanks between its parts; nothing where it is nested too deep."""
    json = b"" if raw is None else bytes(raw)
    try:
        return json and msgspec.json.format(json, indent=-1)
    except msgspec.DecodeError:  # for half a character
        return msgspec.json.format(without_lone_surrogates(json), indent=-1)
    except RecursionError:
        return b""


def json_text(raw: Raw | None) -> str | None:
    """Return a text as it is, and anything else but null as compact JSON: 1.10, true, {"a":1}."""
    json = compact(raw)
    if json in {b"", b"null"}:
        return None
    if json[:1] != b'"':
        return json.decode(errors="replace")
    text: str = msgspec.json.decode(json)
    return text


def word_or_json(raw: Raw | None) -> str | None:
    """Return what there is as `json_text` does; an empty list or object is nothing."""
    return None if compact(raw) in {b"{}", b"[]"} else json_text(raw)


def type_word(raw: Raw | None) -> str | None:
    """Return the ``typeName`` of a type that is an object and says nothing else, else its JSON."""
    keys = _keys(raw)
    name = keys.pop("typeName", None)
    if name is not None and all(compact(value) in _NOTHING_MORE for value in keys.values()):
        return word_or_json(name)
    return word_or_json(raw)


def scope_words(raw: Raw | None) -> list[str]:
    """Return the words of ``scope``: a list of words or of objects with a ``type``, or one of them.

    An object without a type is shown as JSON. What applies twice is said once.
    """
    words = (word_or_json(_keys(entry).get("type")) or word_or_json(entry) for entry in _list(raw))
    return list(dict.fromkeys(word for word in words if word))


def json_texts(raw: Raw | None) -> list[str]:
    """Return each entry of a list as `json_text` does; one value alone is a list of one."""
    return [text for entry in _list(raw) if (text := json_text(entry)) is not None]


def _list(raw: Raw | None) -> list[Raw]:
    json = compact(raw)
    if json[:1] == b"[":
        return _ENTRIES.decode(json)
    return [] if json in _EMPTY else [Raw(json)]


def _keys(raw: Raw | None) -> dict[str, Raw]:
    json = compact(raw)
    return _BY_KEY.decode(json) if json[:1] == b"{" else {}


def entries(raw: Mapping[str, Any] | None) -> list[Entry]:
    """Return a map's entries; null is an empty map."""
    return [Entry(*item) for item in (raw or {}).items()]


def expression_tree(raw: Raw) -> Any:
    """Parse ``expJSON``: JSON inside a string, or the tree itself; null where it is neither."""
    try:
        tree = parse_json(compact(raw))
        return passed_through(msgspec.json.decode(tree) if isinstance(tree, str) else tree)
    except (NotJsonError, msgspec.DecodeError, RecursionError):
        return None


def passed_through(raw: Any) -> Any:
    """Return JSON as the upstream has it; null where it is nested too deep to be written again."""
    level = [raw]
    for _ in range(_MAX_DEPTH):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return raw
    return None


def passed_through_each(raw: list[Any] | None) -> list[Any]:
    """Return a list's values as `passed_through` does, without those that are null."""
    return [value for value in map(passed_through, raw or ()) if value is not None]


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
