"""The identifiers by which a query selects a customer, and their check."""

import unicodedata
from typing import Annotated, TypeGuard

import strawberry

from gateway.errors import BadUserInputError
from gateway.upstream.customer_view.endpoint import BY_ID
from gateway.upstream.normalise.enums import CustomerSource

_MAX_LENGTH = 256
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


UPSTREAM_NAMES = {
    "mobile": "mobile",
    "email": "email",
    "externalId": "externalId",
    "customerId": BY_ID,
    "cuid": "cuid",
}
"""The platform's name of each identifier, by the one in the graph."""

_FIELDS = {
    "mobile": "mobile",
    "email": "email",
    "external_id": "externalId",
    "customer_id": "customerId",
    "cuid": "cuid",
}

By = Annotated[CustomerIdentifier, strawberry.argument(description="Which customer.")]
Source = Annotated[
    CustomerSource, strawberry.argument(description="Where the customer is registered.")
]


def check_identifier(by: CustomerIdentifier, argument: str) -> tuple[str, str]:
    """Return the platform's name of the identifier, and its value unchanged.

    Raise BadUserInputError, which names the argument, for an invalid one.
    """
    for field, name in _FIELDS.items():
        value = getattr(by, field)
        if isinstance(value, str):
            if not 1 <= len(value) <= _MAX_LENGTH:
                raise BadUserInputError(
                    f"{argument}.{name}", f"it must have 1 to {_MAX_LENGTH} characters."
                )
            if not (value.isascii() and value.isprintable()) and not is_identifier(value):
                raise BadUserInputError(
                    f"{argument}.{name}", "it must not contain control characters."
                )
            return UPSTREAM_NAMES[name], value
    raise BadUserInputError(argument, "it must have exactly one identifier.")


def is_identifier(value: object) -> TypeGuard[str]:
    """Whether a value is valid for an identifier."""
    if not isinstance(value, str) or not 1 <= len(value) <= _MAX_LENGTH:
        return False
    if value.isascii() and value.isprintable():
        return True
    return not any(unicodedata.category(character) in _FORBIDDEN for character in value)
