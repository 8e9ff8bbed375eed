"""Trusted documents: the ones of a manifest, each known to be good before anything is served."""

from collections.abc import Mapping
from pathlib import Path

from graphql import GraphQLSyntaxError, OperationDefinitionNode, parse

from gateway.config.parsing import PREFIX
from gateway.config.settings import Settings, SettingsError
from gateway.execution.failures import OperationRefusedError
from gateway.execution.operation import Operations
from gateway.graphql_http.persisted_queries.manifest import ManifestError, read_manifest
from gateway.graphql_http.persisted_queries.reference import sha256_of

_MOST_LINES = 20


class TrustedDocuments:
    """Documents by their ids; each is also found by the SHA-256 of its text."""

    def __init__(self, documents: Mapping[str, str]) -> None:
        self._by_id = dict(documents) | {sha256_of(text): text for text in documents.values()}
        self._texts = frozenset(documents.values())

    def find(self, key: str) -> str | None:
        """Return the text of an id; a SHA-256 has no prefix any more."""
        return self._by_id.get(key)

    def __contains__(self, text: str) -> bool:
        """Return whether a text is one of them, to the letter."""
        return text in self._texts


def load_trusted(settings: Settings, operations: Operations) -> TrustedDocuments | None:
    """Read the manifest that the settings name, if any, and check every document of it.

    `operations` keep them read, however many there are, and whatever else is asked.

    Raises SettingsError, with a line for each bad document that names its id.
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
    mistakes = {}
    for name, text in documents.items():
        mistakes[name] = first_mistake(text, operations)
        operations.documents.pin(text)
    lines = [f"{variable}={path}: {name!r}: {told}" for name, told in mistakes.items() if told]
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES:] = [f"{variable}={path}: and {len(lines) - _MOST_LINES} more"]
    if lines:
        raise SettingsError(lines)
    return TrustedDocuments(documents)


def first_mistake(text: str, operations: Operations) -> str | None:
    """Say why not every operation of a document may run; None where each may."""
    told = _mistake(text, None, operations)
    names = _operation_names(text) if told else []
    if len(names) < 2:
        return told
    # Without its name none of several is found, and that is no mistake.
    mistakes = (_mistake(text, name, operations) for name in names)
    return next((mistake for mistake in mistakes if mistake), None)


def _mistake(text: str, name: str | None, operations: Operations) -> str | None:
    try:
        operations.get(text, name)
    except OperationRefusedError as refused:
        first = refused.errors[0]
        places = first.get("locations")
        where = f"line {places[0]['line']}, column {places[0]['column']}: " if places else ""
        return where + str(first["message"])
    return None


def _operation_names(text: str) -> list[str | None]:
    try:
        definitions = parse(text, no_location=True).definitions
    except GraphQLSyntaxError:
        return []
    found = [one.name for one in definitions if isinstance(one, OperationDefinitionNode)]
    return [name.value if name else None for name in found]
