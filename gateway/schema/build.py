"""The schema, built once a process."""

from datetime import datetime
from functools import cache
from typing import Any

import strawberry
from graphql import GraphQLInputObjectType, GraphQLSchema, Undefined
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig

from gateway.execution.bridge import graphql_schema, is_one_of
from gateway.schema import enums  # noqa: F401 - registers the vocabulary's words
from gateway.schema.description import DESCRIPTION
from gateway.schema.directives import DEFER
from gateway.schema.federation import ENTITIES, federated_query, subgraph_sdl
from gateway.schema.federation import SCALARS as REFERENCES
from gateway.schema.info import Info
from gateway.schema.mutation import Mutation
from gateway.schema.query import Query
from gateway.upstream.normalise.instants import format_instant

SCALARS: dict[object, Any] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="RFC 3339 in UTC, always with seconds, with milliseconds where they are not"
        " zero: 2025-06-23T00:00:00Z.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
        serialize=format_instant,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value, passed on as the upstream has it.",
        serialize=lambda value: value,
    ),
}


@cache
def build_schema(*, federation: bool = False) -> strawberry.Schema:
    """Build the schema from the types; raise what is wrong with them.

    With `federation` it is that of the subgraph.
    """
    schema = strawberry.Schema(
        query=federated_query(print_subgraph()) if federation else Query,
        mutation=Mutation,
        types=ENTITIES,
        config=StrawberryConfig(
            info_class=Info, scalar_map=SCALARS | REFERENCES if federation else SCALARS
        ),
    )
    executable(schema).description = DESCRIPTION  # Strawberry has no parameter for it
    _drop_null_defaults(executable(schema))
    _mark_one_of_inputs(executable(schema))
    executable(schema).directives += (DEFER,)
    return schema


def executable(schema: strawberry.Schema) -> GraphQLSchema:
    """Return the graphql-core schema inside."""
    return graphql_schema(schema)


def _drop_null_defaults(schema: GraphQLSchema) -> None:
    """Print an optional argument as ``first: Int``, not as ``first: Int = null``."""
    for graphql_type in schema.type_map.values():
        for field in getattr(graphql_type, "fields", {}).values():
            for argument in getattr(field, "args", {}).values():
                if argument.default_value is None:
                    argument.default_value = Undefined


def _mark_one_of_inputs(schema: GraphQLSchema) -> None:
    """Mark the inputs that are @oneOf for graphql-core, which Strawberry does not do.

    Strawberry's own check raises within a coercion, too late to name the argument.
    """
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            kind.is_one_of = kind.is_one_of or is_one_of(kind)


@cache
def print_schema() -> str:
    """Return the schema in the schema definition language, the content of ``schema.graphql``."""
    # Strawberry prints no description of a schema.
    definition = f'"""\n{DESCRIPTION}\n"""\nschema {{\n  query: Query\n  mutation: Mutation\n}}'
    return f"{definition}\n\n{build_schema().as_str()}\n"


def print_subgraph() -> str:
    """Return the schema as a subgraph of Federation 2, with the directives for composition."""
    return subgraph_sdl(print_schema())
