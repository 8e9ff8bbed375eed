"""Names of programs: from their list or from any page of theirs, else by a call of its own."""

import asyncio
from typing import TypeGuard

from gateway.dataloaders.batch_loader import BatchLoader
from gateway.dataloaders.definition_pages import DefinitionPageByKeyLoader
from gateway.dataloaders.definitions import DefinitionByPromotionLoader, FoundDefinition
from gateway.dataloaders.merged_definitions import MergedDefinitionLoader
from gateway.dataloaders.programs import ProgramsLoader
from gateway.errors import (
    GatewayError,
    PhasedOutError,
    UndocumentedNotFoundError,
    UpstreamAuthFailedError,
    UpstreamInputRefusedError,
    UpstreamNotFoundError,
)
from gateway.upstream.definitions.endpoint import (
    DefinitionFilters,
    DefinitionPage,
    DefinitionPageKey,
)
from gateway.upstream.normalise.enums import PromotionSourceType
from gateway.upstream.response_errors import client_error_or_misuse

Key = str
Result = str | None

_ALL = DefinitionFilters(includes_inactive=True)
_MISSING_LIST = (PhasedOutError, UndocumentedNotFoundError)


class ProgramNameByIdLoader(BatchLoader[Key, Result]):
    """Loads names by program id; null where no promotion has the name.

    Promotions of the successor have none. Where there may be those alone, and where the legacy
    endpoint is gone, the list of programs is asked, once for all.
    """

    def __init__(
        self,
        pages: DefinitionPageByKeyLoader,
        definitions: DefinitionByPromotionLoader | MergedDefinitionLoader,
        programs: ProgramsLoader,
        source_type: PromotionSourceType,
    ) -> None:
        super().__init__()
        self._pages = pages
        self._definitions = definitions
        self._programs = programs
        self._source_type = source_type

    async def load_batch(self, keys: list[Key]) -> list[Result | BaseException]:
        """Return the name of each program; begin after all other loads that are ready."""
        return await asyncio.gather(*map(self._load, keys), return_exceptions=True)

    async def _load(self, program_id: Key) -> Result:
        listed = await self._programs.requested_names()
        if program_id in listed:
            return listed[program_id]
        cached = self._programs.cached_names().get(program_id)
        return cached or await self._from_promotions(program_id)

    async def _from_promotions(self, program_id: Key) -> Result:
        # A definition that is being loaded will request a page, but may not have done so yet.
        definitions = [
            definition
            for key, definition in self._definitions.requested.items()
            if key.program_id == program_id
        ]
        searches = await asyncio.gather(*definitions, return_exceptions=True)
        names = [found.payload.program_name for found in searches if _is_found(found)]
        if any(names):
            return min(filter(None, names))
        # Sorted, so that the result does not depend on which window was requested first.
        requested = self._pages.requested(program_id).items()
        pages = dict(sorted(requested, key=lambda each: str(each[0])))
        results = await asyncio.gather(*pages.values(), return_exceptions=True)
        for result in results:
            name = None if isinstance(result, BaseException) else _name_in(result)
            if name is not None:
                return name
        failures = [outcome for outcome in (*results, *searches) if _is_failure(outcome)]
        if failures and len(failures) == len(results) + len(searches):
            raise min(failures, key=lambda failure: failure.code)  # in whichever order they came
        if any(map(self._is_empty, pages, results)):
            return await self._of_successor(program_id)
        return await self._fetch(program_id)

    async def _fetch(self, program_id: Key) -> Result:
        key = DefinitionPageKey(program_id, self._source_type, _ALL, 0, 1)
        try:
            name = _name_in(await self._pages.load(key))
        except UpstreamNotFoundError:
            name = None
        except UpstreamInputRefusedError as error:
            raise client_error_or_misuse(error, ()) from None
        except _MISSING_LIST:
            return (await self._programs.names()).get(program_id)
        return name or await self._of_successor(program_id)

    async def _of_successor(self, program_id: Key) -> Result:
        """Return the name of a program that may have promotions of the successor alone."""
        if not isinstance(self._definitions, MergedDefinitionLoader):
            return None
        try:
            return (await self._programs.names()).get(program_id)
        except (PhasedOutError, UpstreamAuthFailedError):
            return None

    def _is_empty(self, key: DefinitionPageKey, result: DefinitionPage | BaseException) -> bool:
        """Whether a window shows that the source type has no promotion to take the name from."""
        if (key.source_type, key.filters, key.offset) != (self._source_type, _ALL, 0):
            return False
        if isinstance(result, BaseException):
            return isinstance(result, UpstreamNotFoundError)
        return not result.items and not result.total


def _is_failure(outcome: object) -> TypeGuard[GatewayError]:
    """Whether a load has failed; "not found" is a result, and the list of programs is not gone."""
    return isinstance(outcome, GatewayError) and not isinstance(
        outcome, (UpstreamNotFoundError, *_MISSING_LIST)
    )


def _is_found(outcome: object) -> TypeGuard[FoundDefinition]:
    return isinstance(outcome, FoundDefinition)


def _name_in(page: DefinitionPage) -> Result:
    return next((item.program_name for item in page.items if item and item.program_name), None)
