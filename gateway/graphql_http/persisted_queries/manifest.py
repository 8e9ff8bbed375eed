"""The manifest of trusted documents, in the two forms that common tools use.

Either a map of id to text (GraphQL Code Generator's `persisted-documents.json`, Relay's persisted
queries, `promotion-gateway operations`), or Apollo's list, which also contains names.
"""

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from gateway.execution.document_hash import sha256_of
from gateway.graphql_http.persisted_queries.reference import PREFIX, sha256_in

_APOLLO = "apollo-persisted-query-manifest"


class ManifestError(Exception):
    """The manifest is invalid; the message names the document and the reason."""


class ManifestForm(StrEnum):
    """The format of a manifest."""

    MAP = "map"
    APOLLO = "apollo"


class NamedText(NamedTuple):
    """The document of one operation; `kind` is its type, such as ``query``."""

    name: str
    kind: str
    text: str


def read_manifest(raw: bytes) -> dict[str, str]:
    """Return the documents by their ids, without the prefix ``sha256:``.

    Raise ManifestError, also for a SHA-256 that is not that of its text.
    """
    try:
        manifest = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise ManifestError("it must be JSON in UTF-8") from None
    documents: dict[str, str] = {}
    for document_id, text in _pairs(manifest):
        place = repr(document_id)[:100]
        if not isinstance(document_id, str) or not document_id or not isinstance(text, str):
            raise ManifestError(f"{place}: id and document must be strings")
        key = document_id.removeprefix(PREFIX)
        sha256 = sha256_in(key)
        if (key != document_id and sha256 is None) or sha256 not in {None, sha256_of(text)}:
            raise ManifestError(f"{place}: it must be the SHA-256 of its document")
        if documents.setdefault(key, text) != text:
            raise ManifestError(f"{place}: two documents have this id")
    if not documents:
        raise ManifestError("it must have at least one document")
    return documents


def write_manifest(operations: Iterable[NamedText], form: ManifestForm) -> str:
    """Return a manifest of the operations, in their order, by the SHA-256 of their texts."""
    manifest: dict[str, Any] = {sha256_of(one.text): one.text for one in operations}
    if form is ManifestForm.APOLLO:
        listed = [
            {"id": sha256_of(one.text), "name": one.name, "type": one.kind, "body": one.text}
            for one in operations
        ]
        manifest = {"format": _APOLLO, "version": 1, "operations": listed}
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def _pairs(manifest: Any) -> Iterable[tuple[Any, Any]]:
    if not isinstance(manifest, dict):
        raise ManifestError("it must be an object: a map of id to document, or Apollo's manifest")
    listed = manifest.get("operations")
    if not isinstance(listed, list):
        return list(manifest.items())
    if manifest.get("format") != _APOLLO or manifest.get("version") != 1:
        raise ManifestError(f"its format must be {_APOLLO}, version 1")
    if not all(isinstance(one, dict) for one in listed):
        raise ManifestError("operations: each must be an object with `id` and `body`")
    return [(one.get("id"), one.get("body")) for one in listed]
