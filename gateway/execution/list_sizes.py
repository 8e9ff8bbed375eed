"""What of an operation's arguments and of its schema decides how much its answer can hold."""

from collections.abc import Mapping, Sequence
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
    ListTypeNode,
    ListValueNode,
    NonNullTypeNode,
    NullValueNode,
    ValueNode,
    VariableDefinitionNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
)

from gateway.execution.bridge import metadata_of
from gateway.schema.declare import Fetching
from gateway.schema.lookahead import DECLARATION

UNSIZED_LIST = 5
_NUMBERS = (int, float)
_ITEMS = frozenset({"nodes", "edges"})


def describe(value: ValueNode | None, *, is_list: bool = False) -> int | None:
    """Read a literal: a number as it is, of a list its length, of all else whether it is there.

    Where a list is wanted, one item stands for a list of one.
    """
    if value is None or isinstance(value, NullValueNode):
        return None
    if isinstance(value, ListValueNode):
        return len(value.values)
    if isinstance(value, IntValueNode | BooleanValueNode) and not is_list:
        return int(value.value)
    return 1


class VariableSizes:
    """An operation's variables, as far as its cost depends on them, in the same terms."""

    def __init__(self, definitions: Sequence[VariableDefinitionNode]) -> None:
        self.names = tuple(one.variable.name.value for one in definitions)
        self._known = tuple(
            (
                one.variable.name.value,
                _is_list(one.type),
                describe(one.default_value, is_list=_is_list(one.type)),
            )
            for one in definitions
        )

    def read(self, variables: dict[str, Any]) -> tuple[int | None, ...]:
        """Read the variables' values, in the order of `names`; they have been checked."""
        return tuple(
            [
                _size(variables[name], is_list=is_list) if name in variables else default
                for name, is_list, default in self._known
            ]
        )


def _is_list(kind: Any) -> bool:
    return isinstance(kind.type if isinstance(kind, NonNullTypeNode) else kind, ListTypeNode)


def _size(value: Any, *, is_list: bool) -> int | None:
    if value is None:
        return None
    if is_list:
        return len(value) if isinstance(value, list) else 1
    return int(value) if isinstance(value, _NUMBERS) else 1


class SizedField(NamedTuple):
    """A field of the schema: `length` is how many results it counts for, where nothing says more.

    `results` are the object types that a result may be of, none for a leaf; `is_item` tells the
    lists of a connection that hold its page, `list_arguments` which arguments are lists.
    """

    length: int
    results: tuple[GraphQLObjectType, ...]
    fetching: Fetching | None
    defaults: Mapping[str, int]
    is_item: bool
    list_arguments: frozenset[str]


@lru_cache(maxsize=4096)
def field_of(schema: GraphQLSchema, kind: GraphQLObjectType, name: str) -> SizedField:
    """Read a field's declaration."""
    field = schema.get_field(kind, name)
    if field is None:
        raise TypeError(f"{kind.name} has no {name}, and validation let it pass")
    declaration = metadata_of(field).get(DECLARATION)
    defaults = {
        argument: len(default) if isinstance(default, list | tuple) else 1
        for argument, definition in field.args.items()
        if (default := definition.default_value) and not isinstance(default, int | float)
    }
    return SizedField(
        _length(schema, name) if kind.name.startswith("__") else UNSIZED_LIST ** _lists(field.type),
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
    """Name the types whose pages are sized by `first` and `last`."""
    return frozenset(
        get_named_type(field.type).name
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType)
        for field in kind.fields.values()
        if {"first", "last"} <= field.args.keys()
    )


@lru_cache(maxsize=64)
def _length(schema: GraphQLSchema, name: str) -> int:
    """Return how long the introspection's list of this name is on average, for what has any."""
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
