"""From GraphQL's arguments to a resolver's, as Strawberry converts them: once worked out by type."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import strawberry
from strawberry.types.arguments import StrawberryArgument, convert_argument
from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition

Convert = Callable[[Any], Any]


def converter(
    arguments: Sequence[StrawberryArgument], schema: strawberry.Schema
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Give the function from coerced arguments, by GraphQL name, to those of the resolver."""
    name_of = schema.config.name_converter.from_argument
    plan = [(name_of(each), each.python_name, _convert(each.type, schema)) for each in arguments]

    def convert(coerced: dict[str, Any]) -> dict[str, Any]:
        return {
            python_name: coerced[name] if change is None else change(coerced[name])
            for name, python_name, change in plan
            if name in coerced
        }

    return convert


def _convert(kind: Any, schema: Any) -> Convert | None:
    """Give what changes a value of a type; None where nothing does."""
    inner = kind.of_type if type(kind) is StrawberryOptional else kind
    registry = schema.schema_converter.scalar_registry
    is_plain = any(inner is each for each in (str, int, float, bool, strawberry.ID))
    if is_plain or isinstance(inner, StrawberryEnumDefinition) or has_enum_definition(inner):
        return None
    if isinstance(inner, StrawberryList) and _convert(inner.of_type, schema) is None:
        return lambda value: None if value is None else list(value)
    return partial(convert_argument, type_=kind, scalar_registry=registry, config=schema.config)
