"""The changes from one schema to another, by what they mean to clients."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from graphql import (
    BreakingChange,
    BreakingChangeType,
    GraphQLInputObjectType,
    GraphQLSchema,
    SafeChange,
    find_breaking_changes,
    find_dangerous_changes,
    find_schema_changes,
)

from gateway.execution.deprecations import deprecatable_elements

# What stands before the schema coordinate in a description of graphql-core, if anything.
_LEADING = re.compile(
    r"(?:Standard scalar|Directive|Argument|Field|Enum value|(?:A required|An optional) \S+"
    r"|Description of(?: field| input-field| enum value| argument)?"
    r"|[\w ]+ was (?:removed from|added to)(?: union type)?) (?=[@\w])"
)
_COORDINATE = re.compile(r"@?\w+(?:\.\w+)?(?:\(\w+:?\))?")


class Severity(StrEnum):
    """What a change means: an operation may fail, a client may be surprised, or neither."""

    BREAKING = "breaking"
    DANGEROUS = "dangerous"
    SAFE = "safe"


class SchemaDifference(NamedTuple):
    """One change; `kind` is graphql-core's name for it, `coordinate` the schema coordinate."""

    severity: Severity
    kind: str
    coordinate: str
    description: str


def compare_schemas(old: GraphQLSchema, new: GraphQLSchema) -> list[SchemaDifference]:
    """Return all changes, breaking ones first, else in graphql-core's order.

    Besides graphql-core's there are inputs that become `@oneOf`, and what is deprecated.
    """
    breaking = [*find_breaking_changes(old, new), *_new_one_ofs(old, new)]
    safe = [each for each in find_schema_changes(old, new) if isinstance(each, SafeChange)]
    return [
        *(_difference(Severity.BREAKING, each) for each in breaking),
        *(_difference(Severity.DANGEROUS, each) for each in find_dangerous_changes(old, new)),
        *_new_deprecations(old, new),
        *(_difference(Severity.SAFE, each) for each in safe),
    ]


def coordinate_of(description: str) -> str:
    """Return the schema coordinate in a description: `Type.field(argument:)`, or a part of it."""
    leading = _LEADING.match(description)
    found = _COORDINATE.match(description, leading.end() if leading else 0)
    return found[0] if found else ""


def _difference(severity: Severity, change: Any) -> SchemaDifference:
    # A new description is in the new schema: only that it is another one is worth a line.
    text = re.sub(r'(?s) has changed to ".*', " has changed.", change.description)
    return SchemaDifference(severity, change.type.name, coordinate_of(text), text)


def _new_one_ofs(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[BreakingChange]:
    for name, kind in new.type_map.items():
        before = old.type_map.get(name)
        if (
            isinstance(kind, GraphQLInputObjectType)
            and isinstance(before, GraphQLInputObjectType)
            and kind.is_one_of
            and not before.is_one_of
        ):
            text = f"{name} takes exactly one of its fields: it is @oneOf."
            yield BreakingChange(BreakingChangeType.TYPE_CHANGED_KIND, text)


def _new_deprecations(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[SchemaDifference]:
    before = {path: each.deprecation_reason for path, each in deprecatable_elements(old)}
    for path, each in deprecatable_elements(new):
        reason = each.deprecation_reason
        if reason is not None and path in before and before[path] is None:
            text = f"{path} was deprecated: {reason}"
            yield SchemaDifference(Severity.SAFE, "DEPRECATED", path, text)
