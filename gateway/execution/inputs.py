"""Literals and variables against their types, in words that name the place and what is allowed.

graphql-core's own words repeat the value, which may be a customer's identifier; these never do.
"""

from collections.abc import Sequence
from typing import Any

from graphql import (
    ArgumentNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    Undefined,
    ValidationRule,
    VariableDefinitionNode,
    is_input_type,
    type_from_ast,
)
from graphql.utilities import coerce_input_value, validate_input_literal, validate_input_value

from gateway.execution.failures import InputError

_MOST_ERRORS = 10
_SCALARS = {
    "Int": "a whole number of 32 bits",
    "Float": "a number",
    "String": "a string",
    "Boolean": "true or false",
    "ID": "a string or a whole number",
}


class ValuesOfCorrectTypeRule(ValidationRule):
    """GraphQL's rule of that name (spec §5.6.1), in our words."""

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

        def report(error: GraphQLError, path: Sequence[str | int]) -> None:
            self.report_error(InputError(_words(name, path, kind), error.nodes or value))

        validate_input_literal(value, kind, report, None, None, hide_suggestions=True)


def check_variables(
    schema: GraphQLSchema,
    definitions: Sequence[VariableDefinitionNode],
    variables: dict[str, Any],
) -> list[GraphQLError]:
    """Find what is wrong with the variables of an operation that has passed validation."""
    errors: list[GraphQLError] = []
    for definition in definitions:
        name = definition.variable.name.value
        kind = type_from_ast(schema, definition.type)
        value = variables.get(name, Undefined)
        if value is Undefined and (
            definition.default_value is not None or not isinstance(kind, GraphQLNonNull)
        ):
            continue
        if not is_input_type(kind):
            continue  # validation has said so
        errors += _check_variable(f"${name}", kind, value, definition)
    return errors[:_MOST_ERRORS]


def _check_variable(
    name: str, kind: GraphQLInputType, value: Any, node: VariableDefinitionNode
) -> list[GraphQLError]:
    errors: list[GraphQLError] = []

    def report(_error: GraphQLError, path: Sequence[str | int]) -> None:
        if len(errors) < _MOST_ERRORS:
            errors.append(InputError(_words(name, path, kind), node))

    try:
        if coerce_input_value(value, kind) is Undefined:
            validate_input_value(value, kind, report, hide_suggestions=True)
    except RecursionError:
        errors.append(InputError(f"{name}: it is nested too deep.", node))
    return errors


def _words(name: str, path: Sequence[str | int], kind: GraphQLInputType) -> str:
    place, inner = name, kind
    for step in path:
        bare = inner.of_type if isinstance(inner, GraphQLNonNull) else inner
        if isinstance(bare, GraphQLList):
            place, inner = f"{place}[{step}]", bare.of_type
        elif isinstance(bare, GraphQLInputObjectType) and step in bare.fields:
            place, inner = f"{place}.{step}", bare.fields[str(step)].type
    return f"{place}: it must be {_allowed(inner)}."


def _allowed(kind: Any) -> str:
    if isinstance(kind, GraphQLNonNull):
        return _allowed(kind.of_type) + ", and not null"
    if isinstance(kind, GraphQLList):
        return f"a list, each {_allowed(kind.of_type)}"
    if isinstance(kind, GraphQLEnumType):
        return f"one of {', '.join(kind.values)}"
    if isinstance(kind, GraphQLInputObjectType):
        fields = ", ".join(kind.fields)
        return f"an object with {'exactly one' if kind.is_one_of else 'any'} of {fields}"
    return _SCALARS.get(kind.name, f"a {kind.name}")
