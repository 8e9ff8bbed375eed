"""Definitions of a page of promotions: a few calls a program, whatever the page's size."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from gateway.context import RequestContext
from gateway.dataloaders.batch_loader import BatchLoader
from gateway.dataloaders.definition_look_ups import DefinitionLookUps
from gateway.dataloaders.definition_pages import DefinitionPageByKeyLoader
from gateway.errors import (
    GatewayError,
    IncompleteListError,
    PhasedOutError,
    UndocumentedNotFoundError,
    UpstreamInputRefusedError,
    UpstreamNotFoundError,
)
from gateway.telemetry import log
from gateway.upstream.definitions.by_id import DefinitionByIdPort
from gateway.upstream.definitions.endpoint import (
    ENDPOINT,
    DefinitionFilters,
    DefinitionPage,
    DefinitionPageKey,
)
from gateway.upstream.definitions.payload import DefinitionPayload
from gateway.upstream.normalise.enums import PromotionSourceType
from gateway.upstream.response_errors import client_error_or_misuse
from gateway.upstream.source_types import Order, SourceTypes
from gateway.upstream.successor.definition import SuccessorDefinition

_WINDOW = 100
_ALL = DefinitionFilters(includes_inactive=True)
_EMPTY: DefinitionPage = DefinitionPage([], 0)
_MISSING_LIST = (PhasedOutError, UndocumentedNotFoundError)
_NOT_TOLD: DefinitionPage = DefinitionPage([], None)
_ids_of = attrgetter("program_id", "promotion_id")


class DefinitionKey(NamedTuple):
    """Which definition is requested; one with another `identifier` is another promotion.

    See docs/platform.md#same-promotion. Without `source_type` the configured source types are
    searched, the one in which it was found before first.
    """

    program_id: str
    promotion_id: str
    identifier: str | None = None
    source_type: PromotionSourceType | None = None


class FoundDefinition(NamedTuple):
    """A definition, and the source type in which it was found if the platform tells one."""

    payload: DefinitionPayload | SuccessorDefinition
    source_type: PromotionSourceType | None


Key = DefinitionKey
Result = FoundDefinition | None
Results = dict[Key, Result | GatewayError]
Elsewhere = Callable[[list[Key]], Awaitable[Results]]
"""Returns the definitions that no list has, of some that the first page of one does not have."""


async def _nowhere_else(_keys: list[Key]) -> Results:
    return {}


class DefinitionByPromotionLoader(BatchLoader[Key, Result]):
    """Loads definitions by program, promotion and source type; None for one that does not exist.

    A single definition is looked up by its id. Several of one program are searched in a list page
    of 100, and then by whichever takes fewer calls: the remaining pages of this source type and of
    the others, or a look-up by id for each that is missing. So n definitions take 2n calls at most.
    A page that is shorter than the list's total promises proves nothing about the definitions that
    are not in it: they are looked up by id.

    A look-up by id finds a definition in any source type. Where a source type is named, or that
    endpoint is not offered, each source type's list is filtered by the id instead.

    A source type that fails ends the search, and its error is the result of every key that is not
    found yet: only a search of all source types proves that a definition does not exist. An item
    that could not be read, and a look-up by id that returned another promotion, leave it unproven,
    too: the result is IncompleteListError.

    `elsewhere` has definitions for which the search need not go on once they are not in the first
    page of a list.
    """

    def __init__(
        self,
        pages: DefinitionPageByKeyLoader,
        by_id: DefinitionByIdPort,
        source_types: SourceTypes,
        request: RequestContext,
    ) -> None:
        super().__init__()
        self._pages, self._port_by_id = pages, by_id
        self._source_types, self._request = source_types, request
        self._incomplete: set[DefinitionPageKey] = set()  # windows with an item that was dropped
        self.elsewhere: Elsewhere = _nowhere_else

    async def load_batch(self, keys: list[Key]) -> list[Result | GatewayError]:
        """Search each program's definitions, those with the same source types together."""
        groups: dict[tuple[str, Order], list[Key]] = {}
        for key in keys:
            program_id, promotion_id, _, source_type = key
            if source_type is not None:
                order: Order = (source_type,)
            else:
                order = self._source_types.order(program_id, promotion_id, self._request)
            groups.setdefault((program_id, order), []).append(key)
        results: Results = {}
        if len(groups) == 1:
            await self._search_all(order, keys, results)
        else:
            await asyncio.gather(
                *(self._search_all(order, group, results) for (_, order), group in groups.items())
            )
        return list(map(results.__getitem__, keys))

    async def _search_all(self, order: Order, keys: list[Key], results: Results) -> None:
        """Search the source types in order, and put a result for each key into `results`."""
        missing = keys
        if len(keys) == 1:
            results.update(await self._look_up(keys))
            if keys[0] in results:
                return
        pages_read: list[int] = []
        for source_type in order:
            found = await self._search(missing, source_type, order, pages_read)
            results.update(found)
            # The first of the order needs no entry: it is searched first the next time, too.
            if source_type is not order[0] or keys[0].source_type is not None:
                self._remember(found, source_type)
            if len(found) == len(missing):
                return
            missing = _without(missing, found)
        if len(missing) <= len(order):  # of a source type that is not configured
            results.update(await self._look_up(missing))
            missing = _without(missing, results)
        for key in missing:
            results[key] = self._null_or_error(key, order)

    def _remember(self, found: Results, source_type: PromotionSourceType) -> None:
        """Remember the source type of what was found in a list."""
        for key, result in found.items():
            if isinstance(result, FoundDefinition) and result.source_type is not None:
                self._source_types.found(
                    key.program_id, key.promotion_id, source_type, self._request
                )

    def _null_or_error(self, key: Key, order: Order) -> GatewayError | None:
        """Return None, or an error where an incomplete window may have hidden the definition."""
        searched = [(key.program_id, source_type) for source_type in order]
        may_be_hidden = any(
            window[:2] in searched and window.filters.promotion_id in {None, key.promotion_id}
            for window in self._incomplete
        )
        may_be_hidden |= (key.program_id, key.promotion_id) in self._look_ups.unproven
        if not may_be_hidden:
            return None
        log.warning("upstream_list_incomplete", endpoint=ENDPOINT)
        return IncompleteListError(ENDPOINT)

    async def _search(
        self,
        keys: list[Key],
        source_type: PromotionSourceType,
        order: Order,
        pages_read: list[int],
    ) -> Results:
        """Search one source type; return the definitions that were found, and errors.

        Where that takes fewer calls than the rest of the search, those that are not in the first
        page are looked up by id, which also tells which do not exist.
        """
        is_first = source_type is order[0]
        if len(keys) == 1:
            found = await self._by_id(keys, source_type)
            return found or (await self.elsewhere(keys) if is_first else found)
        window = DefinitionPageKey(keys[0].program_id, source_type, _ALL, 0, _WINDOW)
        try:
            first = await self._load_page(window)
        except GatewayError as error:
            # A look-up by id may be served where the list no longer is.
            found = await self._look_up(keys) if isinstance(error, _MISSING_LIST) else {}
            return _errors(_without(keys, found), error) | found
        found = _match(keys, [first], source_type)
        if len(found) == len(keys):
            return found
        missing = _without(keys, found)
        if is_first:
            found |= await self.elsewhere(missing)
            missing = _without(missing, found)
            if not missing:
                pages_read.append(1)
                return found
        later = len(order) - 1 - order.index(source_type)
        return found | await self._beyond(missing, window, first, later, pages_read)

    async def _beyond(
        self,
        keys: list[Key],
        window: DefinitionPageKey,
        first: DefinitionPage,
        later: int,
        pages_read: list[int],
    ) -> Results:
        """Search what is not in the first page of a list, before which others may have been read.

        `later` is the number of source types that are not searched yet.
        """
        if first.total is not None:
            remaining_pages = -(-max(0, first.total - _WINDOW) // _WINDOW)
        else:  # the number is unknown where the page is full
            remaining_pages = 0 if len(first.items) < _WINDOW else len(keys) + 1
        found: Results = {}
        is_complete = _are_complete([first])
        if not is_complete or len(keys) <= remaining_pages + later + sum(pages_read):
            found = await self._look_up(keys)
            keys = _without(keys, found)
        if not keys or (is_complete and remaining_pages == 0):
            pages_read.append(1)
            return found
        if is_complete and remaining_pages <= len(keys):
            pages_read.append(1 + remaining_pages)
            return found | await self._by_pages(keys, window, first, remaining_pages)
        return found | await self._by_id(keys, window.source_type)

    async def _by_pages(
        self,
        keys: list[Key],
        window: DefinitionPageKey,
        first: DefinitionPage,
        remaining_pages: int,
    ) -> Results:
        """Search the pages of a list that follow on its first."""
        windows = [window._replace(offset=_WINDOW * page) for page in range(1, remaining_pages + 1)]
        pages, error = [], None
        for page in await asyncio.gather(*map(self._load_page, windows), return_exceptions=True):
            if isinstance(page, GatewayError):
                error = error or page
            elif isinstance(page, BaseException):
                raise page
            else:
                pages.append(page)
        found = _match(keys, pages, window.source_type)
        if error is not None:
            return _errors(keys, error) | found
        if not _are_complete([first, *pages]):
            found |= await self._look_up(_without(keys, found))
            missing = _without(keys, found)
            return found | await self._by_id(missing, window.source_type)
        return found

    @cached_property
    def _look_ups(self) -> DefinitionLookUps:
        return DefinitionLookUps(self._port_by_id, self._request)

    async def _look_up(self, keys: list[Key]) -> Results:
        """Return definitions by id, of any source type; None for one that does not exist.

        Nothing is returned for those that must be searched in lists.
        """
        anywhere = [key for key in keys if key.source_type is None]
        if not anywhere:
            return {}
        answers = await self._look_ups.load((key.program_id, key.promotion_id) for key in anywhere)
        results: Results = {}
        for key in anywhere:
            answer = answers.get((key.program_id, key.promotion_id), _NOT_TOLD)
            if answer is None or isinstance(answer, GatewayError):
                results[key] = answer
            elif answer is not _NOT_TOLD:
                results[key] = _match([key], [answer], None).get(key)
        return results

    async def _by_id(self, keys: list[Key], source_type: PromotionSourceType) -> Results:
        """Return the definitions of one source type, each by a list that is filtered by its id."""
        windows = [
            DefinitionPageKey(
                key.program_id, source_type, _ALL._replace(promotion_id=key.promotion_id), 0, 1
            )
            for key in keys
        ]
        pages = await asyncio.gather(*map(self._load_page, windows), return_exceptions=True)
        results: Results = {}
        for key, page in zip(keys, pages, strict=True):
            if isinstance(page, GatewayError):
                results |= _errors([key], page)
            elif isinstance(page, BaseException):
                raise page
            else:
                results |= _match([key], [page], source_type)
        return results

    async def _load_page(self, window: DefinitionPageKey) -> DefinitionPage:
        """Load one window; "not found" is an empty page."""
        try:
            page = await self._pages.load(window)
        except UpstreamNotFoundError:
            return _EMPTY
        is_by_id = window.filters.promotion_id is not None
        if None in page.items and (page.unreadable or is_by_id):
            self._incomplete.add(window)
        return page


def _without(keys: Iterable[Key], found: Mapping[Key, object]) -> list[Key]:
    return [key for key in keys if key not in found]


def _errors(keys: Iterable[Key], error: GatewayError) -> Results:
    """Return an error for each key.

    A refused source type is a mistake of the client only where the client has named one.
    """
    if not isinstance(error, UpstreamInputRefusedError):
        return dict.fromkeys(keys, error)
    return {
        key: client_error_or_misuse(error, ())
        if key.source_type is None
        else error.about("sourceType")
        for key in keys
    }


def _are_complete(pages: Sequence[DefinitionPage]) -> bool:
    """Whether the first pages of a list have as many items as the list's total promises."""
    total = max((page.total or 0 for page in pages), default=0)
    promised = [min(_WINDOW, total - _WINDOW * number) for number in range(len(pages))]
    return all(len(page.items) >= count for page, count in zip(pages, promised, strict=True))


def _match(
    keys: Iterable[Key], pages: Iterable[DefinitionPage], source_type: PromotionSourceType | None
) -> Results:
    """Find the keys' definitions in pages, by id and program, never by position."""
    items: dict[tuple[int, int], DefinitionPayload] = {}
    for page in pages:
        readable = list(filter(None, page.items))
        items.update(zip(map(_ids_of, readable), readable, strict=True))
    found: Results = {}
    for key in keys:
        program_id, promotion_id, identifier, _ = key
        item = items.get((int(program_id), int(promotion_id)))
        if item is not None and (
            not identifier or not item.identifier or identifier == item.identifier
        ):
            found[key] = FoundDefinition(item, source_type)
    return found
