"""What a resolver may use besides its arguments: the request, its loaders, and look-ahead."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import strawberry
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    get_argument_values,
)

from gateway.context import Caller, RequestContext
from gateway.dataloaders.data_loaders import DataLoaders
from gateway.errors import GatewayError
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
    """The context of one request."""

    request: RequestContext
    loaders: DataLoaders

    @property
    def now(self) -> datetime:
        """Return the time of the response, the same for all its fields until an action ends."""
        return self.request.now

    @property
    def caller(self) -> Caller:
        """Return the caller."""
        return self.request.caller


async def settle(loads: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """Await all concurrently; return each one's result, or the GatewayError that it has raised.

    Any other exception cancels the rest and is raised. A single one is awaited without a task;
    several are awaited in order, which costs less than asyncio's gather.
    """
    results: list[Any] = []
    if len(loads) == 1:
        try:
            results.append(await loads[0])
        except GatewayError as error:
            results.append(error)
        return results
    loop = asyncio.get_running_loop()
    tasks = list(map(loop.create_task, loads))
    try:
        for task in tasks:
            try:
                results.append(await task)
            except GatewayError as error:
                results.append(error)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    return results


class ResolverInfo(NamedTuple):
    """What a resolver uses of `Info`, computed beforehand: the compiled executor passes this.

    `page` and `ahead` are the values of `page_fields` and `look_ahead`, or the errors in them.
    """

    context: ResolverContext
    page: PageFields | GraphQLError | None = None
    ahead: Mapping[tuple[str, str], list[Ahead] | GraphQLError] = MappingProxyType({})

    @property
    def page_fields(self) -> PageFields:
        """Return what `Info.page_fields` returns."""
        if isinstance(self.page, PageFields):
            return self.page
        raise self.page or TypeError("the field does not declare what it looks for")

    def look_ahead(self, type_name: str, field_name: str) -> list[Ahead]:
        """Return what `Info.look_ahead` returns, for a field that is declared to be looked for."""
        found = self.ahead[type_name, field_name]
        if isinstance(found, GraphQLError):
            raise found
        return found


class Info(strawberry.Info[ResolverContext, None]):
    """Strawberry's info, of which resolvers use `context` and look-ahead only."""

    @property
    def page_fields(self) -> PageFields:
        """Return the selected fields of this field's page that change what it fetches."""
        raw = resolve_info(self)
        field = self._declared(raw.parent_type, raw.field_name)
        own = field.document.selected(field.graphql, raw.field_nodes, field.looks_for)
        return field.page_fields(own, raw.field_nodes[0])

    def look_ahead(self, type_name: str, field_name: str) -> list[Ahead]:
        """Return each selection of the field `field_name` of `type_name` directly below this one.

        Arguments that are not given are absent. Selections that @skip or @include exclude are
        absent.
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
    """A field with `LooksFor` in one operation."""

    document: SelectedDocument
    schema: Any
    parent: GraphQLObjectType
    graphql: GraphQLField

    @property
    def looks_for(self) -> LooksFor:
        """Return the selections below the field that change what it fetches."""
        looks_for: LooksFor = metadata_of(self.graphql)[DECLARATION].looks_for
        return looks_for

    def convert(self, node: FieldNode) -> dict[str, Any]:
        """Return a selection's arguments, by the names of the resolver's parameters."""
        coerced = get_argument_values(self.graphql, node, self.document.values)
        return convert_arguments(self.schema, definition_of(self.graphql), coerced)

    def page_fields(self, own: Paths, node: FieldNode) -> PageFields:
        """Return the selected fields of a selection's page, there and in equal selections."""
        looks = self.looks_for
        peers = self.document.peers(self.parent, node.name.value, looks)
        if not peers:
            return PageFields(own)
        others = [(self.convert(peer), paths) for peer, paths in peers]
        return page_fields(own, self.convert(node), others, looks)
