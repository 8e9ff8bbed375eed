"""How a customer is named in a query, and the one place that makes it a look-up."""

import unicodedata
from typing import Annotated

import strawberry

from gateway.errors import BadUserInputError
from gateway.upstream.customer_promotions import BY_ID, CustomerKey
from gateway.wire.vocabulary import CustomerSource

_LONGEST = 256
_FORBIDDEN = {"Cc", "Cs"}  # control characters, and surrogates that no UTF-8 can hold

_MOBILE = "A mobile number, exactly as the platform has it, country code included."
_EXTERNAL_ID = "The brand's own id of the customer. Leading zeros count."


@strawberry.input(
    one_of=True,
    description="One identifier of a customer: exactly one field, 1 to 256 characters, compared"
    " exactly as given.",
)
class CustomerIdentifier:
    """Exactly one of these is set."""

    mobile: str | None = strawberry.field(default=strawberry.UNSET, description=_MOBILE)
    email: str | None = strawberry.field(default=strawberry.UNSET, description="An e-mail address.")
    external_id: str | None = strawberry.field(default=strawberry.UNSET, description=_EXTERNAL_ID)
    customer_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The platform's own id: `Customer.customerId`."
    )
    cuid: str | None = strawberry.field(
        default=strawberry.UNSET, description="The customer's unique id across systems."
    )


_WIRE_NAMES = {
    "mobile": "mobile",
    "email": "email",
    "external_id": "externalId",
    "customer_id": BY_ID,
    "cuid": "cuid",
}

By = Annotated[CustomerIdentifier, strawberry.argument(description="Which customer.")]
Source = Annotated[
    CustomerSource, strawberry.argument(description="Where the customer is registered.")
]


def check_customer(
    by: CustomerIdentifier, source: CustomerSource, argument: str = "by"
) -> CustomerKey:
    """Make the look-up; the identifier goes to the platform exactly as it is.

    Raises BadUserInputError, which names the argument, for one that cannot be an identifier.
    """
    for field, wire_name in _WIRE_NAMES.items():
        value = getattr(by, field)
        if isinstance(value, str):
            graph_name = "customerId" if wire_name == BY_ID else wire_name
            _check(f"{argument}.{graph_name}", value)
            return CustomerKey(source, wire_name, value)
    raise BadUserInputError(f"{argument}: exactly one identifier is needed.")


def _check(argument: str, value: str) -> None:
    if not 1 <= len(value) <= _LONGEST:
        raise BadUserInputError(f"{argument}: it must have 1 to {_LONGEST} characters.")
    if value.isascii() and value.isprintable():
        return
    if any(unicodedata.category(character) in _FORBIDDEN for character in value):
        raise BadUserInputError(f"{argument}: it must not have control characters.")
