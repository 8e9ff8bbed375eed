"""Faults in the JSON of the original response, which stays the same otherwise.

Only successful responses are changed.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.responses import Response

from gateway.sandbox.faults.mode import Call, payload_of, with_body
from gateway.sandbox.responses import again, encode

ALL = "*"
ENUMS = frozenset(
    {
        "pointsOfferType",
        "eventName",
        "kpi",
        "limitOn",
        "type",
        "periodType",
        "periodUnit",
        "promotionStatus",
        "loyaltyEarningType",
        "promotionType",
        "promotionMode",
        "status",
        "event",
        "combinationType",
        "entityScope",
        "granularity",
        "actionType",
        "limitType",
    }
)
UNKNOWN_WORD = "SOMETHING_NEW"
UNKNOWN_ID = "HiddenGemDefaultProgram_ID"  # a documented program id that is no number
_MARK = "(the fault is inserted here)"
_RETYPED: dict[str, Callable[[Any], Any]] = {
    "object": lambda value: {"value": value},
    "array": lambda value: [value],
    "text": lambda _value: "garbage",
    "number": lambda _value: 12345,
    "boolean": lambda _value: True,
}
TYPES = tuple(_RETYPED)

Change = Callable[[dict[str, Any], str], None]


async def changed(call: Call, change: Callable[[Any], Any]) -> Response:
    """Return the original response with its payload changed."""
    response = await call.original_response()
    if response.status_code != 200:
        return response
    return with_body(response, msgspec.json.encode(change(payload_of(response))))


def each(node: Any, matches: Callable[[str, Any], bool], change: Change) -> None:
    """Change every member that matches, at any depth, but not inside a changed one."""
    if isinstance(node, list):
        for item in node:
            each(item, matches, change)
    elif isinstance(node, dict):
        for name in list(node):
            if matches(name, node[name]):
                change(node, name)
            else:
                each(node[name], matches, change)


def _named(key: str) -> Callable[[str, Any], bool]:
    """Return a predicate for the members of that name; `*` means all scalars."""
    if key == ALL:
        return lambda _name, value: not isinstance(value, dict | list)
    return lambda name, _value: name == key


async def _change_members(call: Call, matches: Callable[[str, Any], bool], how: Change) -> Response:
    def change(payload: Any) -> Any:
        each(_part(payload, call.options["item"]), matches, how)
        return payload

    return await changed(call, change)


def _part(payload: Any, index: int | None) -> Any:
    """Return one item of the page in a list, or the whole payload for None."""
    return payload if index is None else items_of(payload)[index : index + 1]


def items_of(payload: Any) -> list[Any]:
    """Return the items of a page of any list, itself and not a copy; [] for anything else."""
    found = payload.get("promotions", payload.get("data"))
    if isinstance(found, dict):
        found = found.get("content")
    return found if isinstance(found, list) else []


async def missing(call: Call) -> Response:
    """Remove a key, at any depth."""
    return await _change_members(
        call, _named(call.options["missing"]), lambda holder, name: holder.pop(name)
    )


async def null(call: Call) -> Response:
    """Set a key to null, at any depth."""

    def nothing(holder: dict[str, Any], name: str) -> None:
        holder[name] = None

    return await _change_members(call, _named(call.options["null"]), nothing)


async def retype(call: Call) -> Response:
    """Change the type of a key's value, at any depth."""
    convert = _RETYPED[call.options["as"]]

    def other(holder: dict[str, Any], name: str) -> None:
        holder[name] = convert(holder[name])

    return await _change_members(call, _named(call.options["retype"]), other)


async def unknown_enum(call: Call) -> Response:
    """Replace an enum's value, or those of all enums, by an unknown one."""
    key = call.options["unknown_enum"]
    keys = ENUMS if key is None else {key}

    def unknown(holder: dict[str, Any], name: str) -> None:
        holder[name] = UNKNOWN_WORD

    return await _change_members(
        call, lambda name, value: name in keys and isinstance(value, str), unknown
    )


async def id_words(call: Call) -> Response:
    """Write the ids that are numbers as text, or as a word."""
    key, is_word = call.options["id_words"], call.options["as"] == "word"

    def matches(name: str, value: Any) -> bool:
        is_id = name == "id" or name.endswith(("Id", "ID")) if key == ALL else name == key
        return is_id and isinstance(value, int)

    def word(holder: dict[str, Any], name: str) -> None:
        holder[name] = UNKNOWN_ID if is_word else str(holder[name])

    return await _change_members(call, matches, word)


async def duplicate_keys(call: Call) -> Response:
    """Write a key twice, first with null; the last one counts, as in most readers of JSON."""
    key = call.options["duplicate_keys"]

    def repeated(node: Any) -> Any:
        if isinstance(node, list):
            return [repeated(item) for item in node]
        if not isinstance(node, dict):
            return node
        members: dict[str, Any] = {}
        for name, value in node.items():
            if key in {ALL, name}:
                members |= {name: None, again(name): repeated(value)}
            else:
                members[name] = repeated(value)
        return members

    response = await call.original_response()
    if response.status_code != 200:
        return response
    return with_body(response, encode(repeated(payload_of(response))))


async def array(call: Call) -> Response:
    """Wrap the payload in a list."""
    return await changed(call, lambda payload: [payload])


async def cut_json(call: Call) -> Response:
    """Truncate the JSON; the HTTP response is complete."""
    response = await call.original_response()
    body = bytes(response.body)
    return with_body(response, body[: min(int(len(body) * call.options["at"]), len(body) - 1)])


async def deep(call: Call) -> Response:
    """Replace a key's value by so many nested lists."""
    levels = call.options["deep"]
    return await _put_raw(call, call.options["key"], b"[" * levels + b"]" * levels)


async def digits(call: Call) -> Response:
    """Replace a key's value by an integer of so many digits."""
    return await _put_raw(call, call.options["key"], b"9" * call.options["digits"])


async def surrogate(call: Call) -> Response:
    """Append half a surrogate pair, escaped, to a key's strings."""
    is_named = _named(call.options["surrogate"])

    def mark(holder: dict[str, Any], name: str) -> None:
        holder[name] += _MARK

    def marked(payload: Any) -> Any:
        each(payload, lambda name, value: is_named(name, value) and isinstance(value, str), mark)
        return payload

    response = await changed(call, marked)
    if response.status_code != 200:
        return response
    return with_body(response, bytes(response.body).replace(_MARK.encode(), rb"\ud83d"))


async def invalid_utf8(call: Call) -> Response:
    """Replace a key's value by a string that is not UTF-8."""
    return await _put_raw(call, call.options["invalid_utf8"], b'"no UTF-8: \xff\xc0\x80."')


async def _put_raw(call: Call, key: str, raw: bytes) -> Response:
    """Replace a key's value by raw bytes; add the key to the payload if it is absent."""

    def mark(holder: dict[str, Any], name: str) -> None:
        holder[name] = _MARK

    def marked(payload: Any) -> Any:
        each(payload, _named(key), mark)
        return payload

    response = await changed(call, marked)
    if response.status_code != 200:
        return response
    body, quoted = bytes(response.body), msgspec.json.encode(_MARK)
    if quoted not in body:
        body = b"{" + msgspec.json.encode(key) + b":" + quoted + b"," + body[1:]
    return with_body(response, body.replace(quoted, raw))
