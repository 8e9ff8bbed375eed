"""Coercion of variables: the frequent cases directly, all others by graphql-core."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    Undefined,
    coerce_input_value,
)

Coerce = Callable[[Any], Any]

_CLASSES = {"String": str, "ID": str, "Boolean": bool}
_LIMIT = 2**31


def coercer(kind: Any) -> Coerce:
    """Return the function that coerces a value to a type; `Undefined` for invalid ones."""
    if isinstance(kind, GraphQLNonNull):
        inner = coercer(kind.of_type)
        return lambda value: Undefined if value is None else inner(value)
    if isinstance(kind, GraphQLList):
        return _list(coercer(kind.of_type), partial(coerce_input_value, type_=kind))
    return _named(kind)


@cache  # of named types; each document has list and non-null types of its own
def _named(kind: Any) -> Coerce:
    generic = partial(coerce_input_value, type_=kind)
    if isinstance(kind, GraphQLInputObjectType) and kind.is_one_of:
        return _one_of(kind, generic)
    expected = _CLASSES.get(kind.name)
    if expected is not None:
        return lambda value: value if value.__class__ is expected else generic(value)
    if kind.name == "Int":
        return lambda value: (
            value if value.__class__ is int and -_LIMIT <= value < _LIMIT else generic(value)
        )
    return generic


def _list(item: Coerce, generic: Coerce) -> Coerce:
    def coerce(value: Any) -> Any:
        if value.__class__ is not list:
            return generic(value)
        coerced = [item(each) for each in value]
        return Undefined if any(each is Undefined for each in coerced) else coerced

    return coerce


def _one_of(kind: GraphQLInputObjectType, generic: Coerce) -> Coerce:
    fields: dict[str, tuple[str, Coerce]] = {}

    def coerce(value: Any) -> Any:
        if value.__class__ is not dict or len(value) != 1:
            return generic(value)
        ((name, inner),) = value.items()
        field = fields.get(name)
        if field is None:  # not earlier: a type may have fields of its own type
            if name not in kind.fields:
                return Undefined
            declared = kind.fields[name]
            field = fields[name] = (declared.out_name or name, coercer(declared.type))
        out_name, coerce_field = field
        coerced = None if inner is None else coerce_field(inner)
        if coerced is None:
            return Undefined
        return Undefined if coerced is Undefined else kind.out_type({out_name: coerced})

    return coerce
