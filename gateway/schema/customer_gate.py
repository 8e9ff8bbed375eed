"""Authorization of customers: the only place that creates a customer's key.

Code that has a `CustomerKey` may look the customer up; `tests/schema/test_customer_gate.py` fails
where anything else creates one. So no data of a customer is read without authorization, be it from
a call, from the cache, or from a call that another caller has started.
"""

from collections.abc import Sequence

from gateway.context import Caller
from gateway.errors import ForbiddenError, GatewayError
from gateway.schema.identifiers import CustomerIdentifier, check_identifier
from gateway.schema.info import ResolverContext
from gateway.upstream.customer_view.endpoint import BY_ID, CustomerKey, canonical_id
from gateway.upstream.normalise.enums import CustomerSource


async def authorize_customer(
    context: ResolverContext, by: CustomerIdentifier, source: CustomerSource, argument: str = "by"
) -> CustomerKey:
    """Return the key of the customer with an identifier, which is sent upstream unchanged.

    Raise BadUserInputError, which names the argument, for an invalid identifier; ForbiddenError for
    a customer that the caller may not access; UpstreamError where that takes a look-up that fails.
    """
    name, value = check_identifier(by, argument)
    key = CustomerKey(source, name, value)
    if context.request.caller.customers is None:
        return key
    return await _authorize(context, key, argument)


async def authorize_customer_id(
    context: ResolverContext, source: str, customer_id: str, argument: str
) -> CustomerKey:
    """Return the key of the customer with a global id; raise as `authorize_customer` does."""
    key = CustomerKey(CustomerSource[source], BY_ID, customer_id)
    if context.request.caller.customers is None:
        return key
    return await _authorize(context, key, argument)


def own_customers(caller: Caller) -> list[CustomerKey]:
    """Return the keys of the customers that the caller's token names, in its order."""
    return [
        CustomerKey(CustomerSource[source], name, value)
        for source, name, value in caller.customers or ()
    ]


def max_look_ups(caller: Caller) -> int:
    """Return the maximum number of look-ups to find an id among the caller's customers."""
    return sum(claim.identifier_name != BY_ID for claim in caller.customers or ())


async def _authorize(context: ResolverContext, key: CustomerKey, argument: str) -> CustomerKey:
    """Return the key if it is that of one of the caller's own customers."""
    caller = context.request.caller
    claimed = [own for own in own_customers(caller) if own.source is key.source]
    if key in claimed:
        return key
    if key.identifier_name == BY_ID and await _is_one_of(context, key.identifier_value, claimed):
        return key
    raise ForbiddenError(
        f"{argument}: the caller is not authorized for this customer.", argument=argument
    )


async def _is_one_of(
    context: ResolverContext, customer_id: str, claimed: Sequence[CustomerKey]
) -> bool:
    """Whether an id is that of one of the caller's own customers.

    The caller's customers are looked up, known ones first, and never the requested one, who may be
    somebody else. Raise the error of a look-up that has failed, where no other has the id.
    """
    ids = context.loaders.customer_ids
    known = {ids.known(key) or _stated(key) for key in claimed}
    if customer_id in known:
        return True
    failure: GatewayError | None = None
    # The requested page follows these calls: reserve one, so that no definition takes it.
    with context.request.budget.reserve():
        for key in claimed:
            if key.identifier_name == BY_ID or ids.known(key) is not None:
                continue
            try:
                if await ids.load(key) == customer_id:
                    return True
            except GatewayError as error:
                failure = failure or error
    if failure is not None:
        raise failure
    return False


def _stated(key: CustomerKey) -> str | None:
    """Return the id in the platform's spelling, where the identifier is one."""
    return canonical_id(key.identifier_value) if key.identifier_name == BY_ID else None
