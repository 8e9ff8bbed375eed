"""Faults of the JSON: computed from the genuine answer, so that all else in it stays true.

Only successful answers are changed; a refusal goes out as it is.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.responses import Response

from gateway.sandbox.faults.call import Call, payload_of, with_body

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
    }
)
UNKNOWN_WORD = "SOMETHING_NEW"
_LISTS = ("promotions", "data")
_MARK = "(here stands what the fault puts)"
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
    """Answer with what `change` makes of the genuine payload."""
    answer = await call.answer()
    if answer.status_code != 200:
        return answer
    return with_body(answer, msgspec.json.encode(change(payload_of(answer))))


def each(node: Any, wanted: Callable[[str, Any], bool], change: Change) -> None:
    """Change every wanted member, at any depth; what has been changed is not looked into."""
    if isinstance(node, list):
        for item in node:
            each(item, wanted, change)
    elif isinstance(node, dict):
        for name in list(node):
            if wanted(name, node[name]):
                change(node, name)
            else:
                each(node[name], wanted, change)


def _named(key: str) -> Callable[[str, Any], bool]:
    """Tell the members of that name; `*` means all that are neither object nor list."""
    if key == ALL:
        return lambda _name, value: not isinstance(value, dict | list)
    return lambda name, _value: name == key


async def _change_members(call: Call, wanted: Callable[[str, Any], bool], how: Change) -> Response:
    def change(payload: Any) -> Any:
        each(_part(payload, call.options["item"]), wanted, how)
        return payload

    return await changed(call, change)


def _part(payload: Any, index: int | None) -> Any:
    """Return one item of the page, or all of the payload; nothing where the page is shorter."""
    if index is None:
        return payload
    for name in _LISTS:
        if isinstance(payload.get(name), list):
            return payload[name][index : index + 1]
    return []


async def missing(call: Call) -> Response:
    """Leave a key out, wherever it stands."""
    return await _change_members(
        call, _named(call.options["missing"]), lambda holder, name: holder.pop(name)
    )


async def null(call: Call) -> Response:
    """Put null in a key's place, wherever it stands."""

    def nothing(holder: dict[str, Any], name: str) -> None:
        holder[name] = None

    return await _change_members(call, _named(call.options["null"]), nothing)


async def retype(call: Call) -> Response:
    """Change the type of a key's value, wherever it stands."""
    make = _RETYPED[call.options["as"]]

    def other(holder: dict[str, Any], name: str) -> None:
        holder[name] = make(holder[name])

    return await _change_members(call, _named(call.options["retype"]), other)


async def unknown_enum(call: Call) -> Response:
    """Put a word that nobody knows in the place of an enum's, or of all enums'."""
    key = call.options["unknown_enum"]
    keys = ENUMS if key is None else {key}

    def unknown(holder: dict[str, Any], name: str) -> None:
        holder[name] = UNKNOWN_WORD

    return await _change_members(
        call, lambda name, value: name in keys and isinstance(value, str), unknown
    )


async def array(call: Call) -> Response:
    """Answer with a list that holds the object which is due."""
    return await changed(call, lambda payload: [payload])


async def cut_json(call: Call) -> Response:
    """Cut the JSON short; the HTTP answer itself is whole."""
    answer = await call.answer()
    body = bytes(answer.body)
    return with_body(answer, body[: min(int(len(body) * call.options["at"]), len(body) - 1)])


async def deep(call: Call) -> Response:
    """Nest a key's value in so many lists."""
    levels = call.options["deep"]
    return await _put_raw(call, call.options["key"], b"[" * levels + b"]" * levels)


async def digits(call: Call) -> Response:
    """Make a key's value an integer of so many digits."""
    return await _put_raw(call, call.options["key"], b"9" * call.options["digits"])


async def surrogate(call: Call) -> Response:
    """End a key's texts with half of a surrogate pair, escaped as JSON allows.

    The genuine text stays before it, so that whoever reads the rest can be judged by it.
    """
    is_named = _named(call.options["surrogate"])

    def mark(holder: dict[str, Any], name: str) -> None:
        holder[name] += _MARK

    def marked(payload: Any) -> Any:
        each(payload, lambda name, value: is_named(name, value) and isinstance(value, str), mark)
        return payload

    answer = await changed(call, marked)
    if answer.status_code != 200:
        return answer
    return with_body(answer, bytes(answer.body).replace(_MARK.encode(), rb"\ud83d"))


async def invalid_utf8(call: Call) -> Response:
    """Put bytes that are no UTF-8 in a key's text."""
    return await _put_raw(call, call.options["invalid_utf8"], b'"no UTF-8: \xff\xc0\x80."')


async def _put_raw(call: Call, key: str, raw: bytes) -> Response:
    """Put bytes that no encoder would write in a key's place, at the top where nothing has it."""

    def mark(holder: dict[str, Any], name: str) -> None:
        holder[name] = _MARK

    def marked(payload: Any) -> Any:
        each(payload, _named(key), mark)
        return payload

    answer = await changed(call, marked)
    if answer.status_code != 200:
        return answer
    body, quoted = bytes(answer.body), msgspec.json.encode(_MARK)
    if quoted not in body:
        body = b"{" + msgspec.json.encode(key) + b":" + quoted + b"," + body[1:]
    return with_body(answer, body.replace(quoted, raw))
