"""Analyses each operation of a document once, and checks its limits before it is validated.

`SelectionFold` walks the selection sets and fragments, for the limits here and for the cost
(`cost.py`), in time linear in the document's size.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Generic, NamedTuple, TypeVar

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from gateway.errors import QueryTooComplexError
from gateway.execution.limits import Limits

_INTROSPECTION = frozenset({"__schema", "__type"})
_MAX_ALIASES = 1_000_000  # counting stops here: nested fragments multiply exponentially
_MAX_NESTING = 120  # nested selection sets: three stack frames each, of Python's 1,000

K = TypeVar("K")
M = TypeVar("M")


class FragmentCycleError(Exception):
    """A fragment spreads itself below one of its fields; validation reports it."""


class SelectionFold(ABC, Generic[K, M]):
    """Combines the values of a selection set's fields into one, bottom-up.

    A fragment counts once in each selection set, because GraphQL collects it once there. K is the
    parent type, or None where types do not matter, M the type of the values; results are memoised
    by selection set and parent type.
    """

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._totals: dict[tuple[int, K], M] = {}
        self._parts: dict[tuple[int, K], tuple[M, frozenset[str]] | None] = {}
        self._nesting = 0

    @abstractmethod
    def field(self, node: FieldNode, parent: K) -> M:
        """Return the value of one field, with everything below it."""

    @abstractmethod
    def combine(self, values: list[M]) -> M:
        """Combine the values of the fields of one selection set."""

    def deferred(self, _fragment: FragmentSpreadNode | InlineFragmentNode) -> M | None:
        """Return what a deferred fragment adds to its fields; None for one that is not."""
        return None

    def includes(self, _selection: SelectionNode, _parent: K) -> bool:
        """Whether a selection counts; directives and type conditions decide."""
        return True

    def applies(self, _fragment: FragmentDefinitionNode, _parent: K) -> bool:
        """Whether a fragment definition's type condition matches the parent type."""
        return True

    def total(self, selections: SelectionSetNode, parent: K) -> M:
        """Return the value of a selection set, including all fragments spread in it.

        Unknown fragments are ignored. Raise FragmentCycleError, and QueryTooComplexError for
        selection sets nested too deeply.
        """
        key = (id(selections), parent)
        if key in self._totals:
            return self._totals[key]
        value, spreads = self._part(selections, parent)
        values, pending, seen = [value], list(spreads), set(spreads)
        while pending:
            fragment = self._fragments.get(pending.pop())
            if fragment is not None and self.applies(fragment, parent):
                value, spreads = self._part(fragment.selection_set, parent)
                values.append(value)
                pending += spreads - seen
                seen |= spreads
        total = self._totals[key] = self.combine(values) if len(values) > 1 else value
        return total

    def _part(self, selections: SelectionSetNode, parent: K) -> tuple[M, frozenset[str]]:
        """Return the value of the fields written in a selection set, and the fragments spread."""
        key = (id(selections), parent)
        if key in self._parts:
            known = self._parts[key]
            if known is None:
                raise FragmentCycleError
            return known
        self._parts[key] = None
        self._nesting += 1
        if self._nesting > _MAX_NESTING:
            raise QueryTooComplexError("Selection set nesting depth", _MAX_NESTING)
        values: list[M] = []
        spreads: set[str] = set()
        for selection in selections.selections:
            if not self.includes(selection, parent):
                continue
            if isinstance(selection, FieldNode):
                values.append(self.field(selection, parent))
            elif isinstance(selection, FragmentSpreadNode):
                spreads.add(selection.name.value)
                self._add_deferred(selection, values)
            elif isinstance(selection, InlineFragmentNode):
                value, inner = self._part(selection.selection_set, parent)
                values.append(value)
                spreads |= inner
                self._add_deferred(selection, values)
        self._nesting -= 1
        part = self._parts[key] = (self.combine(values), frozenset(spreads))
        return part

    def _add_deferred(
        self, fragment: FragmentSpreadNode | InlineFragmentNode, values: list[M]
    ) -> None:
        more = self.deferred(fragment) if fragment.directives else None
        if more is not None:
            values.append(more)


class _Shape(NamedTuple):
    """The fields of a selection set, without nested ones, and counts that include nested ones."""

    fields: tuple[FieldNode, ...] = ()
    depth: int = 0
    introspection_depth: int = 0
    aliases: int = 0


_EMPTY = _Shape()


class _ShapeFold(SelectionFold[None, _Shape]):
    def combine(self, values: list[_Shape]) -> _Shape:
        return _Shape(
            tuple([field for value in values for field in value.fields]),
            max([value.depth for value in values], default=0),
            max([value.introspection_depth for value in values], default=0),
            min(sum([value.aliases for value in values]), _MAX_ALIASES),
        )

    def field(self, node: FieldNode, parent: None) -> _Shape:
        below = self.total(node.selection_set, parent) if node.selection_set else _EMPTY
        aliases = below.aliases + (node.alias is not None)
        if node.name.value in _INTROSPECTION:
            return _Shape((node,), 1, 1 + below.depth, aliases)
        return _Shape((node,), 1 + below.depth, below.introspection_depth, aliases)


class OperationAnalysis(NamedTuple):
    """An operation, the fragments of its document by name, and its root fields."""

    definition: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    root_fields: tuple[FieldNode, ...]
    introspects: bool


def analyse(document: DocumentNode, limits: Limits) -> list[OperationAnalysis]:
    """Return the analysis of each operation, after checking the limits.

    It is incomplete for a document with a cycle of fragments, which validation refuses. Raise
    QueryTooComplexError.
    """
    definitions = document.definitions
    fragments = [one for one in definitions if isinstance(one, FragmentDefinitionNode)]
    _check("Fragments", limits.fragments, len(fragments))
    by_name = {fragment.name.value: fragment for fragment in fragments}
    fold, operations = _ShapeFold(by_name), list[OperationAnalysis]()
    for definition in definitions:
        if isinstance(definition, OperationDefinitionNode):
            try:
                shape = fold.total(definition.selection_set, None)
            except FragmentCycleError:
                break
            _check("Root fields", limits.root_fields, len(shape.fields))
            _check("Query depth", limits.depth, shape.depth)
            _check("Introspection depth", limits.introspection_depth, shape.introspection_depth)
            _check("Aliases", limits.aliases, shape.aliases)
            introspects = shape.introspection_depth > 0
            operations.append(OperationAnalysis(definition, by_name, shape.fields, introspects))
    return operations


def _check(what: str, maximum: int, count: int) -> None:
    if count > maximum:
        raise QueryTooComplexError(what, maximum, count if count < _MAX_ALIASES else None)
