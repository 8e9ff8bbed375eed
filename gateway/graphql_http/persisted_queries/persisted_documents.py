"""Finds the document of a request: the text that it sends, or a stored one that it refers to."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from gateway.cache.keys import KeyMaker
from gateway.cache.store import TwoLevelCache
from gateway.config.settings import Settings
from gateway.errors import (
    BadRequestError,
    OperationNotTrustedError,
    PersistedQueryNotFoundError,
    PersistedQueryNotSupportedError,
)
from gateway.execution.document_hash import sha256_of
from gateway.execution.failures import refuse
from gateway.execution.operation_store import OperationStore
from gateway.graphql_http.persisted_queries.automatic import AutomaticQueries
from gateway.graphql_http.persisted_queries.reference import Reference
from gateway.graphql_http.persisted_queries.trusted import (
    TrustedDocuments,
    load_trusted,
    validate_trusted,
)
from gateway.telemetry.counters import CounterVec
from gateway.telemetry.metric import Samples
from gateway.telemetry.metrics import PERSISTED_OUTCOMES


@dataclass(slots=True)
class PersistedDocuments:
    """The documents that a request may refer to.

    With `only_trusted` nothing else runs, not even text that a request sends itself.
    `read_trusted` reads and validates the trusted ones again.
    """

    trusted: TrustedDocuments | None = None
    automatic: AutomaticQueries | None = None
    only_trusted: bool = False
    outcomes: CounterVec = field(default_factory=lambda: CounterVec(PERSISTED_OUTCOMES))
    read_trusted: Callable[[TrustedDocuments], Awaitable[TrustedDocuments]] | None = None

    @property
    def operation_names(self) -> Mapping[bytes, str]:
        """The names of the trusted operations, by digest."""
        return {} if self.trusted is None else self.trusted.operation_names

    def name_of(self, digest: bytes) -> str | None:
        """Return the name of the trusted operation with a digest; None if there is none."""
        return self.operation_names.get(digest)

    async def resolve(self, query: str, reference: Reference | None) -> str:
        """Return the text to run: `query`, or the document of `reference` if `query` is empty.

        Raise OperationRefusedError with PERSISTED_QUERY_NOT_FOUND, PERSISTED_QUERY_NOT_SUPPORTED
        or OPERATION_NOT_TRUSTED; BadRequestError where `query` is not the document of `reference`.
        """
        if reference is None:
            text = query
        elif query:
            self._check_reference(query, reference)
            text = query
        else:
            text = await self._find(reference)
        if self.only_trusted and (self.trusted is None or text not in self.trusted):
            raise self._refuse_untrusted()
        return text

    async def store(self, text: str, reference: Reference) -> None:
        """Store a valid text that was sent with its hash, to be found by the hash alone later."""
        if not reference.is_automatic or reference.sha256 is None:
            return
        if self.automatic is None or (self.trusted is not None and text in self.trusted):
            return
        if await self.automatic.store(reference.sha256, text):
            self.outcomes.add("stored")

    async def reload(self) -> None:
        """Read the trusted documents again; raise SettingsError and keep them if one is invalid."""
        if self.read_trusted is not None and self.trusted is not None:
            self.trusted = await self.read_trusted(self.trusted)

    def samples(self) -> Samples:
        """Return the numbers of `gateway_persisted_operations_total`."""
        return {"gateway_persisted_operations_total": self.outcomes.counts}

    async def _find(self, reference: Reference) -> str:
        text = self.trusted.find(reference.key) if self.trusted else None
        if text is not None:
            self.outcomes.add("trusted")
            return text
        if self.only_trusted:
            raise self._refuse_untrusted()
        if self.automatic and reference.sha256:
            text = await self.automatic.find(reference.sha256)
            if text is not None:
                self.outcomes.add("automatic")
                return text
        self.outcomes.add("not_found")
        if self.trusted is None and self.automatic is None:
            raise refuse(PersistedQueryNotSupportedError())
        raise refuse(PersistedQueryNotFoundError())

    def _check_reference(self, query: str, reference: Reference) -> None:
        known = self.trusted.find(reference.key) if self.trusted else None
        if query == known or sha256_of(query) == reference.sha256:
            return
        raise BadRequestError(f"{reference.place}: it must be the SHA-256 of `query`.")

    def _refuse_untrusted(self) -> Exception:
        """Count a document that is not trusted, and return the error to raise."""
        self.outcomes.add("not_trusted")
        return refuse(OperationNotTrustedError())


def create_documents(
    settings: Settings, operations: OperationStore, cache: TwoLevelCache, keys: KeyMaker
) -> PersistedDocuments:
    """Create the documents of the settings; automatic ones are in the second level of `cache`.

    Raise SettingsError for an invalid manifest.
    """
    only_trusted = settings.trusted_documents_mode == "only"
    automatic = settings.apq and not only_trusted

    async def read_trusted(current: TrustedDocuments) -> TrustedDocuments:
        try:
            for trusted in validate_trusted(settings, operations):
                current = trusted or current
                await asyncio.sleep(0)  # requests run between two documents
        finally:
            operations.documents.keep_pinned(current.texts)
        return current

    return PersistedDocuments(
        load_trusted(settings, operations),
        AutomaticQueries(cache, keys) if automatic else None,
        only_trusted,
        read_trusted=read_trusted,
    )
