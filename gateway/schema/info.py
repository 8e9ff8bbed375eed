"""What a resolver may use beside its arguments: the request, its loaders, and look-ahead."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import strawberry
from graphql import FieldNode, GraphQLField, GraphQLObjectType, get_argument_values

from gateway.context import Caller, RequestContext
from gateway.dataloaders.data_loaders import DataLoaders
from gateway.execution.bridge import convert_arguments, definition_of, metadata_of, resolve_info
from gateway.pagination.arguments import PageFields
from gateway.schema.lookahead import (
    DECLARATION,
    Ahead,
    LooksFor,
    Paths,
    SelectedDocument,
    page_fields,
)


@dataclass(frozen=True, slots=True)
class ResolverContext:
    """One request's context."""

    request: RequestContext
    loaders: DataLoaders

    @property
    def now(self) -> datetime:
        """Return the one time of the whole answer."""
        return self.request.now

    @property
    def caller(self) -> Caller:
        """Tell who asks."""
        return self.request.caller


class Info(strawberry.Info[ResolverContext, None]):
    """Strawberry's info, of which resolvers use `context` and look-ahead, and nothing else."""

    @property
    def page_fields(self) -> PageFields:
        """Return which of the fields that this one looks for are selected below it."""
        raw = resolve_info(self)
        field = self._declared(raw.parent_type, raw.field_name)
        own = field.document.selected(field.graphql, raw.field_nodes, field.looks_for)
        return field.page_fields(own, raw.field_nodes[0])

    def look_ahead(self, type_name: str, field_name: str) -> list[Ahead]:
        """Return each selection of a field right below this one.

        `type_name` is the type that the field below belongs to; what an argument leaves out is left
        out here too. Selections that @skip and @include rule out are not in the list.
        """
        raw = resolve_info(self)
        parent: Any = raw.schema.type_map[type_name]
        field = self._declared(parent, field_name)
        document, looks = field.document, field.looks_for
        return [
            Ahead(
                field.convert(node),
                field.page_fields(document.selected(field.graphql, [node], looks), node),
            )
            for node in document.nodes_below(parent, raw.field_nodes, field_name)
        ]

    def _declared(self, parent: GraphQLObjectType, name: str) -> "_Declared":
        raw, schema = resolve_info(self), self.schema
        document = SelectedDocument(raw.schema, raw.operation, raw.fragments, raw.variable_values)
        return _Declared(document, schema, parent, parent.fields[name])


class _Declared(NamedTuple):
    """A field that looks for what is selected below it, in one operation."""

    document: SelectedDocument
    schema: Any
    parent: GraphQLObjectType
    graphql: GraphQLField

    @property
    def looks_for(self) -> LooksFor:
        """Return what the field looks for below itself."""
        looks_for: LooksFor = metadata_of(self.graphql)[DECLARATION].looks_for
        return looks_for

    def convert(self, node: FieldNode) -> dict[str, Any]:
        """Return a selection's arguments, by the names of the function's."""
        coerced = get_argument_values(self.graphql, node, self.document.values)
        return convert_arguments(self.schema, definition_of(self.graphql), coerced)

    def page_fields(self, own: Paths, node: FieldNode) -> PageFields:
        """Return what is selected of a selection's page, there and elsewhere."""
        looks = self.looks_for
        peers = self.document.peers(self.parent, node.name.value, looks)
        if not peers:
            return PageFields(own)
        others = [(self.convert(peer), paths) for peer, paths in peers]
        return page_fields(own, self.convert(node), others, looks)
