"""The query type."""

from typing import Annotated

import strawberry

from gateway.dataloaders.customer_promotions import CustomerPromotionKey
from gateway.dataloaders.definitions import DefinitionKey
from gateway.errors import GatewayError
from gateway.schema.customer import (
    FETCHED_BELOW,
    Below,
    Customer,
    load_customer,
    load_own_customers,
)
from gateway.schema.customer_gate import authorize_customer, authorize_customer_id, own_customers
from gateway.schema.customer_promotion import load_customer_promotion
from gateway.schema.declare import (
    any_calls,
    calls_of_a_definition,
    fetching,
    no_call,
    one_call,
)
from gateway.schema.identifiers import By, CustomerIdentifier, Source
from gateway.schema.ids import Node, check_digits, read_id
from gateway.schema.info import Info, ResolverContext, settle
from gateway.schema.program import Program
from gateway.schema.promotion import Promotion, load_promotion, view_definition
from gateway.upstream.normalise.enums import CustomerSource

Id = Annotated[strawberry.ID, strawberry.argument(description="An `id` that this graph has given.")]
_OF_A_PROMOTION = (
    "A `Promotion` without a definition is looked for in a customer's list: in your own customers'"
    " where your token names them, else in the one in which the graph has shown it last. It is null"
    " where that list has it no longer, and where it was shown over an hour ago or by another"
    " replica."
)
_MAX = "20 at the most, unless this installation allows more or fewer."
Ids = Annotated[
    list[strawberry.ID],
    strawberry.argument(description=f"Each an `id` that this graph has given; {_MAX}"),
]
Identifiers = Annotated[
    list[CustomerIdentifier], strawberry.argument(description=f"Which customers; {_MAX}")
]
ProgramId = Annotated[
    strawberry.ID, strawberry.argument(description="The platform's own id of the program.")
]
PromotionId = Annotated[
    strawberry.ID, strawberry.argument(description="The platform's own id of the promotion.")
]


@strawberry.type(description="Where every query begins.")
class Query:
    """The root type."""

    @fetching(
        f"The thing with this id; null where there is none any more. {_OF_A_PROMOTION}",
        *FETCHED_BELOW,
        calls=any_calls,
    )
    async def node(self, info: Info, id: Id) -> Node | None:  # noqa: A002 - the graph's name
        """Load one node."""
        return await load_node(info.context, "id", id, Below.of(info.look_ahead))

    @fetching(
        "The things with these ids, in their order; null for each that is none. What `node` says of"
        " promotions is true here too.",
        *FETCHED_BELOW,
        calls=any_calls,
        each_of="ids",
    )
    async def nodes(self, info: Info, ids: Ids) -> list[Node | None]:
        """Load several nodes concurrently."""
        below = Below.of(info.look_ahead)
        return await settle(
            [load_node(info.context, f"ids[{i}]", id_, below) for i, id_ in enumerate(ids)]
        )

    @fetching(
        "The customer with this identifier; null where there is none.",
        *FETCHED_BELOW,
        calls=one_call,
    )
    async def customer(
        self, info: Info, by: By, source: Source = CustomerSource.INSTORE
    ) -> Customer | None:
        """Load one customer."""
        key = await authorize_customer(info.context, by, source)
        return await load_customer(info.context, key, Below.of(info.look_ahead))

    @fetching(
        "The customers with these identifiers, in their order; null for each that is none.",
        *FETCHED_BELOW,
        calls=one_call,
        each_of="by",
    )
    async def customers(
        self, info: Info, by: Identifiers, source: Source = CustomerSource.INSTORE
    ) -> list[Customer | None]:
        """Load several customers concurrently."""
        below = Below.of(info.look_ahead)

        async def load(index: int, identifier: CustomerIdentifier) -> Customer | None:
            key = await authorize_customer(info.context, identifier, source, f"by[{index}]")
            return await load_customer(info.context, key, below)

        return await settle([load(index, identifier) for index, identifier in enumerate(by)])

    @fetching(
        "The customers whom the caller's token names, in its order and each once, without those"
        " whom the platform does not know. Empty where the token names none.",
        *FETCHED_BELOW,
        calls=one_call,
        is_each_own=True,
    )
    async def viewer(self, info: Info) -> list[Customer]:
        """Load the caller's own customers concurrently."""
        own = own_customers(info.context.caller)
        return await load_own_customers(info.context, own, Below.of(info.look_ahead))

    @fetching(
        "The program with this id. It costs no call, so it is never null for being unknown.",
        calls=no_call,
    )
    async def program(self, program_id: ProgramId) -> Program | None:
        """Return a program, of which nothing is fetched yet."""
        return Program(payload=check_digits("programId", program_id))

    @fetching(
        "The programs of the brand that are switched on, with their names in one call.",
        calls=one_call,
        spares=frozenset({("Program", "name")}),
    )
    async def programs(self, info: Info) -> list[Program] | None:
        """Load the list of programs."""
        return [
            Program(payload=str(program.program_id), known_name=program.name)
            for program in await info.context.loaders.programs.load()
        ]

    @fetching(
        "The promotion with these ids; null where the endpoint of definitions has none."
        " One that only customers have is found by `node`.",
        calls=calls_of_a_definition,
    )
    async def promotion(
        self, info: Info, program_id: ProgramId, promotion_id: PromotionId
    ) -> Promotion | None:
        """Load one promotion."""
        return await load_promotion(
            info.context,
            check_digits("programId", program_id),
            check_digits("promotionId", promotion_id),
        )


async def load_node(
    context: ResolverContext, argument: str, global_id: str, below: Below
) -> Node | None:
    """Load the thing with a global id; raise BadUserInputError for a text that is none."""
    type_name, parts = read_id(argument, global_id)
    match type_name:
        case "Customer":
            source, customer_id = parts
            customer = await authorize_customer_id(context, source, customer_id, argument)
            return await load_customer(context, customer, below)
        case "CustomerPromotion":
            source, customer_id, *promotion = parts
            customer = await authorize_customer_id(context, source, customer_id, argument)
            key = CustomerPromotionKey(customer, *promotion)
            return await load_customer_promotion(context, key)
        case "Promotion":
            return await _load_shown_promotion(context, argument, *parts)
        case _:
            return Program(payload=parts[0])


async def _load_shown_promotion(
    context: ResolverContext, argument: str, program_id: str, promotion_id: str
) -> Promotion | None:
    """Return a promotion by its ids: from definitions, else from a list of a customer that had it.

    The customers are those that the caller's token names, else the ones in whose lists the
    promotion was shown last. Return null where none of them has it any more. Where none has it and
    a look-up has failed, raise the first error.
    """
    failure: GatewayError | None = None
    try:
        found = await _load_definition(context, program_id, promotion_id)
        if found is not None:
            return found
    except GatewayError as error:
        failure = error
    if context.caller.customers is not None:
        customers = own_customers(context.caller)
    else:
        shown = context.loaders.shown_promotions.recall(context.request, program_id, promotion_id)
        customers = [await authorize_customer_id(context, *each, argument) for each in shown]
    for customer in customers:
        key = CustomerPromotionKey(customer, program_id, promotion_id)
        try:
            found_there = await load_customer_promotion(context, key)
        except GatewayError as error:
            failure = failure or error
        else:
            if found_there is not None:
                return Promotion(payload=found_there.payload)
    if failure is not None:
        raise failure
    return None


async def _load_definition(
    context: ResolverContext, program_id: str, promotion_id: str
) -> Promotion | None:
    """Search the configured source types, then the one in which a program's list had it."""
    found = await load_promotion(context, program_id, promotion_id)
    if found is not None:
        return found
    source_types = context.loaders.source_types
    source_type = source_types.beyond(program_id, promotion_id, context.request)
    if source_type is None:
        return None
    key = DefinitionKey(program_id, promotion_id, source_type=source_type)
    definition = await context.loaders.definitions.load(key)
    return None if definition is None else view_definition(definition)
