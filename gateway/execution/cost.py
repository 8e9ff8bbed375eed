"""What an operation may cost, known before it runs: its leaves, and 100 for each upstream call.

Counted by `docs/cost.md`, from the declarations of the fields and the variables' values; a fragment
is counted once for each type it is spread on, so that the work is linear in the document.
"""

from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

from gateway.errors import QueryTooComplexError
from gateway.execution.failures import OperationRefusedError
from gateway.execution.limits import Limits
from gateway.execution.list_sizes import SizedField, VariableSizes, describe, field_of
from gateway.pagination.arguments import page_size
from gateway.schema.declare import CostArguments, any_calls

CALL = 100
_HIGHEST = 1_000_000_000  # more is not counted: clients read 32-bit numbers
_MOST_KEPT = 64


class Cost(NamedTuple):
    """What an operation may cost: `requested` of the `maximum`."""

    requested: int
    maximum: int
    leaves: int
    calls: int

    @property
    def shown(self) -> dict[str, int]:
        """Return it as ``extensions.cost``."""
        return {"requested": self.requested, "maximum": self.maximum}

    def with_look_ups(self, number: int, most_calls: int) -> "Cost":
        """Add calls that the caller's own claim causes."""
        calls = min(self.calls + number, most_calls)
        requested = min(self.leaves + CALL * calls, _HIGHEST)
        return self._replace(requested=requested, calls=calls)


class CostEstimator:
    """One operation's cost by its variables: counted once for values that make no difference."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        limits: Limits,
    ) -> None:
        self._schema, self._operation, self._limits = schema, operation, limits
        self._fragments = {
            one.name.value: one
            for one in document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        self._sizes = VariableSizes(operation.variable_definitions or ())
        self._known: dict[tuple[int | None, ...], Cost] = {}

    def of(self, variables: dict[str, Any], look_ups: int = 0) -> Cost:
        """Count the cost with these variables, which are of their types, and that many look-ups.

        Raises OperationRefusedError with QUERY_TOO_COMPLEX where it is more than allowed, or where
        `nodes` or `customers` has a list that is longer than allowed.
        """
        given = self._sizes.read(variables)
        cost = self._known.get(given)
        if cost is None:
            cost = self._count(dict(zip(self._sizes.names, given, strict=True)))
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            self._known[given] = cost
        if look_ups:
            cost = cost.with_look_ups(look_ups, self._limits.calls)
        if cost.requested > cost.maximum:
            error = QueryTooComplexError("Operation cost", cost.maximum, cost.requested)
            extensions = error.extensions | {"cost": cost.shown}
            raise OperationRefusedError([{"message": error.message, "extensions": extensions}])
        return cost

    def _count(self, sizes: dict[str, int | None]) -> Cost:
        counting = _Counting(self._schema, self._fragments, sizes, self._limits)
        root = self._schema.get_root_type(self._operation.operation)
        if root is None:
            raise TypeError("the schema has no such operations, and validation let one pass")
        try:
            part = counting.total(self._operation.selection_set, root)
        except QueryTooComplexError as error:
            refused = {"message": error.message, "extensions": error.extensions}
            raise OperationRefusedError([refused]) from None
        calls = min(part.calls, self._limits.calls)
        requested = min(part.leaves + CALL * calls, _HIGHEST)
        return Cost(requested, self._limits.cost, part.leaves, calls)


class _Part(NamedTuple):
    """What a selection set costs: in itself, and for each item of the page that it is of.

    `spreads` are the fragments in it that are not counted yet, `names` its fields' names.
    """

    leaves: int = 0
    calls: int = 0
    item_leaves: int = 0
    item_calls: int = 0
    spreads: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def add(self, other: "_Part") -> "_Part":
        """Add what stands beside it in the same selection set."""
        return _Part(
            min(self.leaves + other.leaves, _HIGHEST),
            min(self.calls + other.calls, _HIGHEST),
            min(self.item_leaves + other.item_leaves, _HIGHEST),
            min(self.item_calls + other.item_calls, _HIGHEST),
            self.spreads | other.spreads,
            self.names | other.names,
        )

    def max(self, other: "_Part") -> "_Part":
        """Take the dearer of what it costs as one type and as another."""
        return _Part(
            max(self.leaves, other.leaves),
            max(self.calls, other.calls),
            max(self.item_leaves, other.item_leaves),
            max(self.item_calls, other.item_calls),
        )

    def times(self, count: int, page: int = 0) -> "_Part":
        """Repeat it, as a page of so many items."""
        leaves, calls = self.leaves + page * self.item_leaves, self.calls + page * self.item_calls
        return _Part(min(count * leaves, _HIGHEST), min(count * calls, _HIGHEST))


class _Counting:
    """Counts selection sets with one set of variables, each once a type."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: dict[str, FragmentDefinitionNode],
        sizes: dict[str, int | None],
        limits: Limits,
    ) -> None:
        self._schema, self._fragments, self._limits = schema, fragments, limits
        self._sizes = sizes
        self._parts: dict[tuple[int, str], _Part] = {}
        self._wholes: dict[tuple[int, str], _Part] = {}

    def total(self, selections: SelectionSetNode, kind: GraphQLObjectType) -> _Part:
        """Count a selection set with all fragments that are spread in it, each once."""
        key = (id(selections), kind.name)
        if key in self._wholes:
            return self._wholes[key]
        part = self._part(selections, kind)
        waiting, seen = list(part.spreads), set(part.spreads)
        while waiting:
            fragment = self._fragments[waiting.pop()]
            if self._is_of(fragment, kind):
                other = self._part(fragment.selection_set, kind)
                part = part.add(other)
                waiting += other.spreads - seen
                seen |= other.spreads
        self._wholes[key] = part
        return part

    def _part(self, selections: SelectionSetNode, kind: GraphQLObjectType) -> _Part:
        key = (id(selections), kind.name)
        part = self._parts.get(key)
        if part is None:
            part = _Part()
            for selection in selections.selections:
                if self._is_included(selection):
                    part = part.add(self._selection(selection, kind))
            self._parts[key] = part
        return part

    def _selection(self, selection: SelectionNode, kind: GraphQLObjectType) -> _Part:
        if isinstance(selection, FieldNode):
            return self._field(selection, kind)
        if isinstance(selection, FragmentSpreadNode):
            return _Part(spreads=frozenset((selection.name.value,)))
        if isinstance(selection, InlineFragmentNode) and self._is_of(selection, kind):
            return self._part(selection.selection_set, kind)
        return _Part()

    def _is_of(
        self, fragment: InlineFragmentNode | FragmentDefinitionNode, kind: GraphQLObjectType
    ) -> bool:
        condition = fragment.type_condition
        names = {kind.name, *(interface.name for interface in kind.interfaces)}
        return condition is None or condition.name.value in names

    def _is_included(self, selection: SelectionNode) -> bool:
        for directive in selection.directives or ():
            if directive.name.value in {"skip", "include"}:
                (condition,) = directive.arguments or ()
                if (directive.name.value == "skip") is bool(self._argument(condition.value)):
                    return False
        return True

    def _argument(self, value: ValueNode, *, is_list: bool = False) -> int | None:
        if isinstance(value, VariableNode):
            return self._sizes.get(value.name.value)
        return describe(value, is_list=is_list)

    def _field(self, node: FieldNode, kind: GraphQLObjectType) -> _Part:
        name = node.name.value
        field = field_of(self._schema, kind, name)
        arguments = self._arguments(node, field)
        count = self._results(name, field, arguments)
        size = page_size(arguments.get("first"), arguments.get("last"))
        below = _Part()
        for result in field.results:
            if node.selection_set is not None:
                below = below.max(self._result(node.selection_set, field, result, arguments))
        one = below.times(1, size) if field.results else _Part(1, self._calls(field, arguments))
        if field.is_item:
            return _Part(0, 0, one.leaves, one.calls, names=frozenset((name,)))
        return one.times(count)._replace(names=frozenset((name,)))

    def _result(
        self,
        selections: SelectionSetNode,
        field: SizedField,
        kind: GraphQLObjectType,
        arguments: dict[str, int | None],
    ) -> _Part:
        """Count what is below a result of one type, and the calls that get it."""
        part = self.total(selections, kind)
        if field.fetching is None:
            return part
        looked_ahead = {name for type_, name in field.fetching.looks_ahead_to if type_ == kind.name}
        if looked_ahead & part.names and field.fetching.calls is not any_calls:
            return part
        return part._replace(calls=min(part.calls + self._calls(field, arguments), _HIGHEST))

    def _calls(self, field: SizedField, arguments: dict[str, int | None]) -> int:
        if field.fetching is None:
            return 0
        asked = CostArguments(arguments, self._limits.source_types, self._limits.calls)
        return field.fetching.calls(asked)

    def _arguments(self, node: FieldNode, field: SizedField) -> dict[str, int | None]:
        """Return what the arguments are, defaults included, of a field that makes calls."""
        if field.fetching is None:
            return {}
        given = {
            one.name.value: self._argument(
                one.value, is_list=one.name.value in field.list_arguments
            )
            for one in node.arguments or ()
        }
        stated = {name: value for name, value in given.items() if value is not None}
        return {**field.defaults, **stated}

    def _results(self, name: str, field: SizedField, arguments: dict[str, int | None]) -> int:
        if field.fetching is not None and field.fetching.each_of is not None:
            count = arguments.get(field.fetching.each_of) or 0
            if count > self._limits.list_length:
                raise QueryTooComplexError(
                    f"Items in {name}({field.fetching.each_of}:)",
                    self._limits.list_length,
                    count,
                    argument=field.fetching.each_of,
                )
            return count
        return field.length
