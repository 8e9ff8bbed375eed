"""The graph as a subgraph of Apollo Federation 2: entities by reference, and the subgraph's schema.

https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec
"""

from dataclasses import replace
from functools import cache
from typing import Annotated, Any, NewType

import strawberry
from graphql import (
    ConstDirectiveNode,
    DefinitionNode,
    DirectiveDefinitionNode,
    DocumentNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    SchemaDefinitionNode,
    parse,
    print_ast,
)

from gateway.errors import BadUserInputError
from gateway.schema.customer import FETCHED_BELOW, Below, Customer
from gateway.schema.customer_promotion import CustomerPromotion
from gateway.schema.declare import any_calls, computed, fetching, no_call
from gateway.schema.directives import DEFER
from gateway.schema.ids import Node, read_id
from gateway.schema.info import Info, ResolverContext, settle
from gateway.schema.program import Program
from gateway.schema.promotion import Promotion
from gateway.schema.query import Query, load_node

ENTITIES = (Customer, CustomerPromotion, Program, Promotion)
_NAMES = tuple(entity.__name__ for entity in ENTITIES)
# Types that other subgraphs with pages define alike, field by field.
_SHARED = ("PageInfo",)
_LINK = '@link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@shareable"])'

EntityReference = NewType("EntityReference", object)
SCALARS: dict[object, Any] = {
    EntityReference: strawberry.scalar(
        name="_Any", description="A reference to an entity: an object with `__typename` and `id`."
    )
}
Entity = Annotated[
    Customer | CustomerPromotion | Program | Promotion,
    strawberry.union("_Entity", description="The types that other subgraphs can refer to."),
]
Representations = Annotated[
    list[EntityReference],
    strawberry.argument(description="References, each with the `__typename` and `id` of a thing."),
]


@strawberry.type(name="_Service", description="This graph as a subgraph.")
class FederationService:
    """A view over the subgraph's schema."""

    payload: strawberry.Private[str]

    @computed("Its schema, with the directives of Federation.")
    def sdl(self) -> str:
        """Return the schema in the schema definition language."""
        return self.payload


def federated_query(sdl: str) -> type[Query]:
    """Return the query type with the two fields that a router needs; `sdl` is the subgraph's."""

    @strawberry.type(name="Query", description="Where every query begins.")
    class FederatedQuery(Query):
        """The root type of the subgraph."""

        @fetching("This graph as a subgraph, for its router.", calls=no_call, name="_service")
        async def federation_service(self) -> FederationService:
            """Return the subgraph's schema."""
            return FederationService(payload=sdl)

        @fetching(
            "The things with these references, in their order; null for each that is none. What"
            " `nodes` says is true here too.",
            *FETCHED_BELOW,
            calls=any_calls,
            each_of="representations",
            name="_entities",
        )
        async def federation_entities(
            self, info: Info, representations: Representations
        ) -> list[Entity | None]:
            """Load several entities concurrently."""
            below = Below.of(info.look_ahead)
            return await settle(
                [
                    _load_entity(info.context, f"representations[{index}]", each, below)
                    for index, each in enumerate(representations)
                ]
            )

    return FederatedQuery


async def _load_entity(
    context: ResolverContext, argument: str, reference: object, below: Below
) -> Node | None:
    """Load the entity of a reference; raise BadUserInputError for one that is malformed."""
    if not isinstance(reference, dict):
        raise BadUserInputError(argument, "it must be an object with `__typename` and `id`.")
    type_name, global_id = reference.get("__typename"), reference.get("id")
    if type_name not in _NAMES:
        raise BadUserInputError(f"{argument}.__typename", "it must be an entity of this graph.")
    place = f"{argument}.id"
    if not isinstance(global_id, str) or read_id(place, global_id)[0] != type_name:
        raise BadUserInputError(place, "it must be an `id` of this `__typename` from this graph.")
    return await load_node(context, place, global_id, below)


@cache
def subgraph_sdl(graph: str) -> str:
    """Return the schema of the subgraph, given that of the graph: with its entities' keys."""
    added = dict.fromkeys(_NAMES, _directives('@key(fields: "id")'))
    added |= dict.fromkeys(_SHARED, _directives("@shareable"))
    link = _directives(_LINK)
    definitions: list[DefinitionNode] = []
    for node in parse(graph, no_location=True).definitions:
        if isinstance(node, DirectiveDefinitionNode) and node.name.value == DEFER.name:
            continue  # routers have it themselves
        new: tuple[ConstDirectiveNode, ...] = ()
        if isinstance(node, SchemaDefinitionNode):
            new = link
        elif isinstance(node, ObjectTypeDefinitionNode):
            new = added.get(node.name.value, ())
        if isinstance(node, SchemaDefinitionNode | ObjectTypeDefinitionNode) and new:
            node = replace(node, directives=(*(node.directives or ()), *new))  # noqa: PLW2901
        definitions.append(node)
    return print_ast(DocumentNode(definitions=tuple(definitions))) + "\n"


def _directives(text: str) -> tuple[ConstDirectiveNode, ...]:
    (definition,) = parse(f"scalar A {text}", no_location=True).definitions
    assert isinstance(definition, ScalarTypeDefinitionNode)  # noqa: S101 - see above
    return tuple(definition.directives or ())
