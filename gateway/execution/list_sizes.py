"""The sizes from which a cost is estimated: of literals, of variables, and of fields' results."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from graphql import (
    BooleanValueNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ValueNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
)

from gateway.execution.bridge import metadata_of
from gateway.schema.declare import Fetching
from gateway.schema.lookahead import DECLARATION

_UNSIZED_LIST = 5
_ITEMS = frozenset({"nodes", "edges"})

Size = int | None
"""The value of a number, the length of a list, 1 for any other value, None for null or no value.

Where a list is expected, a single item counts as a list of one.
"""


def size_of_literal(value: ValueNode | None, *, is_list: bool = False) -> Size:
    """Return the size of a literal."""
    if value is None or isinstance(value, NullValueNode):
        return None
    if isinstance(value, ListValueNode):
        return len(value.values)
    if isinstance(value, IntValueNode | BooleanValueNode) and not is_list:
        return int(value.value)
    return 1


class SizedField(NamedTuple):
    """What the schema declares of a field.

    `length` is the number of results where no argument decides it; `results` are the object types
    that a result may have, none for a leaf; `is_item` is true for `nodes` and `edges` of a
    connection; `list_arguments` are the names of the arguments that are lists.
    """

    length: int
    results: tuple[GraphQLObjectType, ...]
    fetching: Fetching | None
    defaults: Mapping[str, int]
    is_item: bool
    list_arguments: frozenset[str]


@lru_cache(maxsize=4096)
def field_of(schema: GraphQLSchema, kind: GraphQLObjectType, name: str) -> SizedField:
    """Return a field of an object type."""
    field = schema.get_field(kind, name)
    if field is None:
        raise TypeError(f"{kind.name} has no {name}, but validation accepted it")
    declaration = metadata_of(field).get(DECLARATION)
    defaults = {
        argument: len(default) if isinstance(default, list | tuple) else 1
        for argument, definition in field.args.items()
        if (default := definition.default_value) and not isinstance(default, int | float)
    }
    return SizedField(
        _length(schema, name)
        if kind.name.startswith("__")
        else _UNSIZED_LIST ** _lists(field.type),
        _object_types(schema, get_named_type(field.type)),
        declaration if isinstance(declaration, Fetching) else None,
        defaults,
        name in _ITEMS and kind.name in _connections(schema),
        frozenset(name for name, argument in field.args.items() if _lists(argument.type)),
    )


def _lists(kind: Any) -> int:
    bare = get_nullable_type(kind)
    return 1 + _lists(bare.of_type) if isinstance(bare, GraphQLList) else 0


def _object_types(schema: GraphQLSchema, named: Any) -> tuple[GraphQLObjectType, ...]:
    if is_abstract_type(named):
        return tuple(schema.get_possible_types(named))
    return (named,) if isinstance(named, GraphQLObjectType) else ()


@lru_cache(maxsize=16)
def _connections(schema: GraphQLSchema) -> frozenset[str]:
    """Return the names of the types whose pages are sized by `first` and `last`."""
    return frozenset(
        get_named_type(field.type).name
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType)
        for field in kind.fields.values()
        if {"first", "last"} <= field.args.keys()
    )


@lru_cache(maxsize=64)
def _length(schema: GraphQLSchema, name: str) -> int:
    """Return the average length of an introspection list of this name."""
    kinds = list(schema.type_map.values())
    fields = [field for kind in kinds for field in getattr(kind, "fields", {}).values()]
    sizes = {
        "types": [len(kinds)],
        "directives": [len(schema.directives)],
        "fields": [len(kind.fields) for kind in kinds if isinstance(kind, GraphQLObjectType)],
        "inputFields": [
            len(kind.fields) for kind in kinds if isinstance(kind, GraphQLInputObjectType)
        ],
        "enumValues": [len(kind.values) for kind in kinds if isinstance(kind, GraphQLEnumType)],
        "args": [len(getattr(field, "args", ())) for field in fields],
    }.get(name, [])
    return -(-sum(sizes) // len(sizes)) if sizes else 1
