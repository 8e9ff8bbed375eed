"""Estimates the cost of an operation before it runs: its leaves, and 100 for each upstream call.

The rules are in `docs/cost.md`; the fields' declarations and the variables' values decide.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    SelectionNode,
    ValueNode,
    VariableNode,
)

from gateway.cache.bounded_dict import BoundedDict
from gateway.errors import ListTooLongError, QueryTooComplexError
from gateway.execution.document_analysis import OperationAnalysis, SelectionFold
from gateway.execution.failures import OperationRefusedError, refuse
from gateway.execution.limits import Limits
from gateway.execution.list_sizes import Size, SizedField, field_of, size_of_literal
from gateway.pagination.arguments import page_size
from gateway.schema.declare import CostArguments, any_calls
from gateway.schema.directives import DEFER
from gateway.schema.lookahead import type_conditions

CALL = 100
PART = 10  # leaves: a deferred fragment is a part of the response of its own
_MAX_COUNT = 1_000_000_000  # counting stops here: clients read 32-bit numbers
_MAX_MEMOISED = 64
# The root fields that look a customer up. All others cost every call an operation may make anyway.
_LOOK_UP_FIELDS = frozenset({"customer", "customers"})
_CUSTOMER_ID = "customerId"


class Cost(NamedTuple):
    """The estimated cost of an operation, `requested`, and its limit, `maximum`."""

    requested: int
    maximum: int
    leaves: int
    calls: int

    @property
    def extension(self) -> dict[str, int]:
        """Return the value of ``extensions.cost``."""
        return {"requested": self.requested, "maximum": self.maximum}


class CostEstimator:
    """The cost of one operation, memoised by the sizes of its variables."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationAnalysis,
        limits: Limits,
    ) -> None:
        self._schema, self._operation, self._limits = schema, operation, limits
        root = schema.get_root_type(operation.definition.operation)
        self._is_for_own = root is not None and any(
            _is_each_own(schema, root, field) for field in operation.root_fields
        )
        definitions = operation.definition.variable_definitions or ()
        self._names = [definition.variable.name.value for definition in definitions]
        self._known: BoundedDict[tuple[Size, ...], Cost] = BoundedDict(_MAX_MEMOISED)

    def of(self, sizes: tuple[Size, ...], look_ups: int = 0, own_customers: int = 0) -> Cost:
        """Return the cost with variables of these sizes, in the order of their definitions.

        `look_ups` is the number of calls that look up the customers of the caller's token,
        `own_customers` the number of these customers. Raise OperationRefusedError with
        QUERY_TOO_COMPLEX above the maximum cost, and with LIST_TOO_LONG for a list that is longer
        than allowed.
        """
        key = (*sizes, own_customers) if self._is_for_own else sizes
        cost = self._known.get(key)
        if cost is None:
            cost = self._known[key] = self._count(sizes, own_customers)
        if look_ups:
            cost = self._cost(cost.leaves, cost.calls + look_ups)
        if cost.requested > cost.maximum:
            error = QueryTooComplexError("Operation cost", cost.maximum, cost.requested)
            extensions = error.extensions | {"cost": cost.extension}
            raise OperationRefusedError([{"message": error.message, "extensions": extensions}])
        return cost

    def _count(self, sizes: tuple[Size, ...], own_customers: int) -> Cost:
        root = self._schema.get_root_type(self._operation.definition.operation)
        if root is None:
            raise TypeError("validation accepted an operation of a kind the schema does not have")
        variables = dict(zip(self._names, sizes, strict=True))
        fold = _CostFold(
            self._schema, self._operation.fragments, variables, self._limits, own_customers
        )
        try:
            part = fold.total(self._operation.definition.selection_set, root)
        except ListTooLongError as error:
            raise refuse(error) from None
        return self._cost(part.leaves, part.calls)

    def _cost(self, leaves: int, calls: int) -> Cost:
        calls = min(calls, self._limits.calls)
        return Cost(min(leaves + CALL * calls, _MAX_COUNT), self._limits.cost, leaves, calls)


class _Part(NamedTuple):
    """The cost of a selection set: once, and in addition for each item of its connection's page.

    `names` are the names of its fields.
    """

    leaves: int = 0
    calls: int = 0
    item_leaves: int = 0
    item_calls: int = 0
    names: frozenset[str] = frozenset()

    def max(self, other: "_Part") -> "_Part":
        """Return the larger figures of two possible types of one object."""
        return _Part(
            max(self.leaves, other.leaves),
            max(self.calls, other.calls),
            max(self.item_leaves, other.item_leaves),
            max(self.item_calls, other.item_calls),
        )

    def times(self, count: int, page: int = 0) -> "_Part":
        """Return the cost of `count` objects, each with a page of `page` items."""
        leaves, calls = self.leaves + page * self.item_leaves, self.calls + page * self.item_calls
        return _Part(min(count * leaves, _MAX_COUNT), min(count * calls, _MAX_COUNT))


class _CostFold(SelectionFold[GraphQLObjectType, _Part]):
    """Counts selection sets by parent type, for variables of given sizes."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Size],
        limits: Limits,
        own_customers: int,
    ) -> None:
        super().__init__(fragments)
        self._schema, self._variables, self._limits = schema, variables, limits
        self._own_customers = own_customers
        # The fields that cause no call below the field that this counts for.
        self._spared: frozenset[tuple[str, str]] = frozenset()
        self._below_sparing: dict[frozenset[tuple[str, str]], _CostFold] = {}

    def combine(self, values: list[_Part]) -> _Part:
        return _Part(
            min(sum([value.leaves for value in values]), _MAX_COUNT),
            min(sum([value.calls for value in values]), _MAX_COUNT),
            min(sum([value.item_leaves for value in values]), _MAX_COUNT),
            min(sum([value.item_calls for value in values]), _MAX_COUNT),
            frozenset().union(*[value.names for value in values]),
        )

    def includes(self, selection: SelectionNode, parent: GraphQLObjectType) -> bool:
        for directive in selection.directives or ():
            if directive.name.value in {"skip", "include"}:
                (condition,) = directive.arguments or ()
                if (directive.name.value == "skip") is bool(self._argument(condition.value)):
                    return False
        return not isinstance(selection, InlineFragmentNode) or self.applies(selection, parent)

    def deferred(self, fragment: FragmentSpreadNode | InlineFragmentNode) -> _Part | None:
        for directive in fragment.directives or ():
            if directive.name.value == DEFER.name:
                conditions = [each for each in directive.arguments or () if each.name.value == "if"]
                if all(self._argument(each.value) for each in conditions):
                    return _Part(PART)
        return None

    def applies(
        self, fragment: FragmentDefinitionNode | InlineFragmentNode, parent: GraphQLObjectType
    ) -> bool:
        condition = fragment.type_condition
        return condition is None or condition.name.value in type_conditions(self._schema, parent)

    def field(self, node: FieldNode, parent: GraphQLObjectType) -> _Part:
        name = node.name.value
        field = field_of(self._schema, parent, name)
        if (parent.name, name) in self._spared:
            field = field._replace(fetching=None)
        arguments = self._arguments(node, field)
        length = self._length(field, arguments)
        calls_once = self._calls(field, arguments) if _is_one_list(field) else 0
        result = _Part(1, self._calls(field, arguments))
        if field.results:
            below = _Part()
            for kind in field.results if node.selection_set else ():
                below = below.max(self._result(node, field, kind, arguments))
            result = below.times(1, page_size(arguments.get("first"), arguments.get("last")))
        if field.is_item:
            return _Part(0, 0, result.leaves, result.calls, frozenset((name,)))
        part = result.times(length)
        return part._replace(calls=part.calls + calls_once, names=frozenset((name,)))

    def _result(
        self,
        node: FieldNode,
        field: SizedField,
        kind: GraphQLObjectType,
        arguments: dict[str, Size],
    ) -> _Part:
        """Return the cost of a result of one type, with the calls that fetch it."""
        assert node.selection_set is not None  # noqa: S101 - the caller has looked
        if field.fetching is None:
            return self.total(node.selection_set, kind)
        part = self._below(field.fetching.spares).total(node.selection_set, kind)
        if _is_one_list(field):
            return part
        looked_ahead = {name for type_, name in field.fetching.looks_ahead_to if type_ == kind.name}
        if looked_ahead & part.names and field.fetching.calls is not any_calls:
            # A look-up without any page or count takes a call of its own.
            return part._replace(calls=max(part.calls, self._calls(field, arguments)))
        return part._replace(calls=min(part.calls + self._calls(field, arguments), _MAX_COUNT))

    def _below(self, spares: frozenset[tuple[str, str]]) -> "_CostFold":
        """Return what counts the fields below one that spares the calls of others."""
        spared = self._spared | spares
        if spared == self._spared:
            return self
        fold = self._below_sparing.get(spared)
        if fold is None:
            fold = self._below_sparing[spared] = _CostFold(
                self._schema, self._fragments, self._variables, self._limits, self._own_customers
            )
            fold._spared = spared
        return fold

    def _calls(self, field: SizedField, arguments: dict[str, Size]) -> int:
        if field.fetching is None:
            return 0
        return field.fetching.calls(
            CostArguments(
                arguments,
                self._limits.calls,
                self._limits.scan_calls,
            )
        )

    def _arguments(self, node: FieldNode, field: SizedField) -> dict[str, Size]:
        """Return the sizes of the arguments of a fetching field, defaults included."""
        arguments: dict[str, Size] = {}
        if field.fetching is not None:
            arguments.update(field.defaults)
            for argument in node.arguments or ():
                name = argument.name.value
                size = self._argument(argument.value, is_list=name in field.list_arguments)
                if size is not None:
                    arguments[name] = size
        return arguments

    def _argument(self, value: ValueNode, *, is_list: bool = False) -> Size:
        if isinstance(value, VariableNode):
            return self._variables.get(value.name.value)
        return size_of_literal(value, is_list=is_list)

    def _length(self, field: SizedField, arguments: dict[str, Size]) -> int:
        """Return the number of results that a field is counted as."""
        if field.fetching is not None and field.fetching.is_each_own:
            return self._own_customers
        each_of = field.fetching.each_of if field.fetching is not None else None
        if each_of is None:
            return field.length
        count = arguments.get(each_of) or 0
        if count > self._limits.list_length:
            raise ListTooLongError(each_of, self._limits.list_length, count)
        return count


def _is_one_list(field: SizedField) -> bool:
    """Whether the calls of a fetching field return all results of its list together."""
    fetching = field.fetching
    return (
        fetching is not None
        and field.length > 1
        and fetching.each_of is None
        and not fetching.is_each_own
    )


def _is_each_own(schema: GraphQLSchema, root: GraphQLObjectType, node: FieldNode) -> bool:
    fetching = field_of(schema, root, node.name.value).fetching
    return fetching is not None and fetching.is_each_own


def selects_customer_by_id(operation: OperationAnalysis, variables: dict[str, Any]) -> bool:
    """Whether an operation names a customer by the platform's own id.

    If the caller's token names its customers by other identifiers, these must be looked up to
    authorize the id (`schema/customer_gate.py`), which is part of the cost.
    """
    values: list[Any] = [
        argument.value
        for field in operation.root_fields
        if field.name.value in _LOOK_UP_FIELDS
        for argument in field.arguments or ()
    ]
    definitions = operation.definition.variable_definitions or ()
    defaults = {each.variable.name.value: each.default_value for each in definitions}
    for value in values:
        if isinstance(value, VariableNode):
            name = value.name.value
            if _has_customer_id(variables[name] if name in variables else defaults.get(name)):
                return True
        elif _has_customer_id(value):
            return True
    return False


def _has_customer_id(value: Any) -> bool:
    """Whether a literal or a variable's value is, or may hold, an identifier by customer id."""
    if isinstance(value, ListValueNode):
        return any(_has_customer_id(item) for item in value.values)
    if isinstance(value, ObjectValueNode):
        return any(field.name.value == _CUSTOMER_ID for field in value.fields)
    if isinstance(value, list):
        return any(_has_customer_id(item) for item in value)
    # A variable inside a literal list counts whatever its value is.
    return isinstance(value, VariableNode) or (isinstance(value, dict) and _CUSTOMER_ID in value)
