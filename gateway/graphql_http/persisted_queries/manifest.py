"""The manifest of trusted documents: reading what the common tools write, and writing it.

Two forms: a map of id to text (GraphQL Code Generator's `persisted-documents.json`, Relay's
persisted queries, `promotion-gateway operations`), and Apollo's, a list that also has names.
"""

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from gateway.graphql_http.persisted_queries.reference import PREFIX, sha256_in, sha256_of

_APOLLO = "apollo-persisted-query-manifest"


class ManifestError(Exception):
    """The manifest is none; the message says what is wrong, and where."""


class ManifestForm(StrEnum):
    """How a manifest is written."""

    MAP = "map"
    APOLLO = "apollo"


class NamedText(NamedTuple):
    """One operation's document: its name, its type (``query``), and its text."""

    name: str
    kind: str
    text: str


def read_manifest(raw: bytes) -> dict[str, str]:
    """Read the documents by their ids, which have no prefix ``sha256:`` any more.

    Raises ManifestError, also for an id that is a SHA-256 and not its text's.
    """
    try:
        manifest = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise ManifestError("it must be JSON in UTF-8") from None
    documents: dict[str, str] = {}
    for document_id, text in _pairs(manifest):
        if not isinstance(document_id, str) or not document_id or not isinstance(text, str):
            raise ManifestError(f"{_shown(document_id)}: id and document must be strings")
        named = document_id.removeprefix(PREFIX)
        sha256 = sha256_in(named)
        if (named != document_id and sha256 is None) or sha256 not in {None, sha256_of(text)}:
            raise ManifestError(f"{_shown(document_id)}: it must be the SHA-256 of its document")
        if documents.setdefault(named, text) != text:
            raise ManifestError(f"{_shown(document_id)}: two documents have this id")
    if not documents:
        raise ManifestError("it must have at least one document")
    return documents


def write_manifest(operations: Iterable[NamedText], form: ManifestForm) -> str:
    """Write operations, in their order, under the SHA-256 of their texts."""
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


def _shown(document_id: Any) -> str:
    return repr(document_id)[:100]
