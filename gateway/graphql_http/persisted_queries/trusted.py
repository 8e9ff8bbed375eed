"""Trusted documents: those of a manifest, validated before anything is served."""

from collections.abc import Mapping
from pathlib import Path

from gateway.config.parsing import PREFIX
from gateway.config.settings import Settings, SettingsError
from gateway.execution.failures import OperationRefusedError
from gateway.execution.operation_store import OperationStore
from gateway.graphql_http.persisted_queries.manifest import ManifestError, read_manifest
from gateway.graphql_http.persisted_queries.reference import sha256_of

_MAX_LINES = 20


class TrustedDocuments:
    """Documents by their ids and by the SHA-256 of their texts."""

    def __init__(self, documents: Mapping[str, str]) -> None:
        self._by_id = dict(documents) | {sha256_of(text): text for text in documents.values()}
        self._texts = frozenset(documents.values())

    def find(self, key: str) -> str | None:
        """Return the text of an id, which for a SHA-256 has no prefix; None if it is unknown."""
        return self._by_id.get(key)

    def __contains__(self, text: str) -> bool:
        """Whether a text is one of them, character by character."""
        return text in self._texts


def load_trusted(settings: Settings, operations: OperationStore) -> TrustedDocuments | None:
    """Read and validate the manifest that the settings name; None without one.

    The documents are pinned in the cache of `operations`. Raise SettingsError, with a line for
    each invalid document that names its id.
    """
    variable = f"{PREFIX}TRUSTED_DOCUMENTS"
    if not settings.trusted_documents:
        if settings.trusted_documents_mode == "only":
            raise SettingsError([f"{variable}_MODE=only needs {variable}"])
        return None
    path = Path(settings.trusted_documents)
    try:
        documents = read_manifest(path.read_bytes())
    except OSError as error:
        raise SettingsError([f"{variable}={path}: {error.strerror}"]) from None
    except ManifestError as error:
        raise SettingsError([f"{variable}={path}: {error}"]) from None
    lines = []
    for name, text in documents.items():
        mistake = _validate(text, operations)
        if mistake:
            lines.append(f"{variable}={path}: {name!r}: {mistake}")
        operations.documents.pin(text)
    if len(lines) > _MAX_LINES:
        lines[_MAX_LINES:] = [f"{variable}={path}: and {len(lines) - _MAX_LINES} more"]
    if lines:
        raise SettingsError(lines)
    return TrustedDocuments(documents)


def _validate(text: str, operations: OperationStore) -> str | None:
    """Return the first error of a document, with its place; None if all operations may run."""
    try:
        if not operations.parse_and_validate(text).operations:
            operations.get(text, None)  # raises, with the message for a document without any
    except OperationRefusedError as refused:
        first = refused.errors[0]
        places = first.get("locations")
        where = f"line {places[0]['line']}, column {places[0]['column']}: " if places else ""
        return where + str(first["message"])
    return None
