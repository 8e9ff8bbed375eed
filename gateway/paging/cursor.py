"""Opaque, versioned cursors, bound to their connection, its filters and whose list it is.

A cursor is base64url over a tag of 8 bytes and a JSON array. The tag is a hash over the array and
what the cursor is bound to, so that one comparison refuses a damaged cursor and one of another list
or filter, before any upstream call.

Whose customer's list it is cannot be in the tag: a list may be asked by mobile number first and by
node id later, and a hash of a mobile number can be guessed back. So the array holds the customer's
id in clear, as the global ids do, and 16 bits of a hash of the identifier: enough to refuse another
customer's cursor at once (`Binding.belongs`), too little to find the identifier by. What slips
through one time in 65,536 is refused by the id, once the page is there.
"""

import base64
import binascii
import hashlib
from typing import NamedTuple

import msgspec

from gateway.errors import CursorInvalidError

_VERSION = 1
_LONGEST = 256
_TAG_BYTES = 8
_LARGEST_OFFSET = 2**31


class Position(NamedTuple):
    """Where a cursor stands: the list's segment, the upstream offset in it, and the item there.

    `promotion_id` is None where the item at that place had to be left out.
    """

    segment: int
    offset: int
    promotion_id: int | None


class Owner(NamedTuple):
    """Whose list it is: the identifier as asked, and the customer's id where it is known."""

    identifier_name: str
    identifier_value: str
    customer_id: str | None = None

    def fingerprint(self) -> int:
        """Give 16 bits of the identifier."""
        text = f"{self.identifier_name}\0{self.identifier_value}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=2).digest())


class _Body(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    version: int
    segment: int
    offset: int
    promotion_id: int | None
    customer_id: str | None
    owner_fingerprint: int | None


class Binding(NamedTuple):
    """What a connection's cursors are bound to: its name and filters as text, and its owner."""

    connection: str
    owner: Owner | None = None

    def write(self, position: Position) -> str:
        """Write the cursor that stands at a position."""
        owner = self.owner
        body = msgspec.json.encode(
            _Body(
                _VERSION,
                *position,
                owner and owner.customer_id,
                owner and owner.fingerprint(),
            )
        )
        return base64.urlsafe_b64encode(self._tag(body) + body).rstrip(b"=").decode()

    def read(self, argument: str, cursor: str, segments: int = 1) -> Position:
        """Read a cursor that this connection of so many segments has written.

        Raises CursorInvalidError, which names the argument, for any other.
        """
        body = self._open(cursor)
        if body is None or body.segment >= segments or not self._may_own(body):
            raise CursorInvalidError(argument)
        return Position(body.segment, body.offset, body.promotion_id)

    def belongs(self, argument: str, cursor: str, customer_id: str) -> None:
        """Make sure, once the customer's id is known, that a cursor that was read is theirs.

        Raises CursorInvalidError where it is not.
        """
        body = self._open(cursor)
        if body is None or body.customer_id != customer_id:
            raise CursorInvalidError(argument)

    def _open(self, cursor: str) -> _Body | None:
        if len(cursor) > _LONGEST or not cursor.isascii():
            return None
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            tag, encoded = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
            body = msgspec.json.decode(encoded, type=_Body)
        except (binascii.Error, ValueError, msgspec.DecodeError):
            return None
        whole = base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == cursor
        known = (
            body.version == _VERSION and 0 <= body.offset < _LARGEST_OFFSET and body.segment >= 0
        )
        return body if whole and known and tag == self._tag(encoded) else None

    def _tag(self, body: bytes) -> bytes:
        bound = body + b"\0" + self.connection.encode()
        return hashlib.blake2b(bound, digest_size=_TAG_BYTES).digest()

    def _may_own(self, body: _Body) -> bool:
        owner = self.owner
        if owner is None:
            return body.owner_fingerprint is None
        if owner.customer_id is not None:
            return body.customer_id == owner.customer_id
        return body.owner_fingerprint == owner.fingerprint()
