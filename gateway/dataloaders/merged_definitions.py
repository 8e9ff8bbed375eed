"""Definitions of both endpoints as one: the legacy one where there is one, else the successor's."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress

from gateway.context import RequestContext
from gateway.dataloaders.batch_loader import BatchLoader
from gateway.dataloaders.definitions import (
    DefinitionByPromotionLoader,
    DefinitionKey,
    FoundDefinition,
)
from gateway.errors import GatewayError, PhasedOutError, UpstreamAuthFailedError
from gateway.upstream.successor.catalogue import Catalogue, Ids
from gateway.upstream.successor.catalogues import CataloguePort
from gateway.upstream.successor.definition import SuccessorDefinition

Key = DefinitionKey
Result = FoundDefinition | None
Results = dict[Key, Result | GatewayError]
_WAIT_SHARE = 0.3  # of the time that is left
_HANGS_AFTER_SHARE = 0.5


class MergedDefinitionLoader(BatchLoader[Key, Result]):
    """Loads definitions by program and promotion; None for one that neither endpoint has.

    One promotion has one definition, whichever way it is requested. The legacy endpoint is asked
    first, and the catalogue of the successor for what it lacks: that of a promotion which was made
    in the successor is never the legacy endpoint's, so that a catalogue in memory returns it
    without a call. With a source type only the legacy endpoint is asked, and without `asks_legacy`
    only where there is one.

    An endpoint that fails costs its own definitions: where it could have had one, its error is the
    result. One that is not offered has none.
    """

    def __init__(
        self,
        legacy: DefinitionByPromotionLoader,
        catalogues: CataloguePort,
        request: RequestContext,
        *,
        asks_legacy: bool,
    ) -> None:
        super().__init__()
        self._legacy, self._catalogues, self._request = legacy, catalogues, request
        self._asks_legacy = asks_legacy
        self._ahead: asyncio.Task[None] | None = None
        legacy.elsewhere = self._find_unified

    async def load_batch(self, keys: list[Key]) -> Sequence[Result | GatewayError]:
        """Return what memory has, ask the legacy endpoint, and then the catalogue."""
        results: Results = {}
        self._catalogues.concerns(self._request, *map(ids_of, keys))
        position = self._catalogues.position
        catalogue = self._catalogues.cached(self._request)
        unified: set[Key] = set()
        if catalogue is not None:
            alone = dict(_its_alone(keys, catalogue))
            unified = {key for key in alone if catalogue.has_changed(ids_of(key))}
            results.update((key, alone[key]) for key in alone.keys() - unified)
        left = [key for key in keys if key not in results]
        to_legacy = [
            key
            for key in left
            if (self._asks_legacy and key not in unified) or key.source_type is not None
        ]
        if to_legacy:
            ahead = None if catalogue is not None else self._load_ahead()
            found = await self._legacy.load_batch(to_legacy)
            if ahead is not None:
                ahead.cancel()
            results.update(zip(to_legacy, found, strict=True))
        missing = [
            key
            for key in left
            if key.source_type is None and not isinstance(results.get(key), FoundDefinition)
        ]
        if missing:
            await self._search_catalogue(missing, results, position)
        return [results[key] for key in keys]

    def _load_ahead(self) -> asyncio.TimerHandle:
        """Load the catalogue while the legacy endpoint hangs; return what is to be cancelled."""

        async def load() -> None:
            with suppress(GatewayError):
                await self._catalogues.load(self._request)

        def start() -> None:
            self._ahead = asyncio.create_task(load())

        loop = asyncio.get_running_loop()
        remaining_s = self._request.deadline - loop.time()
        return loop.call_later(remaining_s * _HANGS_AFTER_SHARE, start)

    async def _find_unified(self, keys: list[Key]) -> Results:
        """Return those that only the successor has, so that the legacy lists are not searched on.

        That is waited for in a part of the time: the legacy endpoint does not suffer where the
        successor is slow or fails.
        """
        remaining_s = self._request.deadline - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(remaining_s * _WAIT_SHARE):
                catalogue = await self._catalogues.load(self._request)
        except (TimeoutError, GatewayError):
            return {}
        return {
            key: found
            for key, found in _its_alone(keys, catalogue)
            if not catalogue.has_changed(ids_of(key))
        }

    async def _search_catalogue(self, keys: list[Key], results: Results, position: int) -> None:
        """Replace the results of keys that the legacy endpoint has not found.

        `position` is that of evictions before it was asked.
        """
        try:
            catalogue = await self._catalogues.load(self._request)
        except (PhasedOutError, UpstreamAuthFailedError) as error:
            failure: GatewayError | None = error
            if self._asks_legacy:
                failure = None
                self._request.warn("DEFINITIONS_PHASED_OUT", PhasedOutError.default_message)
        except GatewayError as error:
            failure = error
        else:
            errors = await self._catalogues.update(catalogue, map(ids_of, keys), self._request)
            for key in keys:
                legacy = results.get(key)
                found = find(catalogue, key)
                if found is not None and legacy is None and self._asks_legacy:
                    catalogue.legacy_lacks(found, position)
                changed = errors.get(ids_of(key))
                results[key] = changed or self._merge(legacy, found, catalogue)
            return
        for key in keys:
            if results.get(key) is None:
                results[key] = failure

    def _merge(
        self, legacy: Result | GatewayError, found: SuccessorDefinition | None, catalogue: Catalogue
    ) -> Result | GatewayError:
        """Return the result for a promotion that the legacy endpoint has not found.

        In an outage of that endpoint only a promotion that it cannot have is shown: of any other it
        may have another definition.
        """
        if found is None:
            return legacy
        is_absent = legacy is None or isinstance(legacy, PhasedOutError)
        return (
            FoundDefinition(found, None) if is_absent or catalogue.is_its_alone(found) else legacy
        )


def find(catalogue: Catalogue, key: Key) -> SuccessorDefinition | None:
    """Return the definition of a promotion, unless its identifier shows that it is another one."""
    found = catalogue.find(key.program_id, key.promotion_id)
    if found is None or (key.identifier and found.identifier not in {None, "", key.identifier}):
        return None
    return found


def ids_of(key: Key) -> Ids:
    """Return the ids of a promotion as numbers."""
    return int(key.program_id), int(key.promotion_id)


def _its_alone(keys: Iterable[Key], catalogue: Catalogue) -> Iterable[tuple[Key, FoundDefinition]]:
    """Yield the definitions for which the legacy endpoint need not be asked."""
    for key in keys:
        found = find(catalogue, key) if key.source_type is None else None
        if found is not None and catalogue.is_its_alone(found):
            yield key, FoundDefinition(found, None)
