"""Opaque, versioned cursors, bound to their connection, its filters and the customer of the list.

A cursor is base64url over a version, a tag of 8 bytes, and integers: the owner of the list and a
position, which is an offset (`position.py`) or, in a sorted list, a sort key (`sort_position.py`).
The tag is a hash over the rest and what the cursor is bound to, so that one comparison refuses a
damaged cursor and one of another list, order or filter, before any upstream call.

The owner cannot be part of the tag: a list may be requested by mobile number first and by node id
later, and a hash of a mobile number can be reversed by trying all numbers. So the integers have the
customer's id in clear, as global ids do, and 16 bits of a hash of the identifier: enough to refuse
another customer's cursor at once, too little to reconstruct the identifier. A cursor that passes by
chance, one in 65,536, is refused by the id once the page has been fetched.
"""

import base64
import binascii
import hashlib
from typing import NamedTuple, TypeVar

from gateway.errors import CursorInvalidError
from gateway.pagination.position import CursorPosition, Position, decode, encode
from gateway.pagination.sort_position import SortPosition

_VERSION = 2
_MAX_LENGTH = 512
_TAG_BYTES = 8
_NO_OWNER, _UNKNOWN = 0, 1  # instead of a customer's id, which is encoded two higher


class CursorOwner(NamedTuple):
    """The customer of a list: the identifier as requested, and the id where it is known."""

    identifier_name: str
    identifier_value: str
    customer_id: str | None = None

    def fingerprint(self) -> int:
        """Return 16 bits of the identifier."""
        text = f"{self.identifier_name}\0{self.identifier_value}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=2).digest())


P = TypeVar("P", bound=CursorPosition)


class _Content(NamedTuple):
    """The integers of a cursor: of the owner, and of the position."""

    owner: int
    fingerprint: int
    numbers: list[int]

    @property
    def customer_id(self) -> str | None:
        return None if self.owner in {_NO_OWNER, _UNKNOWN} else str(self.owner - 2)


class Binding(NamedTuple):
    """What a connection's cursors are bound to: its name and filters as text, and its owner."""

    connection: str
    owner: CursorOwner | None = None

    def write(self, position: CursorPosition) -> str:
        """Encode the cursor of a position; the owner's id must be digits."""
        owner = self.owner
        owner_id, fingerprint = _NO_OWNER, 0
        if owner is not None:
            owner_id = _UNKNOWN if owner.customer_id is None else int(owner.customer_id) + 2
            fingerprint = owner.fingerprint()
        body = encode([owner_id, fingerprint, *position.to_numbers()])
        raw = bytes([_VERSION]) + self._tag(body) + body
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    def read(self, argument: str, cursor: str, segments: int = 1) -> Position:
        """Decode a cursor of this connection, which has a number of segments.

        Raise CursorInvalidError, which names the argument, for any other.
        """
        position = self._read(argument, cursor, Position)
        if position.segment >= segments:
            raise CursorInvalidError(argument)
        return position

    def read_sorted(self, argument: str, cursor: str) -> SortPosition:
        """Decode a cursor of this connection, which is a sorted list.

        Raise CursorInvalidError, which names the argument, for any other.
        """
        return self._read(argument, cursor, SortPosition)

    def check_owner(self, argument: str, cursor: str, customer_id: str) -> None:
        """Check a cursor that has been decoded against the customer's id, once that is known.

        Raise CursorInvalidError where it is another customer's.
        """
        content = self._decode(cursor)
        if content is None or content.customer_id != customer_id:
            raise CursorInvalidError(argument)

    def customer_of(self, cursor: str) -> str | None:
        """Return the customer's id in a cursor; None where it has none, or is refused.

        It proves nothing: a client may construct a cursor with any id.
        """
        content = self._decode(cursor)
        return None if content is None or not self._may_belong(content) else content.customer_id

    def _read(self, argument: str, cursor: str, kind: type[P]) -> P:
        content = self._decode(cursor)
        if content is None or not self._may_belong(content):
            raise CursorInvalidError(argument)
        try:
            position = kind.from_numbers(content.numbers)
        except ValueError:
            raise CursorInvalidError(argument) from None
        if position.to_numbers() != content.numbers:  # a position has one encoding
            raise CursorInvalidError(argument)
        return position

    def _decode(self, cursor: str) -> _Content | None:
        if len(cursor) > _MAX_LENGTH or not cursor.isascii():
            return None
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        tag, body = raw[1 : 1 + _TAG_BYTES], raw[1 + _TAG_BYTES :]
        if raw[:1] != bytes([_VERSION]) or tag != self._tag(body):
            return None
        if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != cursor:
            return None
        try:
            numbers = decode(body)
            owner, fingerprint, *position = numbers
        except ValueError:
            return None
        return _Content(owner, fingerprint, position) if encode(numbers) == body else None

    def _tag(self, body: bytes) -> bytes:
        bound = bytes([_VERSION]) + body + b"\0" + self.connection.encode()
        return hashlib.blake2b(bound, digest_size=_TAG_BYTES).digest()

    def _may_belong(self, content: _Content) -> bool:
        owner = self.owner
        if owner is None or content.owner == _NO_OWNER:
            return owner is None and content.owner == _NO_OWNER
        if owner.customer_id is not None:
            return content.customer_id == owner.customer_id
        return content.fingerprint == owner.fingerprint()
