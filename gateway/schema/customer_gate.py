"""The one gate to customers: every customer's key is made here, for a caller who may have it.

Whoever holds a `CustomerKey` may look the customer up; `tests/schema/test_customer_gate.py` sees to
it that nothing else makes one. So a customer's data comes to nobody past the gate, whichever way it
comes: by a call, out of the cache, or from a call that another caller has started.
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
    """Make the key to look a customer up by what a query says; it goes out exactly as it is.

    Raises BadUserInputError, which names the argument, for what cannot be an identifier;
    ForbiddenError for a customer whom the caller may not ask for; UpstreamError where the caller's
    own customers cannot be looked up to tell.
    """
    identifier = check_identifier(by, argument)
    return await _admit(context, CustomerKey(source, *identifier), argument)


async def authorize_customer_id(
    context: ResolverContext, source: str, customer_id: str, argument: str
) -> CustomerKey:
    """Return the key of the customer with a global id; raises as `authorize_customer` does."""
    return await _admit(context, CustomerKey(CustomerSource[source], BY_ID, customer_id), argument)


def own_customers(caller: Caller) -> list[CustomerKey]:
    """Return the keys of the customers whom a claim binds a caller to, always in one order."""
    return [
        CustomerKey(CustomerSource[source], name, value)
        for source, name, value in sorted(caller.customers or ())
    ]


def max_look_ups(caller: Caller) -> int:
    """Count the look-ups that it takes at the most to tell an id of the caller's own customers'."""
    return sum(claim.identifier_name != BY_ID for claim in caller.customers or ())


async def _admit(context: ResolverContext, key: CustomerKey, argument: str) -> CustomerKey:
    """Return the key to a caller who may ask for this customer."""
    if context.caller.customers is None:
        return key
    claimed = [own for own in own_customers(context.caller) if own.source is key.source]
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
    """Return whether an id is that of one of the caller's own customers.

    It is they who are looked up, those who are known first: the one who is asked for may be
    somebody else. Raises what a look-up raises, where none of the others tells.
    """
    ids = context.loaders.customer_ids
    known = {ids.known(key) or _stated(key) for key in claimed}
    if customer_id in known:
        return True
    failure: GatewayError | None = None
    # The page that is asked for comes after these calls; no definition may take its place.
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
    """Return the id that an identifier is, in the platform's own spelling."""
    return canonical_id(key.identifier_value) if key.identifier_name == BY_ID else None
