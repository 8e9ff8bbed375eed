"""How a request names its document: by `documentId`, or by Apollo's `persistedQuery`.

`documentId` is of GraphQL over HTTP's appendix on persisted documents; the other is the protocol of
automatic persisted queries. Relay's older `doc_id` and `id` are not read: one more spelling of the
same would be one more to refuse consistently.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from gateway.errors import BadRequestError

PREFIX = "sha256:"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST_ID = 256  # characters
_AUTOMATIC = "extensions.persistedQuery"


class Reference(NamedTuple):
    """A document's id; by `persistedQuery` it is automatic, which a text may come to stay for."""

    id: str
    is_automatic: bool

    @property
    def sha256(self) -> str | None:
        """Return the SHA-256 of the document, in hexadecimal digits, where the id is one."""
        return sha256_in(self.id)

    @property
    def key(self) -> str:
        """Return what a manifest's documents are found by: a SHA-256 without prefix, or the id."""
        return self.sha256 or self.id

    @property
    def place(self) -> str:
        """Say where in the request the id stands."""
        return f"{_AUTOMATIC}.sha256Hash" if self.is_automatic else "documentId"


def sha256_of(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, in hexadecimal digits."""
    # A lone surrogate, which JSON lets a caller send, is refused by the parser and not here.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def sha256_in(document_id: str) -> str | None:
    """Return the SHA-256 that an id is, with or without its prefix; None for an id of another kind.

    Hexadecimal digits are in lower case.
    """
    digits = document_id.removeprefix(PREFIX)
    return digits if _SHA256.fullmatch(digits) else None


def read_reference(raw: Mapping[str, Any]) -> Reference | None:
    """Read how a request names its document; None where it does not.

    `raw` has the request's parameters, of which `extensions` is known to be an object or None.
    Raises BadRequestError, which says what is allowed.
    """
    document_id = raw.get("documentId")
    persisted = (raw.get("extensions") or {}).get("persistedQuery")
    if persisted is None:
        if document_id is None:
            return None
        return Reference(_id("documentId", document_id), is_automatic=False)
    if document_id is not None:
        raise BadRequestError(f"documentId: it must not be combined with {_AUTOMATIC}.")
    if not isinstance(persisted, dict):
        raise BadRequestError(f"{_AUTOMATIC}: it must be an object.")
    version = persisted.get("version")
    if version != 1 or isinstance(version, bool):
        raise BadRequestError(f"{_AUTOMATIC}.version: it must be 1.")
    sha256 = _id(f"{_AUTOMATIC}.sha256Hash", persisted.get("sha256Hash"))
    return Reference(sha256, is_automatic=True)


def _id(place: str, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID:
        raise BadRequestError(f"{place}: it must be a string of 1 to {_LONGEST_ID} characters.")
    return value
