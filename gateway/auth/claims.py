"""Read from a token's claims its roles, and the customers that its bearer may query."""

from typing import Any

from gateway.context import CustomerClaim, Role
from gateway.errors import TokenRefusedError
from gateway.schema.identifiers import UPSTREAM_NAMES, is_identifier
from gateway.upstream.normalise.enums import CustomerSource

_ROLES = {role.value: role for role in Role}
_SOURCE = "source"


def read_roles(claims: dict[str, Any], name: str) -> frozenset[Role]:
    """Return the known roles in a claim, a list or a space-separated string of role names."""
    value = find_claim(claims, name)
    names = value.split() if isinstance(value, str) else value
    if not isinstance(names, list):
        return frozenset()
    return frozenset(_ROLES[role] for role in names if isinstance(role, str) and role in _ROLES)


def read_customers(claims: dict[str, Any], name: str) -> tuple[CustomerClaim, ...]:
    """Return the customers in a claim, in its order, none if there is no such claim.

    Raise TokenRefusedError for anything but a list of CustomerIdentifier objects: a claim that
    cannot be read completely is not applied in part.
    """
    value = find_claim(claims, name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise TokenRefusedError("customers")
    return tuple(dict.fromkeys(_read_customer(item) for item in value))


def _read_customer(item: object) -> CustomerClaim:
    """Read one customer: exactly one identifier by its name in the schema, and maybe a source."""
    if not isinstance(item, dict):
        raise TokenRefusedError("customers")
    source = item.get(_SOURCE, CustomerSource.INSTORE.name)
    identifiers = {name: value for name, value in item.items() if name != _SOURCE}
    ((name, value), *more) = identifiers.items() or [("", None)]
    is_well_formed = not more and name in UPSTREAM_NAMES and isinstance(source, str)
    if name == "customerId" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # as GraphQL coerces an ID
    if not is_well_formed or source not in CustomerSource.__members__ or not is_identifier(value):
        raise TokenRefusedError("customers")
    return CustomerClaim(source, UPSTREAM_NAMES[name], value)


def find_claim(claims: dict[str, Any], name: str) -> Any:
    """Return a claim by its name, else by its path: ``realm_access.roles`` is a nested claim."""
    if name in claims:
        return claims[name]
    value: Any = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
