"""Data of payloads that recur: put together and encoded once for each.

No code is written for it, and no answer encodes it again.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from gateway.execution import leaf_types
from gateway.execution.compiler.codegen_runtime import UnexpectedError
from gateway.execution.compiler.selection import Selected, Selection
from gateway.execution.field_info import FieldInfo
from gateway.execution.leaf_types import LONGEST_JSON_KEPT, Memo, coerce_leaf
from gateway.schema.declare import AsView, Plain, reader

Read = Callable[[Any], Any]

_encode = msgspec.json.Encoder().encode


def listed(make: Read) -> Read:
    """Return the function of a list of payloads."""
    return lambda payloads: [make(payload) for payload in payloads]


def encoded(make: Read, read: Read | None = None, *, is_nullable: bool = False) -> Read:
    """Return the function from a payload, or what it is `read` from, to its data, as JSON.

    It raises whatever is not as expected. So is what is too long to be kept: each would be new.
    """

    def give(raw: Any) -> msgspec.Raw:
        payload = raw if read is None else read(raw)
        if payload is None and not is_nullable:
            raise UnexpectedError
        written = _encode(None if payload is None else make(payload))
        if len(written) > LONGEST_JSON_KEPT:
            raise UnexpectedError
        return msgspec.Raw(written)

    return give


def interpret(selection: Selection, below: Callable[[Selection], Memo]) -> Read:
    """Return the function from a payload to the data of its view, whose fields are all plain.

    `below` gives what is kept of payloads within it. It raises whatever is not as expected.
    """
    parts = [(each.key, _field(each, selection, below)) for each in selection.fields]
    return lambda payload: {key: read(payload) for key, read in parts}


def _field(selected: Selected, selection: Selection, below: Callable[[Selection], Memo]) -> Read:
    field = selected.field
    if field.source is None:
        return lambda _: selection.kind.name
    plain = field.declaration
    assert isinstance(plain, Plain)  # noqa: S101 - no other field is interpreted
    if plain.is_timed:
        return _unexpected
    if not selected.has_selection:
        if field.read is None:
            field.read = _leaf(field, plain)
        return field.read
    read, normalise = reader(plain.attribute), plain.normalise
    if not isinstance(normalise, AsView):
        return _unexpected
    kept = below(selected.below(selected.possible()[0]))
    return lambda payload: _shown(normalise, read(payload), kept, selected)


def _leaf(field: FieldInfo, plain: Plain) -> Read:
    read, normalise, kind = reader(plain.attribute), plain.normalise, field.type
    if normalise is not None:
        if field.is_kept:
            kept = leaf_types.kept(normalise, kind)
            return lambda payload: kept[read(payload)]
        return lambda payload: coerce_leaf(kind, normalise(read(payload)))
    if leaf_types.is_written_as_it_is(kind, field.domain):
        return read
    members = leaf_types.enum_class(leaf_types.nullable(kind))
    if members is not None and field.domain == frozenset({members}):
        return reader(f"{plain.attribute}._name_")
    return lambda payload: coerce_leaf(kind, read(payload))


def _shown(shows: AsView, payload: Any, kept: Memo, selected: Selected) -> Any:
    if shows.read is not None:
        payload = shows.read(payload)
    if payload is not None:
        return kept[payload]
    return None if selected.is_nullable else _unexpected(payload)


def _unexpected(_: object) -> Any:
    raise UnexpectedError
