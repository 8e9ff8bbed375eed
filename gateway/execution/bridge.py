"""The only module that touches inner parts of Strawberry and graphql-core.

`tests/execution/test_bridge.py` has a test for each, which fails when a new version moves it.

Of Strawberry:

- ``Schema._schema``, the graphql-core schema (`graphql_schema`);
- ``extensions["strawberry-definition"]`` of types, fields and arguments, and of what stands there
  ``origin``, ``wrapped_cls``, ``is_one_of``, ``is_input``, ``from_input``,
  ``python_name``, ``arguments``, ``metadata`` and ``base_resolver`` (`definition_of` and below);
- ``has_object_definition``, ``get_object_definition`` (`object_type_name`), and an enum's
  ``__strawberry_definition__`` (`enum_values`);
- ``Info._raw_info`` (`resolve_info`);
- ``convert_arguments`` and ``Schema.schema_converter.scalar_registry`` (`convert_arguments`).

Of graphql-core:

- ``execution.collect_fields``: `collect_fields`, `collect_subfields`, `FieldDetails`,
  `FragmentDetails`, `CollectedFields` and `DeferUsage`;
- ``execution.get_variable_signature`` and ``execution.values.VariableValueSource``, of which
  ``VariableValues.sources`` consists;
- ``pyutils.is_iterable``, which decides what a list may be;
- ``validation.validate.ValidationAbortedError`` and the overlapping fields' rule's
  ``rule_context.remaining_complexity_budget``;
- ``Executor.execute_field`` and ``Executor.complete_leaf_value``, which `executor.py` overrides;
- the wording of messages: the quoted text of a syntax error (`without_quoted_text`), suggestions
  (`without_suggestion`), and the name of an argument (`argument_in`).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

import strawberry
from graphql import GraphQLInputObjectType, GraphQLResolveInfo, GraphQLSchema
from graphql.execution.collect_fields import (
    CollectedFields,
    DeferUsage,
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.get_variable_signature import (
    GraphQLVariableSignature,
    get_variable_signature,
)
from graphql.execution.values import VariableValueSource
from graphql.pyutils import is_iterable
from graphql.validation.validate import ValidationAbortedError
from strawberry.types import arguments as strawberry_arguments
from strawberry.types import get_object_definition, has_object_definition
from strawberry.types.field import StrawberryField

__all__ = [
    "CollectedFields",
    "DeferUsage",
    "FieldDetails",
    "FragmentDetails",
    "GraphQLVariableSignature",
    "StrawberryField",
    "ValidationAbortedError",
    "VariableValueSource",
    "argument_in",
    "collect_fields",
    "collect_subfields",
    "convert_arguments",
    "definition_of",
    "enum_class",
    "enum_values",
    "get_variable_signature",
    "graphql_schema",
    "has_object_definition",
    "input_class",
    "is_iterable",
    "is_one_of",
    "metadata_of",
    "method_of",
    "object_type_name",
    "python_name",
    "resolve_info",
    "view_class",
    "wants_info",
    "without_quoted_text",
    "without_suggestion",
]

# A token and its text, which may have quotes itself, up to the last quote of the message.
_QUOTED = re.compile(
    r"((?:Name|Int|Float|String|BlockString|variable|escape sequence):?) '.*'", re.DOTALL
)
_SUGGESTION = re.compile(r" Did you mean .*\?$", re.DOTALL)
_ARGUMENT = re.compile(r"Argument '(\w+)'")


def graphql_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """Return the graphql-core schema inside a Strawberry schema."""
    inner: GraphQLSchema = schema._schema  # noqa: SLF001 - Strawberry offers no other way
    return inner


def definition_of(element: Any) -> Any:
    """Return Strawberry's definition of a graphql-core type, field or argument; None for others."""
    return element.extensions.get("strawberry-definition")


def metadata_of(field: Any) -> Mapping[Any, Any]:
    """Return the metadata of a graphql-core field; of ``__typename`` and the like there is none."""
    definition = definition_of(field)
    return {} if definition is None else definition.metadata


def python_name(element: Any) -> str:
    """Return the Python name of a graphql-core field, input field or argument."""
    name: str = definition_of(element).python_name
    return name


def view_class(kind: Any) -> type:
    """Return the class whose instances are values of an object type."""
    view: type = definition_of(kind).origin
    return view


def object_type_name(value: Any) -> str | None:
    """Return the name of the object type that a value is an instance of; None without such."""
    definition = get_object_definition(value)
    return None if definition is None else definition.name


def enum_class(kind: Any) -> type[Enum] | None:
    """Return the class of an enum type; None for any other type."""
    return getattr(definition_of(kind), "wrapped_cls", None)


def enum_values(members: type[Enum]) -> Iterable[Any]:
    """Return Strawberry's definitions of the values of an enum's class."""
    values: Iterable[Any] = members.__strawberry_definition__.values  # type: ignore[attr-defined]  # strawberry.enum has put it there
    return values


def is_one_of(kind: Any) -> bool:
    """Whether an input type is declared as @oneOf, which Strawberry does not pass on."""
    return bool(getattr(definition_of(kind), "is_one_of", False))


def input_class(kind: GraphQLInputObjectType) -> type:
    """Return the class of an input type, which is called with the fields that are present.

    A required one is: coercion accepts no input without it. Raise TypeError for a type with a
    conversion of its own.
    """
    definition = definition_of(kind)
    if not definition.is_input or definition.from_input is not None:
        raise TypeError(f"{kind.name} is not built from its fields by keyword")
    built: type = definition.origin
    return built


def method_of(field: StrawberryField) -> Callable[..., Any]:
    """Return the function of a field with a resolver, which takes the view first."""
    assert field.base_resolver is not None  # noqa: S101 - a declared field has a resolver
    method: Any = field.base_resolver.wrapped_func
    return method  # type: ignore[no-any-return]  # Strawberry allows descriptors, we have none


def wants_info(field: StrawberryField) -> bool:
    """Whether the function of a field takes ``info``."""
    return field.base_resolver is not None and field.base_resolver.info_parameter is not None


def resolve_info(info: strawberry.Info[Any, Any]) -> GraphQLResolveInfo[Any]:
    """Return graphql-core's info, which has the document beside the field."""
    return info._raw_info  # noqa: SLF001 - Strawberry offers no other way


def convert_arguments(
    schema: strawberry.Schema, field: StrawberryField, coerced: dict[str, Any]
) -> dict[str, Any]:
    """Return coerced arguments as Strawberry passes them to a field's function, by Python name."""
    return strawberry_arguments.convert_arguments(
        coerced,
        field.arguments,
        scalar_registry=schema.schema_converter.scalar_registry,
        config=schema.config,
    )


def without_quoted_text(message: str) -> str:
    """Return the message of a syntax error without the text that it quotes."""
    return _QUOTED.sub(r"\1", message)


def without_suggestion(message: str) -> str:
    """Return the message of a validation error without its suggestion.

    Fields without a selection have one even with ``hide_suggestions``.
    """
    return _SUGGESTION.sub("", message)


def argument_in(message: str) -> str | None:
    """Return the name of the argument that an error of its value begins with; None for others."""
    named = _ARGUMENT.match(message)
    return named[1] if named else None
