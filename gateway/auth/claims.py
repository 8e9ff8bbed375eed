"""What a token's claims allow: roles, and the customers whom its bearer may ask for."""

from typing import Any

from gateway.context import CustomerClaim, Role
from gateway.errors import TokenRefusedError
from gateway.schema.identifiers import WIRE_NAMES, is_identifier
from gateway.upstream.normalise.enums import CustomerSource

_ROLES = {role.value: role for role in Role}
_SOURCE = "source"


def read_roles(claims: dict[str, Any], name: str) -> frozenset[Role]:
    """Read the roles that this gateway knows, of a list of words or one text of several."""
    listed = find_claim(claims, name)
    words = listed.split() if isinstance(listed, str) else listed
    if not isinstance(words, list):
        return frozenset()
    return frozenset(_ROLES[word] for word in words if isinstance(word, str) and word in _ROLES)


def read_customers(claims: dict[str, Any], name: str) -> frozenset[CustomerClaim]:
    """Read the customers: none where there is no such claim.

    Raises TokenRefusedError where the claim is not a list of CustomerIdentifier objects: who has
    issued it meant something that nobody understands.
    """
    listed = find_claim(claims, name)
    if listed is None:
        return frozenset()
    if not isinstance(listed, list):
        raise TokenRefusedError("customers")
    return frozenset(_read_customer(one) for one in listed)


def _read_customer(given: object) -> CustomerClaim:
    """Read one: exactly one identifier as the graph names it, and the source where it is stated."""
    if not isinstance(given, dict):
        raise TokenRefusedError("customers")
    source = given.get(_SOURCE, CustomerSource.INSTORE.name)
    identifiers = {name: value for name, value in given.items() if name != _SOURCE}
    ((name, value), *more) = identifiers.items() or [("", None)]
    is_whole = not more and name in WIRE_NAMES and isinstance(source, str)
    if name == "customerId" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # as GraphQL reads an ID
    if not is_whole or source not in CustomerSource.__members__ or not is_identifier(value):
        raise TokenRefusedError("customers")
    return CustomerClaim(source, WIRE_NAMES[name], value)


def find_claim(claims: dict[str, Any], name: str) -> Any:
    """Find a claim by its name, else by its path: ``realm_access.roles`` is one inside another."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found
