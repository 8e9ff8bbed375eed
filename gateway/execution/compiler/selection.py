"""The selection tree of an operation; graphql-core collects each level when it is first reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

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
    CollectedFields,
    DeferUsage,
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

Grouped = dict[str, list[FieldDetails]]
Usages = frozenset[int]
"""Deferred fragments, by identity: each occurrence in a selection set has an object of its own."""
NO_USAGES: Usages = frozenset()


@dataclass
class Scope:
    """What the selections of one operation share, once @skip and @include are decided.

    `conditions` has the variables of these directives and no others; `size` is the length of the
    generated source, in characters; `peers` caches the selections of a field that looks for what is
    selected below it (`resolver_calls.py`). With `defers` the operation is executed in parts.
    """

    fields: FieldInfos
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    conditions: VariableValues
    defers: bool = False
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
        collected = collect_fields(
            self.fields.schema, self.fragment_details, self.conditions, kind, self.operation
        )
        return Selection(self, kind, collected, None)


class Selected:
    """One response key of an object: a field, merged from all places that select it.

    `owner` is the field whose value the object is. `call` and `projection` cache what is generated:
    the field's call (`resolver_calls.py`) and the function of its value (`codegen.py`); `seen`
    counts the values until then. `has_selection` says whether the value is an object, or a list of
    objects, `is_list` and `is_object` which of the two. `usages` are those of its `Selection`.
    """

    usages = NO_USAGES

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
            collected = collect_subfields(
                scope.fields.schema,
                scope.fragment_details,
                scope.conditions,
                scope.operation,
                kind,
                self._details,
            )
            found = self._below[kind.name] = Selection(scope, kind, collected, self, self.usages)
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


class DeferredFields(NamedTuple):
    """The fields of an object that one part of the response has, of all fragments of `usages`."""

    usages: tuple[DeferUsage, ...]
    selection: "Selection"


class Deferral(NamedTuple):
    """What is deferred at an object: fragments that begin there, and fields of any fragment."""

    fragments: Sequence[DeferUsage]
    fields: Sequence[DeferredFields]


class Selection:
    """The selected fields of an object of one type, in the order of the response.

    `usages` are the deferred fragments of which it is a part, by identity; `deferral` is what other
    parts of the response have of the object, None for nothing.
    """

    def __init__(
        self,
        scope: Scope,
        kind: GraphQLObjectType,
        collected: CollectedFields,
        owner: Selected | None,
        usages: Usages = NO_USAGES,
    ) -> None:
        self.kind = kind
        self.deferral: Deferral | None = None
        grouped = collected.grouped_field_set
        if scope.defers:
            grouped, parts = _split(grouped, usages)
            if parts or collected.new_defer_usages:
                fields = [
                    DeferredFields(
                        each, Selection(scope, kind, CollectedFields(own, [], []), owner, ids)
                    )
                    for ids, (each, own) in parts.items()
                ]
                self.deferral = Deferral(collected.new_defer_usages, fields)
        self.fields = [
            Selected(scope, key, scope.fields.get(kind, details[0].node.name.value), details, owner)
            for key, details in grouped.items()
        ]
        if usages:
            for selected in self.fields:
                selected.usages = usages

    @cached_property
    def fetches(self) -> bool:
        """Whether a field is deferred or may need the network, here or below fields that do not."""
        return self.deferral is not None or any(
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

        "" for a selection that depends on its operation: with arguments, or fields to fetch or
        deferred.
        """
        if self.deferral is not None:
            return ""
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


def _split(
    grouped: Grouped, usages: Usages
) -> tuple[Grouped, dict[Usages, tuple[tuple[DeferUsage, ...], Grouped]]]:
    """Return the fields that belong to the part of these `usages`, and those of each other part.

    A field belongs to all fragments that select it, and is executed once; where a fragment and one
    within it select it, to the outer one; and where one that is not deferred does, to none.
    """
    own: Grouped = {}
    parts: dict[Usages, tuple[tuple[DeferUsage, ...], Grouped]] = {}
    for key, details in grouped.items():
        found = _outermost(details)
        ids = frozenset(found)
        if ids == usages:
            own[key] = details
        else:
            parts.setdefault(ids, (tuple(found.values()), {}))[1][key] = details
    return own, parts


def _outermost(details: list[FieldDetails]) -> dict[int, DeferUsage]:
    found: dict[int, DeferUsage] = {}
    for detail in details:
        if detail.defer_usage is None:
            return {}
        found[id(detail.defer_usage)] = detail.defer_usage
    for usage in list(found.values()):
        outer = usage.parent_defer_usage
        while outer is not None:
            if id(outer) in found:
                del found[id(usage)]
                break
            outer = outer.parent_defer_usage
    return found
