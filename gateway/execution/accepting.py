"""Values that are plainly of their type: told by functions made once for a type.

What these functions do not accept may still be good: graphql-core's coercion decides, and what it
finds wrong is put in words by `inputs.py`. They are for the way of nearly all requests, on which
graphql-core would cost more than the rest of a remembered answer's operation.
"""

from collections.abc import Callable
from functools import lru_cache
from math import isfinite
from typing import Any

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLString,
    is_required_input_field,
)

_STRAWBERRYS = "strawberry-definition"

Accepts = Callable[[Any], bool]


def accepting(kind: GraphQLInputType) -> Accepts:
    """Give what tells that a value is plainly of a type; null is, where the type has it."""
    if isinstance(kind, GraphQLNonNull):
        return _bare(kind.of_type)
    accepts = _bare(kind)
    return lambda value: value is None or accepts(value)


def _bare(kind: Any) -> Accepts:
    """Give the same for values that are not null."""
    if isinstance(kind, GraphQLList):
        return _list(kind)
    if isinstance(kind, GraphQLInputObjectType):
        return _input_object(kind)
    if isinstance(kind, GraphQLEnumType):
        names = frozenset(kind.values)
        return lambda value: type(value) is str and value in names
    return _SCALARS.get(kind, _nothing)


def _list(kind: GraphQLList[Any]) -> Accepts:
    item = accepting(kind.of_type)

    def accepts(value: Any) -> bool:
        return type(value) is list and all(map(item, value))

    return accepts


@lru_cache(maxsize=64)
def _input_object(kind: GraphQLInputObjectType) -> Accepts:
    # It may refuse what its fields have accepted; Strawberry's own only counts them, as we do.
    if "out_type" in vars(kind) and not (kind.is_one_of and _STRAWBERRYS in kind.extensions):
        return _nothing
    fields: dict[str, Accepts] = {}
    required = frozenset(name for name, one in kind.fields.items() if is_required_input_field(one))
    is_one_of = kind.is_one_of

    def accepts(value: Any) -> bool:
        if type(value) is not dict or (is_one_of and len(value) != 1):
            return False
        for name, inner in value.items():
            field = fields.get(name)
            if field is None:  # the first time: a type may have fields of its own type
                if name not in kind.fields:
                    return False
                field = fields[name] = accepting(kind.fields[name].type)
            if (is_one_of and inner is None) or not field(inner):
                return False
        return required <= value.keys()

    return accepts


def _text(value: Any) -> bool:
    return type(value) is str


def _int(value: Any) -> bool:
    return type(value) is int and GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT


def _float(value: Any) -> bool:
    return (type(value) is float and isfinite(value)) or _int(value)


def _boolean(value: Any) -> bool:
    return type(value) is bool


def _nothing(_value: Any) -> bool:
    return False


_SCALARS: dict[Any, Accepts] = {
    GraphQLString: _text,
    GraphQLID: _text,
    GraphQLInt: _int,
    GraphQLFloat: _float,
    GraphQLBoolean: _boolean,
}
