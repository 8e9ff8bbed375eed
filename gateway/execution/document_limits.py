"""What a document asks for as it is written, before it is validated: linear in its length.

A fragment is measured once, however often it is spread. Within one selection set it counts once,
because GraphQL collects it once; wherever else it is spread it counts again.
"""

from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from gateway.errors import QueryTooComplexError
from gateway.execution.limits import Limits

_NESTED = (dict, list)
_INTROSPECTION = frozenset({"__schema", "__type"})
_MOST_COUNTED = 1_000_000  # fragments double quickly, and nobody needs to know how often
_MOST_NESTED = 120  # selection sets in one another, so that measuring needs no deep stack


class _Measure(NamedTuple):
    """How much a selection set asks for; `spreads` are the fragments in it that are not counted."""

    fields: int = 0
    depth: int = 0
    introspection_depth: int = 0
    aliases: int = 0
    spreads: frozenset[str] = frozenset()

    def with_part(self, part: "_Measure") -> "_Measure":
        """Add what stands beside it in the same selection set."""
        return _Measure(
            min(self.fields + part.fields, _MOST_COUNTED),
            max(self.depth, part.depth),
            max(self.introspection_depth, part.introspection_depth),
            min(self.aliases + part.aliases, _MOST_COUNTED),
            self.spreads | part.spreads,
        )


class _FragmentCycleError(Exception):
    """A fragment is within itself: validation will say so."""


def check_document(document: DocumentNode, limits: Limits) -> None:
    """Make sure that no operation of a document asks for too much.

    Raises QueryTooComplexError.
    """
    definitions = document.definitions
    fragments = [one for one in definitions if isinstance(one, FragmentDefinitionNode)]
    _check("Fragments", limits.fragments, len(fragments))
    measuring = _Measuring(fragments)
    for operation in definitions:
        if isinstance(operation, OperationDefinitionNode):
            try:
                asked = measuring.whole(operation.selection_set)
            except _FragmentCycleError:
                return
            _check("Root fields", limits.root_fields, asked.fields)
            _check("Query depth", limits.depth, asked.depth)
            _check(
                "Introspection depth",
                limits.introspection_depth,
                asked.introspection_depth,
            )
            _check("Aliases", limits.aliases, asked.aliases)


def _check(what: str, most: int, asked: int) -> None:
    if asked > most:
        raise QueryTooComplexError(what, most, asked if asked < _MOST_COUNTED else None)


class _Measuring:
    """Measures selection sets, and every fragment once."""

    def __init__(self, fragments: list[FragmentDefinitionNode]) -> None:
        self._fragments = {fragment.name.value: fragment for fragment in fragments}
        self._measured: dict[str, _Measure | None] = {}
        self._level = 0

    def whole(self, selections: SelectionSetNode) -> _Measure:
        """Measure a selection set with all fragments that are spread in it."""
        measure = self._part(selections)
        waiting, seen = list(measure.spreads), set(measure.spreads)
        while waiting:
            part = self._fragment(waiting.pop())
            measure = measure.with_part(part)
            waiting += part.spreads - seen
            seen |= part.spreads
        return measure

    def _fragment(self, name: str) -> _Measure:
        if name in self._measured:
            measure = self._measured[name]
            if measure is None:
                raise _FragmentCycleError
            return measure
        if name not in self._fragments:
            return _Measure()  # validation will say so
        self._measured[name] = None
        measure = self._measured[name] = self._part(self._fragments[name].selection_set)
        return measure

    def _part(self, selections: SelectionSetNode) -> _Measure:
        self._level += 1
        if self._level > _MOST_NESTED:
            raise QueryTooComplexError("Selection set nesting depth", _MOST_NESTED)
        measure = _Measure()
        for selection in selections.selections:
            if isinstance(selection, FieldNode):
                measure = measure.with_part(self._field(selection))
            elif isinstance(selection, FragmentSpreadNode):
                spread = _Measure(spreads=frozenset((selection.name.value,)))
                measure = measure.with_part(spread)
            else:
                inline: Any = selection
                measure = measure.with_part(self._part(inline.selection_set))
        self._level -= 1
        return measure

    def _field(self, field: FieldNode) -> _Measure:
        below = self.whole(field.selection_set) if field.selection_set else _Measure()
        aliases = below.aliases + (field.alias is not None)
        if field.name.value in _INTROSPECTION:
            return _Measure(1, 1, 1 + below.depth, aliases)
        return _Measure(1, 1 + below.depth, below.introspection_depth, aliases)


def check_variables_size(variables: dict[str, Any], limits: Limits) -> None:
    """Make sure that the variables are no larger than a document could have been.

    Raises QueryTooComplexError.
    """
    level: list[Any] = list(variables.values())
    values = depth = 0
    while level:
        values += len(level)
        if values > limits.tokens:
            raise QueryTooComplexError("Variable values", limits.tokens)
        nested = [one for one in level if isinstance(one, _NESTED)]
        depth += bool(nested)
        if depth > limits.json_depth:
            raise QueryTooComplexError("Input nesting depth", limits.json_depth)
        level = [
            value for one in nested for value in (one.values() if isinstance(one, dict) else one)
        ]
