"""Literals and variables against their types, in words that name the place and what is allowed.

graphql-core's own words repeat the value, which may be a customer's identifier; these never do.
"""

import re
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
    is_input_type,
    type_from_ast,
    validate_input_literal,
    validate_input_value,
)

from gateway.execution.coercion import Coerce, coercer
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

        mistakes = _Mistakes(name, kind, hides_names=self.context.hide_suggestions)
        with suppress(_EnoughError):
            validate_input_literal(value, kind, mistakes.add, None, None, hide_suggestions=True)
        for (argument, words), nodes in mistakes.found.items():
            places = [node for node in nodes if node.loc] or value
            self.report_error(InputError(argument, words, places))


class _EnoughError(Exception):
    """More mistakes in one value help nobody, and each costs graphql-core a print of the value."""


class _Mistakes:
    """What is wrong with one value, in our words, and where in the document."""

    def __init__(self, name: str, kind: GraphQLInputType, *, hides_names: bool) -> None:
        self._name, self._kind, self._hides_names = name, kind, hides_names
        self._calls = 0
        self.found: dict[tuple[str, str], Sequence[Node]] = {}

    def add(self, error: GraphQLError, path: Sequence[str | int]) -> None:
        """Note a mistake; of those with the same words only the first."""
        told = _place_and_words(self._name, path, self._kind, hides_names=self._hides_names)
        self.found.setdefault(told, error.nodes or ())
        self._calls += 1
        if self._calls == _MOST_ERRORS:
            raise _EnoughError


class _Variable(NamedTuple):
    """What is known of a variable before it has a value."""

    name: str
    kind: GraphQLInputType
    may_be_absent: bool
    coerce: Coerce
    node: VariableDefinitionNode


class VariableChecks:
    """Finds what is wrong with the variables of an operation that has passed validation.

    With `hides_names` the words for it tell no enum's values and no input's fields.
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
            kind = type_from_ast(schema, node.type)
            if is_input_type(kind):  # else validation has said so
                absent = node.default_value is not None or not isinstance(kind, GraphQLNonNull)
                name = node.variable.name.value
                self._variables.append(_Variable(name, kind, absent, coercer(kind), node))

    def errors(self, variables: dict[str, Any]) -> list[GraphQLError]:
        """Return what is wrong with these values."""
        errors: list[GraphQLError] = []
        for variable in self._variables:
            value = variables.get(variable.name, Undefined)
            if value is Undefined:
                if variable.may_be_absent:
                    continue
            elif variable.coerce(value) is not Undefined:
                continue
            errors += self._mistakes(variable, value)
        return errors[:_MOST_ERRORS]

    def _mistakes(self, variable: _Variable, value: Any) -> list[GraphQLError]:
        mistakes = _Mistakes(f"${variable.name}", variable.kind, hides_names=self._hides_names)
        with suppress(_EnoughError):
            validate_input_value(value, variable.kind, mistakes.add, hide_suggestions=True)
        return [InputError(place, words, variable.node) for place, words in mistakes.found]


def argument_made_null(error: GraphQLError) -> str | None:
    """Name the argument that a null variable has spoilt; None for any other error of an execution.

    The one mistake in inputs that only shows then: GraphQL lets a variable that may be null stand
    where null may not, if it has a default.
    """
    cause = error.original_error if isinstance(error.original_error, GraphQLError) else error
    if not cause.nodes or not isinstance(cause.nodes[0], ValueNode):
        return None
    named = re.match(r"Argument '(\w+)'", cause.message)
    return named[1] if named else None


def _place_and_words(
    name: str, path: Sequence[str | int], kind: GraphQLInputType, *, hides_names: bool
) -> tuple[str, str]:
    place, inner, needed = name, kind, False
    for step in path:
        bare = _bare(inner)
        if isinstance(bare, GraphQLList) and isinstance(step, str):
            bare = _bare(bare.of_type)  # one item stands for a list of one
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
        return f"a {kind.name}"  # its name the client knows, or is told by GraphQL's own words
    if isinstance(kind, GraphQLEnumType):
        return f"one of {', '.join(kind.values)}"
    if isinstance(kind, GraphQLInputObjectType):
        fields = ", ".join(kind.fields)
        return f"an object with {'exactly one' if kind.is_one_of else 'any'} of {fields}"
    return _SCALARS.get(kind.name, f"a {kind.name}")
