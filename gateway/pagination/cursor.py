"""Opaque, versioned cursors, bound to their connection, its filters and whose list it is.

A cursor is base64url over a version, a tag of 8 bytes, and numbers: a position (`position.py`) and
whose list it is. The tag is a hash over the rest and what the cursor is bound to, so that one
comparison refuses a damaged cursor and one of another list or filter, before any upstream call.

Whose customer's list it is cannot be in the tag: a list may be asked by mobile number first and by
node id later, and a hash of a mobile number can be guessed back. So the numbers hold the customer's
id in clear, as the global ids do, and 16 bits of a hash of the identifier: enough to refuse another
customer's cursor at once (`Binding.belongs`), too little to find the identifier by. What slips
through one time in 65,536 is refused by the id, once the page is there.
"""

import base64
import binascii
import hashlib
from typing import NamedTuple

from gateway.errors import CursorInvalidError
from gateway.pagination.encoding import decode, encode
from gateway.pagination.position import Position

_VERSION = 2
_LONGEST = 256
_TAG_BYTES = 8
_NOBODYS, _UNKNOWN = 0, 1  # in the place of a customer's id, which is written two higher


class CursorOwner(NamedTuple):
    """Whose list it is: the identifier as asked, and the customer's id where it is known."""

    identifier_name: str
    identifier_value: str
    customer_id: str | None = None

    def fingerprint(self) -> int:
        """Return 16 bits of the identifier."""
        text = f"{self.identifier_name}\0{self.identifier_value}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=2).digest())


class _Content(NamedTuple):
    position: Position
    owned: int
    fingerprint: int

    @property
    def customer_id(self) -> str | None:
        return None if self.owned in {_NOBODYS, _UNKNOWN} else str(self.owned - 2)

    def encoded(self) -> bytes:
        return encode([self.owned, self.fingerprint, *self.position.to_numbers()])


class Binding(NamedTuple):
    """What a connection's cursors are bound to: its name and filters as text, and its owner."""

    connection: str
    owner: CursorOwner | None = None

    def write(self, position: Position) -> str:
        """Write the cursor that stands at a position; the owner's id must be one of digits."""
        owner = self.owner
        if owner is None:
            content = _Content(position, _NOBODYS, 0)
        else:
            owned = _UNKNOWN if owner.customer_id is None else int(owner.customer_id) + 2
            content = _Content(position, owned, owner.fingerprint())
        body = content.encoded()
        raw = bytes([_VERSION]) + self._tag(body) + body
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    def read(self, argument: str, cursor: str, segments: int = 1) -> Position:
        """Read a cursor that this connection of so many segments has written.

        Raises CursorInvalidError, which names the argument, for any other.
        """
        content = self._open(cursor)
        if content is None or content.position.segment >= segments or not self._may_own(content):
            raise CursorInvalidError(argument)
        return content.position

    def belongs(self, argument: str, cursor: str, customer_id: str) -> None:
        """Make sure, once the customer's id is known, that a cursor that was read is theirs.

        Raises CursorInvalidError where it is not.
        """
        content = self._open(cursor)
        if content is None or content.customer_id != customer_id:
            raise CursorInvalidError(argument)

    def customer_of(self, cursor: str) -> str | None:
        """Return the customer's id that a cursor holds; None where it holds none, or is refused.

        Whoever knows how cursors are written can make one that holds any id: it is no proof.
        """
        content = self._open(cursor)
        return None if content is None or not self._may_own(content) else content.customer_id

    def _open(self, cursor: str) -> _Content | None:
        if len(cursor) > _LONGEST or not cursor.isascii():
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
            owned, fingerprint, *numbers = decode(body)
            content = _Content(Position.of_numbers(numbers), owned, fingerprint)
        except ValueError:
            return None
        return content if content.encoded() == body else None  # one position, one cursor

    def _tag(self, body: bytes) -> bytes:
        bound = bytes([_VERSION]) + body + b"\0" + self.connection.encode()
        return hashlib.blake2b(bound, digest_size=_TAG_BYTES).digest()

    def _may_own(self, content: _Content) -> bool:
        owner = self.owner
        if owner is None or content.owned == _NOBODYS:
            return owner is None and content.owned == _NOBODYS
        if owner.customer_id is not None:
            return content.customer_id == owner.customer_id
        return content.fingerprint == owner.fingerprint()
