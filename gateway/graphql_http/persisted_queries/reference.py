"""The reference by which a request names its document: `documentId`, or `persistedQuery`.

`documentId` is specified by GraphQL over HTTP (appendix on persisted documents), `persistedQuery`
by Apollo's protocol of automatic persisted queries. Relay's older `doc_id` and `id` are not
supported.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from gateway.errors import BadRequestError

PREFIX = "sha256:"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAX_ID_LENGTH = 256
_AUTOMATIC = "extensions.persistedQuery"


class Reference(NamedTuple):
    """The id of a document; `is_automatic` if `persistedQuery` names it."""

    id: str
    is_automatic: bool

    @property
    def sha256(self) -> str | None:
        """Return the SHA-256 of the document in hexadecimal digits; None for another kind of id."""
        return sha256_in(self.id)

    @property
    def key(self) -> str:
        """Return the key of a manifest's documents: the SHA-256 without prefix, or the id."""
        return self.sha256 or self.id

    @property
    def place(self) -> str:
        """Return the parameter of the request that holds the id, for error messages."""
        return f"{_AUTOMATIC}.sha256Hash" if self.is_automatic else "documentId"


def sha256_in(document_id: str) -> str | None:
    """Return the SHA-256 in an id, without its prefix; None for another kind of id.

    Hexadecimal digits must be lower case.
    """
    digits = document_id.removeprefix(PREFIX)
    return digits if _SHA256.fullmatch(digits) else None


def read_reference(raw: Mapping[str, Any]) -> Reference | None:
    """Return the reference in the parameters of a request; None without one.

    `extensions` must be an object or None. Raise BadRequestError.
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
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_ID_LENGTH:
        raise BadRequestError(f"{place}: it must be a string of 1 to {_MAX_ID_LENGTH} characters.")
    return value
