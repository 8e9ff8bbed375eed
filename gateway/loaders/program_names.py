"""Names of programs: from any page of theirs, and by a call of its own only where there is none."""

import asyncio

from strawberry.dataloader import DataLoader

from gateway.errors import GatewayError, NotHereError
from gateway.loaders.batch import settle
from gateway.loaders.definition_pages import DefinitionPageByKeyLoader
from gateway.loaders.definitions import DefinitionByPromotionLoader
from gateway.upstream.definitions import DefinitionFilters, DefinitionPage, DefinitionPageKey
from gateway.wire.vocabulary import PromotionSourceType

Key = str
Result = str | None


class ProgramNameByIdLoader(DataLoader[Key, Result]):
    """Loads names by program id; null where no promotion tells it."""

    def __init__(
        self,
        pages: DefinitionPageByKeyLoader,
        definitions: DefinitionByPromotionLoader,
        source_type: PromotionSourceType,
    ) -> None:
        super().__init__(self._load)
        self._pages = pages
        self._definitions = definitions
        self._source_type = source_type

    async def _load(self, keys: list[Key]) -> list[Result | GatewayError]:
        return await settle(keys, self._name)

    async def _name(self, program_id: Key) -> Result:
        # A definition that is sought will bring a page; the page is not asked for yet.
        await asyncio.gather(*self._definitions.asked_of(program_id), return_exceptions=True)
        asked = await asyncio.gather(*self._pages.asked_of(program_id), return_exceptions=True)
        for page in asked:
            name = None if isinstance(page, BaseException) else _name_in(page)
            if name is not None:
                return name
        filters = DefinitionFilters(includes_inactive=True)
        key = DefinitionPageKey(program_id, self._source_type, filters, 0, 1)
        try:
            return _name_in(await self._pages.load(key))
        except NotHereError:
            return None


def _name_in(page: DefinitionPage) -> Result:
    return next((item.program_name for item in page.items if item and item.program_name), None)
