"""Global ids: opaque, and without mobile numbers or e-mail addresses; and the Node interface."""

import base64
import binascii
import re
from abc import abstractmethod
from binascii import b2a_base64

import strawberry

from gateway.errors import BadUserInputError
from gateway.schema.declare import computed
from gateway.upstream.normalise.enums import CustomerSource

_PARTS = {"Customer": 2, "CustomerPromotion": 4, "Promotion": 2, "Program": 1}
_DIGITS = re.compile(r"[0-9]{1,19}")
_CANONICAL = re.compile(r"0|[1-9][0-9]{0,18}")
_MAX_LENGTH = 200

ID_DESCRIPTION = "The id in the whole graph. Opaque: keep it, pass it to `node`, never read it."


@strawberry.interface(
    description="A thing with an id of its own, by which clients may cache it and ask for it again."
)
class Node:
    """Only types with this interface have a field named `id`."""

    @computed(ID_DESCRIPTION)
    @abstractmethod
    def id(self) -> strawberry.ID:
        """Return the global id; it never contains a mobile number or an e-mail address."""


def write_id(type_name: str, *parts: str) -> str:
    """Return a global id: ``Promotion:973:79555`` in base64url."""
    return encode_id(":".join((type_name, *parts)))


def encode_id(text: str) -> str:
    """Return a global id, given its type and parts as one text.

    Letters, digits, ``:`` and ``_`` never become ``+`` or ``/``, so that this is base64url.
    """
    return b2a_base64(text.encode(), newline=False).rstrip(b"=").decode()


def read_id(argument: str, global_id: str) -> tuple[str, tuple[str, ...]]:
    """Parse a global id into its type and parts, which are numbers except for a customer's source.

    Raise BadUserInputError, which names the argument, for any other text.
    """
    try:
        padded = global_id[:_MAX_LENGTH] + "=" * (-len(global_id) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise _not_an_id(argument) from None
    type_name, *parts = text.split(":")
    is_valid = _PARTS.get(type_name) == len(parts) and write_id(type_name, *parts) == global_id
    numbers = parts
    if is_valid and type_name.startswith("Customer"):
        source, *numbers = parts
        is_valid = source in CustomerSource.__members__
    if not is_valid or not all(map(_CANONICAL.fullmatch, numbers)):
        raise _not_an_id(argument)
    return type_name, tuple(parts)


def is_number(text: str) -> bool:
    """Whether a text is a number as it stands in a global id."""
    return _CANONICAL.fullmatch(text) is not None


def _not_an_id(argument: str) -> BadUserInputError:
    return BadUserInputError(argument, "it must be an `id` from this graph.")


def check_digits(argument: str, value: str) -> str:
    """Return a program's or promotion's id without leading zeros; it is safe in a path.

    The platform's ids are numbers, so that 0973 would never match one. Raise BadUserInputError
    where it is not 1 to 19 ASCII digits.
    """
    if not _DIGITS.fullmatch(value):
        raise BadUserInputError(argument, "it must be 1 to 19 digits.")
    return str(int(value))
