"""The look-up of a promotion by a global id, in definitions and in customers' lists."""

from collections.abc import AsyncIterator

from gateway.dataloaders import definitions
from gateway.dataloaders.customer_promotions import CustomerPromotionKey
from gateway.errors import GatewayError
from gateway.schema.customer_gate import authorize_customer_id, own_customers
from gateway.schema.customer_promotion import load_customer_promotion
from gateway.schema.info import ResolverContext
from gateway.schema.promotion import Promotion, load_promotion, view_definition
from gateway.upstream.customer_view.endpoint import CustomerKey


async def load_shown_promotion(
    context: ResolverContext, argument: str, program_id: str, promotion_id: str
) -> Promotion | None:
    """Look a promotion up by its ids: in definitions, then in lists of customers that had it.

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
    async for customer in _customers(context, argument, program_id, promotion_id):
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
    key = definitions.DefinitionKey(program_id, promotion_id, source_type=source_type)
    definition = await context.loaders.definitions.load(key)
    return None if definition is None else view_definition(definition)


async def _customers(
    context: ResolverContext, argument: str, program_id: str, promotion_id: str
) -> AsyncIterator[CustomerKey]:
    if context.caller.customers is not None:
        for customer in own_customers(context.caller):
            yield customer
        return
    shown = context.loaders.shown_promotions.recall(context.request, program_id, promotion_id)
    for source, customer_id in shown:
        yield await authorize_customer_id(context, source, customer_id, argument)
