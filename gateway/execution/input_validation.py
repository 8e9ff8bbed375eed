"""Validation of literals and variables, with messages that say where and what is allowed.

graphql-core's own messages repeat the value, which may be a customer's identifier.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from graphql import (
    ArgumentNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    Node,
    Undefined,
    ValidationRule,
    ValueNode,
    VariableDefinitionNode,
    is_required_input_field,
    type_from_ast,
    validate_input_literal,
    validate_input_value,
)

from gateway.errors import BadUserInputError, QueryTooComplexError
from gateway.execution.bridge import argument_in
from gateway.execution.coercion import Coerce, coercer
from gateway.execution.failures import InputError, OperationRefusedError, refusal, refuse
from gateway.execution.limits import Limits
from gateway.execution.list_sizes import Size, size_of_literal

_MAX_ERRORS = 10
_NESTED = (dict, list)
_SCALARS = {
    "Int": "a whole number of 32 bits",
    "Float": "a number",
    "String": "a string",
    "Boolean": "true or false",
    "ID": "a string or a whole number",
    "_Any": "an object",
}


class ValuesOfCorrectTypeRule(ValidationRule):
    """The rule of the GraphQL specification (§5.6.1), with our messages."""

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        """Check an argument's literal."""
        self._check(node.value, node.name.value, self.context.get_input_type())

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> None:
        """Check a variable's default."""
        if node.default_value is not None:
            self._check(
                node.default_value, f"${node.variable.name.value}", self.context.get_input_type()
            )

    def _check(self, value: Any, name: str, kind: GraphQLInputType | None) -> None:
        if kind is None:
            return

        errors = _ValueErrors(name, kind, hides_names=self.context.hide_suggestions)
        with suppress(_EnoughError):
            validate_input_literal(value, kind, errors.add, None, None, hide_suggestions=True)
        for (argument, message), nodes in errors.found.items():
            locations = [node for node in nodes if node.loc] or value
            self.report_error(InputError(argument, message, locations))


class _EnoughError(Exception):
    """Stop after `_MAX_ERRORS` in one value: graphql-core prints the value for each."""


class _ValueErrors:
    """The errors in one value, with our messages and their nodes in the document."""

    def __init__(self, name: str, kind: GraphQLInputType, *, hides_names: bool) -> None:
        self._name, self._kind, self._hides_names = name, kind, hides_names
        self._calls = 0
        self.found: dict[tuple[str, str], Sequence[Node]] = {}

    def add(self, error: GraphQLError, path: Sequence[str | int]) -> None:
        """Add an error, unless one with the same message has been added."""
        place_and_message = _place_and_message(
            self._name, path, self._kind, hides_names=self._hides_names
        )
        self.found.setdefault(place_and_message, error.nodes or ())
        self._calls += 1
        if self._calls == _MAX_ERRORS:
            raise _EnoughError


def check_variables_size(variables: dict[str, Any], limits: Limits) -> None:
    """Check the variables by a document's limits: values count as tokens, nesting as a literal's.

    Undeclared variables count too. Raise OperationRefusedError with QUERY_TOO_COMPLEX.
    """
    nested: list[Any] = [variables]
    values = depth = 0
    while nested:
        level: list[Any] = []
        for container in nested:
            level += container.values() if isinstance(container, dict) else container
        values += len(level)
        if values > limits.tokens:
            raise refuse(QueryTooComplexError("Variable values", limits.tokens))
        nested = [value for value in level if isinstance(value, _NESTED)]
        if nested:
            depth += 1
            if depth > limits.json_depth:
                raise refuse(QueryTooComplexError("Input nesting depth", limits.json_depth))


class _Variable(NamedTuple):
    """The declaration of a variable; `default` is the size of its default value."""

    name: str
    kind: GraphQLInputType
    may_be_absent: bool
    is_list: bool
    default: Size
    coerce: Coerce
    node: VariableDefinitionNode


class OperationVariables:
    """The declared variables of an operation that has passed validation.

    With `hides_names`, error messages name no enum values and no input fields.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        definitions: Sequence[VariableDefinitionNode],
        *,
        hides_names: bool = False,
    ) -> None:
        self._hides_names = hides_names
        self._variables: list[_Variable] = []
        for node in definitions:
            kind: Any = type_from_ast(schema, node.type)
            is_list = isinstance(_bare(kind), GraphQLList)
            self._variables.append(
                _Variable(
                    node.variable.name.value,
                    kind,
                    node.default_value is not None or not isinstance(kind, GraphQLNonNull),
                    is_list,
                    size_of_literal(node.default_value, is_list=is_list),
                    coercer(kind),
                    node,
                )
            )

    def check(self, values: dict[str, Any]) -> tuple[Size, ...]:
        """Return the sizes of all variables, in the order of their definitions.

        Raise OperationRefusedError with BAD_USER_INPUT for values that are not of their types.
        """
        sizes: list[Size] = []
        errors: list[GraphQLError] = []
        for variable in self._variables:
            value = values.get(variable.name, Undefined)
            if value is Undefined:
                sizes.append(variable.default)
                if not variable.may_be_absent:
                    errors += self._errors_in(variable, value)
            elif variable.coerce(value) is Undefined:
                errors += self._errors_in(variable, value)
            elif value is None:
                sizes.append(None)
            elif variable.is_list:
                sizes.append(len(value) if isinstance(value, list) else 1)
            else:
                sizes.append(int(value) if isinstance(value, int | float) else 1)
        if errors:
            raise OperationRefusedError(
                [refusal(error, BadUserInputError) for error in errors[:_MAX_ERRORS]]
            )
        return tuple(sizes)

    def _errors_in(self, variable: _Variable, value: Any) -> list[GraphQLError]:
        errors = _ValueErrors(f"${variable.name}", variable.kind, hides_names=self._hides_names)
        with suppress(_EnoughError):
            validate_input_value(value, variable.kind, errors.add, hide_suggestions=True)
        return [InputError(place, message, variable.node) for place, message in errors.found]


def argument_made_null(error: GraphQLError) -> str | None:
    """Return the name of the argument that a null variable made invalid, or None.

    It is the only input error that is not found before execution: GraphQL accepts a nullable
    variable for a non-null argument if the variable has a default.
    """
    cause = error.original_error if isinstance(error.original_error, GraphQLError) else error
    if not cause.nodes or not isinstance(cause.nodes[0], ValueNode):
        return None
    return argument_in(cause.message)


def _place_and_message(
    name: str, path: Sequence[str | int], kind: GraphQLInputType, *, hides_names: bool
) -> tuple[str, str]:
    place, inner, needed = name, kind, False
    for step in path:
        bare = _bare(inner)
        if isinstance(bare, GraphQLList) and isinstance(step, str):
            bare = _bare(bare.of_type)  # a single item counts as a list of one
        if isinstance(bare, GraphQLList):
            place, inner, needed = f"{place}[{step}]", bare.of_type, False
        elif isinstance(bare, GraphQLInputObjectType) and step in bare.fields:
            place, inner = f"{place}.{step}", bare.fields[str(step)].type
            needed = bare.is_one_of
    never_null = needed and not isinstance(inner, GraphQLNonNull)
    allowed = _allowed(inner, hides_names=hides_names)
    return place, f"it must be {allowed}{', and not null' if never_null else ''}."


def _bare(kind: Any) -> Any:
    return kind.of_type if isinstance(kind, GraphQLNonNull) else kind


def _allowed(kind: Any, *, hides_names: bool) -> str:
    if isinstance(kind, GraphQLNonNull):
        return _allowed(kind.of_type, hides_names=hides_names) + ", and not null"
    if isinstance(kind, GraphQLList):
        return f"a list, each {_allowed(_bare(kind.of_type), hides_names=hides_names)}"
    if hides_names and isinstance(kind, GraphQLEnumType | GraphQLInputObjectType):
        return f"a {kind.name}"  # GraphQL's own messages contain this name too
    if isinstance(kind, GraphQLEnumType):
        return f"one of {', '.join(kind.values)}"
    if isinstance(kind, GraphQLInputObjectType):
        return _allowed_object(kind)
    return _SCALARS.get(kind.name, f"a {kind.name}")


def _allowed_object(kind: GraphQLInputObjectType) -> str:
    if kind.is_one_of:
        return f"an object with exactly one of {', '.join(kind.fields)}"
    required = [name for name, field in kind.fields.items() if is_required_input_field(field)]
    others = [name for name in kind.fields if name not in required]
    any_of = [f"any of {', '.join(others)}"] if others else []
    return f"an object with {' and '.join([*required, *any_of])}"
