"""What an operation selects, as a tree: collected when it is first reached, by graphql-core."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from graphql import (
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    OperationDefinitionNode,
    VariableValues,
    get_named_type,
)

from gateway.execution.bridge import (
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from gateway.execution.field_info import FieldInfo, FieldInfos, layers
from gateway.execution.leaf_types import nullable
from gateway.schema.lookahead import SelectedDocument

_JSON = "JSON"
_TEXTS = frozenset({"String", "ID", _JSON})
_PAGE = frozenset({"nodes", "edges"})  # two ways to show the same items


@dataclass
class Scope:
    """What is the same for a whole operation, once it is known what @skip and @include say.

    `conditions` has the variables in these directives and no others; `size` is the length of all
    that has been generated, in characters; `peers` has a field's selections, where these differ in
    what is selected below them (`calls.py`).
    """

    fields: FieldInfos
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    conditions: VariableValues
    size: int = 0
    peers: dict[FieldInfo, list[Any]] = field(default_factory=dict)

    @cached_property
    def document(self) -> SelectedDocument:
        """Return the operation as look-ahead wants it."""
        schema = self.fields.schema
        return SelectedDocument(schema, self.operation, self.fragments, self.conditions)

    @cached_property
    def fragment_details(self) -> dict[str, FragmentDetails]:
        """Return the fragments as graphql-core wants them."""
        return {name: FragmentDetails(fragment) for name, fragment in self.fragments.items()}

    def root(self) -> "Selection":
        """Return what is selected of the root.

        Raises GraphQLError where a variable of @skip or @include is null, and where the schema has
        no operations of this kind.
        """
        kind = self.fields.schema.get_root_type(self.operation.operation)
        if kind is None:
            raise GraphQLError("the schema has no operations of this kind", self.operation)
        grouped, *_ = collect_fields(
            self.fields.schema, self.fragment_details, self.conditions, kind, self.operation
        )
        return Selection(self, kind, grouped, None)


class Selected:
    """One response key of an object: a field, merged from all the places that select it.

    `owner` is the field that the object is a value of. `call` and `projection` are made when they
    are first needed: the field's function with its arguments (`calls.py`), and the function that
    puts its value together (`generate.py`); `seen` counts the values until then. `has_selection`
    tells whether the value is an object, or a list of them, `is_list` whether it is a list.

    Three more are worked out when they are first asked for. `readable` is what is selected of each
    possible type, where it can be told. `min_leaves_of_an_item` is how many leaves one item has
    at the least where the value is a list, and the value else, without those of lists in it.
    `repeats` tells whether the value can hold a text of one payload more than once.
    """

    __slots__ = (
        "_below",
        "_details",
        "call",
        "field",
        "has_selection",
        "is_list",
        "key",
        "min_leaves_of_an_item",
        "nodes",
        "owner",
        "projection",
        "readable",
        "repeats",
        "scope",
        "seen",
    )

    readable: "list[Selection]"
    min_leaves_of_an_item: int
    repeats: bool

    def __init__(
        self,
        scope: Scope,
        key: str,
        field: FieldInfo,
        details: list[FieldDetails],
        owner: "Selected | None",
    ) -> None:
        self.scope, self.key, self.field, self.owner = scope, key, field, owner
        self._details = details
        self.nodes = [detail.node for detail in details]
        self.call: Any = None
        self.projection: Any = None
        self.seen = 0
        self._below: dict[str, Selection] = {}
        self.has_selection = self.nodes[0].selection_set is not None
        self.is_list = isinstance(nullable(field.type), GraphQLList)

    def __getattr__(self, name: str) -> Any:
        """Work out what nobody has asked for yet: from then on it is an attribute."""
        if name == "readable":
            found: Any = _readable(self)
        elif name == "repeats":
            found = any(below.repeats for below in self.readable)
        elif name == "min_leaves_of_an_item":
            found = _min_leaves(self)
        else:
            raise AttributeError(name)
        setattr(self, name, found)
        return found

    @property
    def type(self) -> Any:
        """Return the field's type."""
        return self.field.type

    @property
    def has_arguments(self) -> bool:
        """Return whether the operation gives the field arguments."""
        return bool(self.nodes[0].arguments)

    @property
    def is_nullable(self) -> bool:
        """Return whether the field may be null."""
        return not isinstance(self.field.type, GraphQLNonNull)

    def below(self, kind: GraphQLObjectType) -> "Selection":
        """Return what is selected of the field's value, if it is of this type.

        Raises GraphQLError where a variable of @skip or @include is null.
        """
        found = self._below.get(kind.name)
        if found is None:
            scope = self.scope
            grouped, *_ = collect_subfields(
                scope.fields.schema,
                scope.fragment_details,
                scope.conditions,
                scope.operation,
                kind,
                self._details,
            )
            found = self._below[kind.name] = Selection(scope, kind, grouped, self)
        return found

    def possible(self) -> Sequence[GraphQLObjectType]:
        """Return the object types that the field's value, or its items, may have."""
        return self.field.possible

    @property
    def min_leaves(self) -> int:
        """How many leaves its value has at the least, without those of lists in it.

        What is fetched is counted once it is there, and JSON may have none.
        """
        if self.field.is_fetching or self.is_list:
            return 0
        if self.has_selection:
            return self.min_leaves_of_an_item
        return int(get_named_type(self.type).name != _JSON)

    def nullable_path(self, path: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the nearest nullable place at or above this field's; () is all the data."""
        if not isinstance(self.type, GraphQLNonNull):
            return path
        length, owner = len(path) - 1, self.owner
        while owner is not None:
            for kind in reversed(layers(owner.type)):
                if not isinstance(kind, GraphQLNonNull):
                    return path[:length]
                length -= 1
            owner = owner.owner
        return ()


class Selection:
    """What is selected of an object of one type, in the order of the answer."""

    def __init__(
        self,
        scope: Scope,
        kind: GraphQLObjectType,
        grouped: Mapping[str, list[FieldDetails]],
        owner: Selected | None,
    ) -> None:
        self.kind = kind
        self._fetches: bool | None = None
        self._signature: str | None = None
        field_of = scope.fields.get
        self.fields = [
            Selected(scope, key, field_of(kind, details[0].node.name.value), details, owner)
            for key, details in grouped.items()
        ]

    @property
    def fetches(self) -> bool:
        """Return whether a field needs the network, here or below what needs none."""
        if self._fetches is None:
            self._fetches = any(
                selected.field.is_fetching or any(below.fetches for below in selected.readable)
                for selected in self.fields
            )
        return self._fetches

    @cached_property
    def min_leaves(self) -> int:
        """How many leaves an object has at the least, without those of lists in it."""
        return sum(selected.min_leaves for selected in self.fields)

    @cached_property
    def repeats(self) -> bool:
        """Whether an object can hold a text of one payload more than once.

        What is fetched below counts for itself.
        """
        names: set[str] = set()
        for selected in self.fields:
            field = selected.field
            if field.is_fetching:
                continue
            holds_texts = selected.has_selection or get_named_type(field.type).name in _TEXTS
            if (holds_texts and field.name in names) or selected.repeats:
                return True
            names.add(field.name)
        return names >= _PAGE

    @property
    def signature(self) -> str:
        """Return what makes this equal to another selection of its type; "" for what is unique."""
        if self._signature is None:
            self._signature = self._sign()
        return self._signature

    def _sign(self) -> str:
        parts = [self.kind.name]
        for selected in self.fields:
            if selected.field.is_fetching or any(node.arguments for node in selected.nodes):
                return ""
            parts.append(f"{selected.key}:{selected.field.name}")
            if selected.has_selection:
                below = [selection.signature for selection in selected.readable]
                if "" in below:
                    return ""
                parts.append(str(below))
        return " ".join(parts)


def _min_leaves(selected: Selected) -> int:
    least = min((below.min_leaves for below in selected.readable), default=0)
    is_nullable = not isinstance(layers(selected.type)[-1], GraphQLNonNull)
    return min(least, 1) if is_nullable else least


def _readable(selected: Selected) -> list[Selection]:
    if not selected.has_selection:
        return []
    found = []
    for kind in selected.possible():
        try:
            found.append(selected.below(kind))
        except GraphQLError:  # whoever completes the value finds it again
            continue
    return found
