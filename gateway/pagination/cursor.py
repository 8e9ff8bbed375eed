"""Opaque, versioned cursors, bound to their connection, its filters and the customer of the list.

A cursor is base64url over a version, a tag of 8 bytes, and integers: a position (`position.py`) and
the owner of the list. The tag is a hash over the rest and what the cursor is bound to, so that one
comparison refuses a damaged cursor and one of another list or filter, before any upstream call.

The owner cannot be part of the tag: a list may be requested by mobile number first and by node id
later, and a hash of a mobile number can be reversed by trying all numbers. So the integers have the
customer's id in clear, as global ids do, and 16 bits of a hash of the identifier: enough to refuse
another customer's cursor at once, too little to reconstruct the identifier. A cursor that passes by
chance, one in 65,536, is refused by the id once the page has been fetched.
"""

import base64
import binascii
import hashlib
from typing import NamedTuple

from gateway.errors import CursorInvalidError
from gateway.pagination.position import Position, decode, encode

_VERSION = 2
_MAX_LENGTH = 256
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


class _Content(NamedTuple):
    position: Position
    owner: int
    fingerprint: int

    @property
    def customer_id(self) -> str | None:
        return None if self.owner in {_NO_OWNER, _UNKNOWN} else str(self.owner - 2)

    def encoded(self) -> bytes:
        return encode([self.owner, self.fingerprint, *self.position.to_numbers()])


class Binding(NamedTuple):
    """What a connection's cursors are bound to: its name and filters as text, and its owner."""

    connection: str
    owner: CursorOwner | None = None

    def write(self, position: Position) -> str:
        """Encode the cursor of a position; the owner's id must be digits."""
        owner = self.owner
        if owner is None:
            content = _Content(position, _NO_OWNER, 0)
        else:
            owner_id = _UNKNOWN if owner.customer_id is None else int(owner.customer_id) + 2
            content = _Content(position, owner_id, owner.fingerprint())
        body = content.encoded()
        raw = bytes([_VERSION]) + self._tag(body) + body
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    def read(self, argument: str, cursor: str, segments: int = 1) -> Position:
        """Decode a cursor of this connection, which has a number of segments.

        Raise CursorInvalidError, which names the argument, for any other.
        """
        content = self._decode(cursor)
        if content is None or content.position.segment >= segments or not self._may_belong(content):
            raise CursorInvalidError(argument)
        return content.position

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
            owner, fingerprint, *numbers = decode(body)
            content = _Content(Position.from_numbers(numbers), owner, fingerprint)
        except ValueError:
            return None
        return content if content.encoded() == body else None  # a position has one encoding

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
