"""Trusted documents: those of a manifest, validated before anything is served."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from gateway.config.parsing import PREFIX
from gateway.config.settings import Settings, SettingsError
from gateway.execution.document_hash import sha256_of
from gateway.execution.documents import Document, Operation
from gateway.execution.failures import OperationRefusedError
from gateway.execution.operation_store import OperationStore
from gateway.graphql_http.persisted_queries.manifest import ManifestError, read_manifest

_MAX_LINES = 20
_MAX_NAME = 80  # characters


class TrustedDocuments:
    """Documents by their ids and by the SHA-256 of their texts.

    `operation_names` has the names of their operations by digest.
    """

    def __init__(
        self, documents: Mapping[str, str], operation_names: Mapping[bytes, str] | None = None
    ) -> None:
        self.operation_names = operation_names or {}
        self._by_id = dict(documents) | {sha256_of(text): text for text in documents.values()}
        self.texts = frozenset(documents.values())

    def find(self, key: str) -> str | None:
        """Return the text of an id, which for a SHA-256 has no prefix; None if it is unknown."""
        return self._by_id.get(key)

    def __contains__(self, text: str) -> bool:
        """Whether a text is one of them, character by character."""
        return text in self.texts


def load_trusted(settings: Settings, operations: OperationStore) -> TrustedDocuments | None:
    """Read and validate the manifest that the settings name; None without one.

    The documents are pinned in the cache of `operations`. Raise SettingsError, with a line for
    each invalid document that names its id.
    """
    return [None, *validate_trusted(settings, operations)][-1]


def validate_trusted(
    settings: Settings, operations: OperationStore
) -> Iterator[TrustedDocuments | None]:
    """Yield None after each document, and all of them at the end, so that a server can go on."""
    variable = f"{PREFIX}TRUSTED_DOCUMENTS"
    if not settings.trusted_documents:
        if settings.trusted_documents_mode == "only":
            raise SettingsError([f"{variable}_MODE=only needs {variable}"])
        return
    path = Path(settings.trusted_documents)
    try:
        documents = read_manifest(path.read_bytes())
    except OSError as error:
        raise SettingsError([f"{variable}={path}: {error.strerror}"]) from None
    except ManifestError as error:
        raise SettingsError([f"{variable}={path}: {error}"]) from None
    lines: list[str] = []
    names: dict[bytes, str] = {}
    for name, text in documents.items():
        document = _read(text, operations)
        if isinstance(document, str):
            lines.append(f"{variable}={path}: {name!r}: {document}")
            continue
        names |= {each.digest: _name(each, name) for each in document.operations}
        operations.documents.pin(text)
        yield None
    if len(lines) > _MAX_LINES:
        lines[_MAX_LINES:] = [f"{variable}={path}: and {len(lines) - _MAX_LINES} more"]
    if lines:
        raise SettingsError(lines)
    yield TrustedDocuments(documents, names)


def _read(text: str, operations: OperationStore) -> Document | str:
    """Return a document whose operations may all run, or its first error, with its place."""
    try:
        document = operations.parse_and_validate(text)
        if not document.operations:
            operations.get(text, None)  # raises, with the message for a document without any
    except OperationRefusedError as refused:
        first = refused.errors[0]
        places = first.get("locations")
        where = f"line {places[0]['line']}, column {places[0]['column']}: " if places else ""
        return where + str(first["message"])
    return document


def _name(operation: Operation, document_id: str) -> str:
    """Return the name of an operation in metrics, of one without a name its document's id."""
    return (operation.name or document_id)[:_MAX_NAME]
