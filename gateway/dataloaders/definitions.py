"""Definitions of a page of promotions: a few calls a program, whatever the page's size."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import NamedTuple

from gateway.context import RequestContext
from gateway.dataloaders.batch_loader import BatchLoader
from gateway.dataloaders.definition_pages import DefinitionPageByKeyLoader
from gateway.errors import (
    GatewayError,
    UpstreamBadPayloadError,
    UpstreamInputRefusedError,
    UpstreamNotFoundError,
)
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

_WINDOW = 100
_NOTHING: DefinitionPage = DefinitionPage([], 0)


class DefinitionKey(NamedTuple):
    """Which definition: an `identifier` that differs means another promotion.

    See docs/platform.md#same-promotion.
    `source_type` None looks in the configured source types, where it was found before first.
    """

    program_id: str
    promotion_id: str
    identifier: str | None = None
    source_type: PromotionSourceType | None = None


class FoundDefinition(NamedTuple):
    """A definition and the source type that it was found under."""

    payload: DefinitionPayload
    source_type: PromotionSourceType


Result = FoundDefinition | None
Settled = dict[DefinitionKey, Result | GatewayError]


class DefinitionByPromotionLoader(BatchLoader[DefinitionKey, Result]):
    """Loads definitions by program, promotion and source type.

    One that is wanted alone is asked for by its id. Several of one program are looked for in a list
    page of 100, and then by whichever is fewer calls: the list's remaining pages, or the missing
    ids. A page with fewer definitions than the list's total promises tells nothing of what is not
    in it: that is looked for by id. A source type that fails ends its search: what is still missing
    fails with it, because "not here" is only true once every source type has said so. Neither is it
    true where an item of an answer could not be read, which may have been the one, and where a
    look-up by id has brought another.
    """

    def __init__(
        self, pages: DefinitionPageByKeyLoader, source_types: SourceTypes, request: RequestContext
    ) -> None:
        super().__init__()
        self._pages = pages
        self._source_types = source_types
        self._request = request
        self._unreadable: set[DefinitionPageKey] = set()
        self._asked: dict[str, list[Awaitable[Result]]] = {}

    def asked_of(self, program_id: str) -> tuple[Awaitable[Result], ...]:
        """Return the definitions of a program that are loaded or on their way."""
        return tuple(self._asked.get(program_id, ()))

    def load(self, key: DefinitionKey) -> Awaitable[Result]:
        """Load one definition, and remember that it was asked for."""
        definition = super().load(key)
        self._asked.setdefault(key.program_id, []).append(definition)
        return definition

    async def _load(self, keys: list[DefinitionKey]) -> list[Result | GatewayError]:
        groups: dict[tuple[str, Order], list[DefinitionKey]] = {}
        for key in keys:
            groups.setdefault((key.program_id, self._order(key)), []).append(key)
        settled: Settled = {}
        for group in await asyncio.gather(*(self._load_group(*one) for one in groups.items())):
            settled.update(group)
        return [_about(key, settled[key]) for key in keys]

    def _order(self, key: DefinitionKey) -> Order:
        if key.source_type is not None:
            return (key.source_type,)
        return self._source_types.order(key.program_id, key.promotion_id, self._request)

    async def _load_group(self, group: tuple[str, Order], keys: list[DefinitionKey]) -> Settled:
        _, source_types = group
        settled: Settled = {}
        missing = keys
        for source_type in source_types:
            found = await self._search(missing, source_type)
            settled |= found
            missing = [key for key in missing if key not in settled]
            if not missing:
                break
        for key, result in settled.items():
            # Where it was looked for first without being told to, it will be again.
            if isinstance(result, FoundDefinition) and (
                key.source_type is not None or result.source_type is not source_types[0]
            ):
                self._source_types.found(
                    key.program_id, key.promotion_id, result.source_type, self._request
                )
        return {key: self._not_here(key, source_types) for key in missing} | settled

    def _not_here(self, key: DefinitionKey, source_types: Order) -> GatewayError | None:
        asked = [(key.program_id, source_type) for source_type in source_types]
        is_doubtful = any(
            unreadable[:2] in asked and unreadable.filters.promotion_id in {None, key.promotion_id}
            for unreadable in self._unreadable
        )
        return UpstreamBadPayloadError(ENDPOINT) if is_doubtful else None

    async def _search(self, keys: list[DefinitionKey], source_type: PromotionSourceType) -> Settled:
        """Look under one source type; what is not in the answer is not here."""
        if len(keys) == 1:
            return await self._by_id(keys, source_type)
        try:
            first = await self._list_page(keys[0].program_id, source_type, 0)
        except GatewayError as error:
            failed: Settled = dict.fromkeys(keys, error)
            return failed
        settled = _match(keys, [first], source_type)
        missing = [key for key in keys if key not in settled]
        pages_left = _pages_left(first)
        if not missing or (pages_left == 0 and _is_whole([first])):
            return settled
        if pages_left and pages_left <= len(missing) and _is_whole([first]):
            return settled | await self._by_pages(missing, source_type, first, pages_left)
        return settled | await self._by_id(missing, source_type)

    async def _by_pages(
        self,
        keys: list[DefinitionKey],
        source_type: PromotionSourceType,
        first: DefinitionPage,
        pages_left: int,
    ) -> Settled:
        offsets = range(_WINDOW, _WINDOW * (pages_left + 1), _WINDOW)
        answers = await asyncio.gather(
            *(self._list_page(keys[0].program_id, source_type, offset) for offset in offsets),
            return_exceptions=True,
        )
        errors = [answer for answer in answers if isinstance(answer, BaseException)]
        pages = [answer for answer in answers if not isinstance(answer, BaseException)]
        settled = _match(keys, pages, source_type)
        for error in errors[:1]:
            if not isinstance(error, GatewayError):
                raise error
            failed: Settled = dict.fromkeys(keys, error)
            return failed | settled
        if not _is_whole([first, *pages]):
            missing = [key for key in keys if key not in settled]
            return settled | await self._by_id(missing, source_type)
        return settled

    async def _by_id(self, keys: list[DefinitionKey], source_type: PromotionSourceType) -> Settled:
        answers = await asyncio.gather(
            *(self._load_page(_by_id_key(key, source_type)) for key in keys), return_exceptions=True
        )
        settled: Settled = {}
        for key, answer in zip(keys, answers, strict=True):
            if isinstance(answer, GatewayError):
                settled[key] = answer
            elif isinstance(answer, BaseException):
                raise answer
            else:
                settled |= _match([key], [answer], source_type)
        return settled

    async def _list_page(
        self, program_id: str, source_type: PromotionSourceType, offset: int
    ) -> DefinitionPage:
        filters = DefinitionFilters(includes_inactive=True)
        key = DefinitionPageKey(program_id, source_type, filters, offset, _WINDOW)
        return await self._load_page(key)

    async def _load_page(self, key: DefinitionPageKey) -> DefinitionPage:
        try:
            page = await self._pages.load(key)
        except UpstreamNotFoundError:
            return _NOTHING
        if page.unreadable or (page.foreign and key.filters.promotion_id is not None):
            self._unreadable.add(key)
        return page


def _about(key: DefinitionKey, result: Result | GatewayError) -> Result | GatewayError:
    """Return a result; a source type that is refused is the client's only where one was given."""
    if not isinstance(result, UpstreamInputRefusedError):
        return result
    return (
        client_error_or_misuse(result, ())
        if key.source_type is None
        else result.about("sourceType")
    )


def _pages_left(first: DefinitionPage) -> int | None:
    """Count the list pages behind the first; null where nobody can tell how many there are."""
    if first.total is None:
        return 0 if len(first.items) < _WINDOW else None
    return -(-max(0, first.total - _WINDOW) // _WINDOW)


def _is_whole(pages: Sequence[DefinitionPage]) -> bool:
    """Return whether a list's first pages have as many items as the list's total promises them."""
    total = max((page.total or 0 for page in pages), default=0)
    promised = [min(_WINDOW, total - _WINDOW * number) for number in range(len(pages))]
    return all(len(page.items) >= count for page, count in zip(pages, promised, strict=True))


def _by_id_key(key: DefinitionKey, source_type: PromotionSourceType) -> DefinitionPageKey:
    filters = DefinitionFilters(includes_inactive=True, promotion_id=key.promotion_id)
    return DefinitionPageKey(key.program_id, source_type, filters, 0, 1)


def _match(
    keys: Sequence[DefinitionKey], pages: Iterable[DefinitionPage], source_type: PromotionSourceType
) -> Settled:
    """Find the keys' definitions in pages, by id and program, never by position."""
    ids = {int(key.promotion_id) for key in keys}  # a window has many more
    listed = {
        (item.program_id, item.promotion_id): item
        for page in pages
        for item in page.items
        if item is not None and item.promotion_id in ids
    }
    settled: Settled = {}
    for key in keys:
        item = listed.get((int(key.program_id), int(key.promotion_id)))
        if item is not None and _is_same(key.identifier, item.identifier):
            settled[key] = FoundDefinition(item, source_type)
    return settled


def _is_same(asked: str | None, found: str | None) -> bool:
    return not asked or not found or asked == found
