"""Look-ahead: the fields that are selected below a field, and all selections of a field."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from graphql import (
    SKIP,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    GraphQLUnionType,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableValues,
    Visitor,
    get_directive_values,
    get_named_type,
    visit,
)

from gateway.pagination.arguments import PageFields

DECLARATION = "declaration"
"""The key of a field's declaration in its metadata (`declare.py`)."""

Fragments = Mapping[str, FragmentDefinitionNode]
Paths = frozenset[str]
Peer = tuple[FieldNode, Paths]


class LooksFor(NamedTuple):
    """The dotted `paths` below a field whose selection changes what the field fetches.

    `identity` returns a key that is equal for arguments of the same page.
    """

    paths: tuple[str, ...]
    identity: Callable[[Mapping[str, Any]], Hashable]


class Ahead(NamedTuple):
    """A selection below a field: its arguments, and the selected fields of its page."""

    arguments: dict[str, Any]
    fields: PageFields


@lru_cache(maxsize=1024)
def type_conditions(schema: GraphQLSchema, kind: GraphQLObjectType) -> frozenset[str]:
    """Return the names of a fragment's type conditions that apply to objects of a type."""
    interfaces = (interface.name for interface in kind.interfaces)
    unions = (
        union.name
        for union in schema.type_map.values()
        if isinstance(union, GraphQLUnionType) and kind in union.types
    )
    return frozenset({kind.name, *interfaces, *unions})


class SelectedDocument(NamedTuple):
    """An operation with its fragments; `values` has at least the variables of directives."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: Fragments
    values: VariableValues

    def nodes_below(
        self, parent: GraphQLObjectType, nodes: Iterable[FieldNode], name: str
    ) -> list[FieldNode]:
        """Return each selection of a field of `parent` directly below these fields."""
        names = type_conditions(self.schema, parent)
        return [
            field
            for node in nodes
            if node.selection_set
            for field in self._flatten(node.selection_set.selections, names)
            if field.name.value == name
        ]

    def _flatten(
        self, selections: Iterable[SelectionNode], type_names: frozenset[str]
    ) -> Iterator[FieldNode]:
        for selection in selections:
            if not _is_included(self.values, selection):
                continue
            if isinstance(selection, FieldNode):
                yield selection
                continue
            fragment: Any = selection
            if isinstance(selection, FragmentSpreadNode):
                fragment = self.fragments[selection.name.value]
            elif not isinstance(selection, InlineFragmentNode):
                continue
            condition = fragment.type_condition
            if condition is None or condition.name.value in type_names:
                yield from self._flatten(fragment.selection_set.selections, type_names)

    def selected(self, field: GraphQLField, nodes: Sequence[FieldNode], looks: LooksFor) -> Paths:
        """Return the paths of `looks` that are selected below these nodes of one field."""
        return frozenset(path for path in looks.paths if self._has(field, nodes, path))

    def _has(self, field: GraphQLField, nodes: Sequence[FieldNode], path: str) -> bool:
        for name in path.split("."):
            kind: Any = get_named_type(field.type)
            nodes = self.nodes_below(kind, nodes, name)
            field = kind.fields[name]
        return bool(nodes)

    def peers(self, parent: GraphQLObjectType, name: str, looks: LooksFor) -> list[Peer]:
        """Return all selections of a field in the operation, with the selected paths of each.

        The list is empty where all have the same paths: they need not be distinguished then.
        """
        nodes = self._everywhere(parent, name)
        found = [(node, self.selected(parent.fields[name], [node], looks)) for node in nodes]
        return found if len({paths for _, paths in found}) > 1 else []

    def _everywhere(self, parent: GraphQLObjectType, name: str) -> list[FieldNode]:
        types = TypeInfo(self.schema)
        finder = _Finder(self.values, types, parent, name)
        waiting: list[Node] = [self.operation]
        seen = set[str]()
        while waiting:
            visit(waiting.pop(), TypeInfoVisitor(types, finder))
            waiting += [self.fragments[each] for each in sorted(finder.spread - seen)]
            seen |= finder.spread
        return finder.found


class _Finder(Visitor):
    """Collects the selections of a field, and the fragments that are spread."""

    def __init__(
        self, values: VariableValues, types: TypeInfo, parent: GraphQLObjectType, name: str
    ) -> None:
        super().__init__()
        self._values, self._types, self._parent, self._name = values, types, parent, name
        self.found: list[FieldNode] = []
        self.spread = set[str]()

    def enter(self, node: Node, *_: Any) -> Any:
        """Collect a node that is included; skip what is below one that is not."""
        if not isinstance(node, FieldNode | FragmentSpreadNode | InlineFragmentNode):
            return None
        if not _is_included(self._values, node):
            return SKIP
        if isinstance(node, FragmentSpreadNode):
            self.spread.add(node.name.value)
        elif (
            isinstance(node, FieldNode)
            and node.name.value == self._name
            and self._types.get_parent_type() is self._parent
        ):
            self.found.append(node)
        return None


def page_fields(
    own: Paths,
    arguments: Mapping[str, Any],
    peers: Iterable[tuple[Mapping[str, Any], Paths]],
    looks: LooksFor,
) -> PageFields:
    """Return the selected fields of a page, here and in selections of the same page."""
    identity = looks.identity(arguments)
    same = (paths for other, paths in peers if looks.identity(other) == identity)
    return PageFields(own, frozenset[str]().union(*same))


def _is_included(values: VariableValues, node: SelectionNode) -> bool:
    skip = get_directive_values(GraphQLSkipDirective, node, values)
    include = get_directive_values(GraphQLIncludeDirective, node, values)
    return not (skip and skip["if"]) and (include is None or include["if"])
