"""The selection tree of an operation; graphql-core collects each level when it is first reached."""

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
_SAME_ITEMS = frozenset({"nodes", "edges"})  # two fields that show the same items


@dataclass
class Scope:
    """What the selections of one operation share, once @skip and @include are decided.

    `conditions` has the variables of these directives and no others; `size` is the length of the
    generated source, in characters; `peers` caches the selections of a field that looks for what is
    selected below it (`resolver_calls.py`).
    """

    fields: FieldInfos
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    conditions: VariableValues
    size: int = 0
    peers: dict[FieldInfo, list[Any]] = field(default_factory=dict)

    @cached_property
    def document(self) -> SelectedDocument:
        """Return the operation for look-ahead."""
        schema = self.fields.schema
        return SelectedDocument(schema, self.operation, self.fragments, self.conditions)

    @cached_property
    def fragment_details(self) -> dict[str, FragmentDetails]:
        """Return the fragments for graphql-core's collection of fields."""
        return {name: FragmentDetails(fragment) for name, fragment in self.fragments.items()}

    def root(self) -> "Selection":
        """Return the selection of the root type.

        Raise GraphQLError where a variable of @skip or @include is null, and where the schema has
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
    """One response key of an object: a field, merged from all places that select it.

    `owner` is the field whose value the object is. `call` and `projection` cache what is generated:
    the field's call (`resolver_calls.py`) and the function of its value (`codegen.py`); `seen`
    counts the values until then. `has_selection` says whether the value is an object, or a list of
    objects, `is_list` and `is_object` which of the two.
    """

    def __init__(
        self,
        scope: Scope,
        key: str,
        field: FieldInfo,
        details: list[FieldDetails],
        owner: "Selected | None",
    ) -> None:
        self.scope, self.key, self.field, self.owner = scope, key, field, owner
        self.type = field.type
        self._details = details
        self.nodes = [detail.node for detail in details]
        self.call: Any = None
        self.projection: Any = None
        self.seen = 0
        self._below: dict[str, Selection] = {}
        self.has_selection = self.nodes[0].selection_set is not None
        self.has_arguments = bool(self.nodes[0].arguments)
        self.is_list = isinstance(nullable(field.type), GraphQLList)
        self.is_object = self.has_selection and not self.is_list

    def below(self, kind: GraphQLObjectType) -> "Selection":
        """Return the selection of the field's value as an object of this type.

        Raise GraphQLError where a variable of @skip or @include is null.
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

    @cached_property
    def readable(self) -> list["Selection"]:
        """Return the selection of each possible type, those aside that raise an error."""
        found = []
        for kind in self.possible() if self.has_selection else ():
            try:
                found.append(self.below(kind))
            except GraphQLError:  # raised again when such a value is completed
                continue
        return found

    @cached_property
    def repeats(self) -> bool:
        """Whether the value may contain a text of one payload more than once."""
        return any(below.repeats for below in self.readable)

    @cached_property
    def min_leaves_of_an_item(self) -> int:
        """Return the number of leaves that an item, or a value that is no list, has at least.

        Lists in it are not counted.
        """
        least = min((below.min_leaves for below in self.readable), default=0)
        return least if isinstance(layers(self.type)[-1], GraphQLNonNull) else min(least, 1)

    @property
    def min_leaves(self) -> int:
        """Return the number of leaves that the value has at least, 0 for a list.

        A fetched value is counted once it is known, and JSON may have no leaves.
        """
        if self.field.is_fetching or self.is_list:
            return 0
        if self.has_selection:
            return self.min_leaves_of_an_item
        return int(get_named_type(self.type).name != _JSON)

    def nullable_path(self, path: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the nearest path at or above this field's that may be null; () is all data."""
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
    """The selected fields of an object of one type, in the order of the response."""

    def __init__(
        self,
        scope: Scope,
        kind: GraphQLObjectType,
        grouped: Mapping[str, list[FieldDetails]],
        owner: Selected | None,
    ) -> None:
        self.kind = kind
        self.fields = [
            Selected(scope, key, scope.fields.get(kind, details[0].node.name.value), details, owner)
            for key, details in grouped.items()
        ]

    @cached_property
    def fetches(self) -> bool:
        """Whether a field may need the network, here or below fields that do not."""
        return any(
            selected.field.is_fetching or any(below.fetches for below in selected.readable)
            for selected in self.fields
        )

    @cached_property
    def min_leaves(self) -> int:
        """Return the number of leaves that an object has at least, without those of lists in it."""
        return sum(selected.min_leaves for selected in self.fields)

    @cached_property
    def repeats(self) -> bool:
        """Whether an object may contain a text of one payload more than once.

        Fetched values below it are separate.
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
        return names >= _SAME_ITEMS

    @cached_property
    def signature(self) -> str:
        """Return a text that equal selections of other operations have, too.

        "" for a selection that depends on its operation: with arguments, or fields to fetch.
        """
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
