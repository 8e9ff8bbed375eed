"""From GraphQL's arguments to a resolver's, as Strawberry converts them; worked out once."""

from collections.abc import Callable, Sequence
from dataclasses import MISSING
from functools import partial
from typing import Any

import strawberry
from strawberry.types.arguments import StrawberryArgument, convert_argument
from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition

Convert = Callable[[Any], Any]


class Converter:
    """Converts coerced arguments, by GraphQL name, to those of the resolver.

    `plan` has each argument's name in GraphQL, that in Python, and what changes its value, if
    anything does.
    """

    def __init__(
        self, arguments: Sequence[StrawberryArgument] = (), schema: strawberry.Schema | None = None
    ) -> None:
        self.plan: list[tuple[str, str, Convert | None]] = []
        if schema is not None:
            name_of = schema.config.name_converter.from_argument
            self.plan = [
                (name_of(each), each.python_name, _convert(each.type, schema)) for each in arguments
            ]

    def __call__(self, coerced: dict[str, Any]) -> dict[str, Any]:
        """Convert."""
        return {
            python_name: coerced[name] if change is None else change(coerced[name])
            for name, python_name, change in self.plan
            if name in coerced
        }


def _convert(kind: Any, schema: Any) -> Convert | None:
    """Return what changes a value of a type; None where nothing does."""
    inner = kind.of_type if type(kind) is StrawberryOptional else kind
    registry = schema.schema_converter.scalar_registry
    is_plain = any(inner is each for each in (str, int, float, bool, strawberry.ID))
    if is_plain or isinstance(inner, StrawberryEnumDefinition) or has_enum_definition(inner):
        return None
    if isinstance(inner, StrawberryList):
        change = _convert(inner.of_type, schema)
        if change is None:
            return lambda value: None if value is None else list(value)
        return lambda value: None if value is None else [change(each) for each in value]
    definition = getattr(inner, "__strawberry_definition__", None)
    if _is_plain_input(definition):
        return _input(inner, definition, schema)
    return partial(convert_argument, type_=kind, scalar_registry=registry, config=schema.config)


def _is_plain_input(definition: Any) -> bool:
    """Return whether a type is made by its class from its fields, each of which has a default."""
    return (
        definition is not None
        and definition.is_input
        and definition.from_input is None
        and all(
            not (field.default_value is MISSING and field.default_factory is MISSING)
            for field in definition.fields
        )
    )


def _input(kind: Any, definition: Any, schema: Any) -> Convert:
    name_of = schema.config.name_converter.from_field
    plan: list[tuple[str, str, Convert | None]] = []

    def convert(value: Any) -> Any:
        if value is None or value is strawberry.UNSET:
            return value
        if not plan:  # not before: an input may have itself for a field
            for field in definition.fields:
                name = field.python_name
                plan.append(
                    (
                        name_of(field),
                        name,
                        _convert(field.resolve_type(type_definition=definition), schema),
                    )
                )
        return kind(
            **{
                name: value[key] if change is None else change(value[key])
                for key, name, change in plan
                if key in value
            }
        )

    return convert
