"""Names of programs: from any page of theirs, and by a call of its own only where there is none."""

import asyncio
from typing import TypeGuard

from gateway.dataloaders.batch_loader import BatchLoader, settle_later
from gateway.dataloaders.definition_pages import DefinitionPageByKeyLoader
from gateway.dataloaders.definitions import DefinitionByPromotionLoader
from gateway.errors import GatewayError, UpstreamInputRefusedError, UpstreamNotFoundError
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


class ProgramNameByIdLoader(BatchLoader[Key, Result]):
    """Loads names by program id; null where no promotion tells it."""

    def __init__(
        self,
        pages: DefinitionPageByKeyLoader,
        definitions: DefinitionByPromotionLoader,
        source_type: PromotionSourceType,
    ) -> None:
        super().__init__()
        self._pages = pages
        self._definitions = definitions
        self._source_type = source_type

    async def _load(self, keys: list[Key]) -> list[Result | GatewayError]:
        return await settle_later(keys, self._name)

    async def _name(self, program_id: Key) -> Result:
        # A definition that is sought will bring a page; the page is not asked for yet.
        sought = await asyncio.gather(
            *self._definitions.asked_of(program_id), return_exceptions=True
        )
        # In an order that does not depend on who has asked first.
        asked = self._pages.asked_of(program_id).items()
        pages = dict(sorted(asked, key=lambda each: str(each[0])))
        answers = await asyncio.gather(*pages.values(), return_exceptions=True)
        for answer in answers:
            name = None if isinstance(answer, BaseException) else _name_in(answer)
            if name is not None:
                return name
        failures = [outcome for outcome in (*answers, *sought) if _is_failure(outcome)]
        if failures and len(failures) == len(answers) + len(sought):
            raise min(failures, key=lambda failure: failure.code)  # whichever came first
        if any(map(self._is_nothing, pages, answers)):
            return None
        return await self._ask(program_id)

    async def _ask(self, program_id: Key) -> Result:
        key = DefinitionPageKey(program_id, self._source_type, _ALL, 0, 1)
        try:
            return _name_in(await self._pages.load(key))
        except UpstreamNotFoundError:
            return None
        except UpstreamInputRefusedError as error:
            raise client_error_or_misuse(error, ()) from None

    def _is_nothing(self, key: DefinitionPageKey, answer: DefinitionPage | BaseException) -> bool:
        """Return whether a window has said that there is nothing to take the name from."""
        if (key.source_type, key.filters, key.offset) != (self._source_type, _ALL, 0):
            return False
        if isinstance(answer, BaseException):
            return isinstance(answer, UpstreamNotFoundError)
        return not answer.items and not answer.total


def _is_failure(outcome: object) -> TypeGuard[GatewayError]:
    """Tell an error from an answer, of which "not here" is one."""
    return isinstance(outcome, GatewayError) and not isinstance(outcome, UpstreamNotFoundError)


def _name_in(page: DefinitionPage) -> Result:
    return next((item.program_name for item in page.items if item and item.program_name), None)
