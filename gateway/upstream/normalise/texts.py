"""JSON of any shape as the text that the graph has for it, its numbers digit by digit."""

import msgspec
from msgspec import Raw

from gateway.upstream.decoding.json_text import whole

_EMPTY = {b"", b"null", b"{}", b"[]", b'""'}
_ENTRIES = msgspec.json.Decoder(list[Raw])
_BY_KEY = msgspec.json.Decoder(dict[str, Raw])
_NOTHING_MORE = _EMPTY | {b"false"}


def compact(raw: Raw | None) -> bytes:
    """Return JSON without blanks between its parts; nothing where it is nested too deep."""
    json = b"" if raw is None else bytes(raw)
    try:
        return json and msgspec.json.format(json, indent=-1)
    except msgspec.DecodeError:  # for half a character
        return msgspec.json.format(whole(json), indent=-1)
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
