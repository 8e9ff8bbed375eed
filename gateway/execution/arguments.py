"""Conversion of coerced GraphQL arguments to those of a field's function, planned once a field."""

from collections.abc import Callable, Mapping
from typing import Any

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
)

from gateway.execution.bridge import input_class, python_name

Convert = Callable[[Any], Any]


class Converter:
    """Converts coerced arguments, by GraphQL name, to those of the function, by Python name.

    `plan` has each argument's name in GraphQL, its name in Python, and the function that converts
    its value; None where the value stays as it is.
    """

    def __init__(self, arguments: Mapping[str, GraphQLArgument] | None = None) -> None:
        self.plan = [
            (name, python_name(argument), _convert(argument.type))
            for name, argument in (arguments or {}).items()
        ]

    def __call__(self, coerced: dict[str, Any]) -> dict[str, Any]:
        """Return the converted arguments; those that are absent stay absent."""
        return {
            name_in_python: coerced[name] if convert is None else convert(coerced[name])
            for name, name_in_python, convert in self.plan
            if name in coerced
        }


def _convert(kind: Any) -> Convert | None:
    """Return the conversion of a type's values: of inputs, at any depth; None without one."""
    if isinstance(kind, GraphQLNonNull):
        return _convert(kind.of_type)
    if isinstance(kind, GraphQLList):
        item = _convert(kind.of_type)
        if item is None:
            return None
        return lambda value: None if value is None else [item(each) for each in value]
    return _input(kind) if isinstance(kind, GraphQLInputObjectType) else None


def _input(kind: GraphQLInputObjectType) -> Convert:
    build = input_class(kind)
    plan: list[tuple[str, str, Convert | None]] = []

    def convert(value: Any) -> Any:
        if value is None or value is strawberry.UNSET:
            return value
        if not plan:  # not before: an input may have itself for a field
            plan.extend(
                (name, python_name(field), _convert(field.type))
                for name, field in kind.fields.items()
            )
        return build(
            **{
                name: value[key] if change is None else change(value[key])
                for key, name, change in plan
                if key in value
            }
        )

    return convert
