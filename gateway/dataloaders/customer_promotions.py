"""One promotion of one customer, for which the upstream has no look-up: a walk over their list."""

import asyncio
from typing import NamedTuple

from gateway.dataloaders.batch_loader import BatchLoader
from gateway.dataloaders.customer_pages import CustomerPageByKeyLoader
from gateway.errors import (
    CustomerMismatchError,
    GatewayError,
    UpstreamBadPayloadError,
    UpstreamInputRefusedError,
)
from gateway.upstream.customer_view.endpoint import (
    ENDPOINT,
    MAX_PROGRAMS,
    CustomerFilters,
    CustomerKey,
    CustomerPageKey,
)
from gateway.upstream.customer_view.payload import CustomerPromotionPayload
from gateway.upstream.response_errors import client_error_or_misuse

_WINDOW = 100


class CustomerPromotionKey(NamedTuple):
    """Which promotion, and whose."""

    customer: CustomerKey
    program_id: str
    promotion_id: str


class FoundCustomerPromotion(NamedTuple):
    """A customer's promotion, and the customer's id."""

    payload: CustomerPromotionPayload
    customer_id: str


Result = FoundCustomerPromotion | None
Settled = dict[CustomerPromotionKey, Result | GatewayError]


class CustomerPromotionByIdLoader(BatchLoader[CustomerPromotionKey, Result]):
    """Loads customers' promotions: one walk a customer, over the programs that are wanted.

    The walk ends with the list, or once all are found; null for what the customer does not have.
    Where an item on the way could not be read, or the list ended before its total, nobody knows
    that: what is missing then fails.
    """

    def __init__(self, pages: CustomerPageByKeyLoader) -> None:
        super().__init__()
        self._pages = pages

    async def _load(self, keys: list[CustomerPromotionKey]) -> list[Result | GatewayError]:
        groups: dict[CustomerKey, list[CustomerPromotionKey]] = {}
        for key in keys:
            groups.setdefault(key.customer, []).append(key)
        settled: Settled = {}
        for group in await asyncio.gather(*map(self._walk, groups.values())):
            settled.update(group)
        return [settled[key] for key in keys]

    async def _walk(self, keys: list[CustomerPromotionKey]) -> Settled:
        programs = tuple(sorted({key.program_id for key in keys}))
        filters = CustomerFilters(program_ids=programs if len(programs) <= MAX_PROGRAMS else None)
        wanted = {(key.program_id, key.promotion_id): key for key in keys}
        settled: Settled = {}
        offset, is_doubtful = 0, False
        while len(settled) < len(keys):
            page_key = CustomerPageKey(keys[0].customer, filters, offset, _WINDOW)
            try:
                page = await self._pages.load(page_key)
            except UpstreamInputRefusedError as error:
                is_unknown = error.argument == "programIds" and len(programs) == 1
                nobodys: Settled = dict.fromkeys(
                    keys, None if is_unknown else client_error_or_misuse(error, ("by", "source"))
                )
                return nobodys | settled
            except GatewayError as error:
                failed: Settled = dict.fromkeys(keys, error)
                # Whose the windows before were, nobody knows where one contradicts them.
                return failed if isinstance(error, CustomerMismatchError) else failed | settled
            for item in filter(None, page.items):
                key = wanted.get((str(item.program_id), str(item.promotion_id)))
                if key is not None:
                    settled[key] = FoundCustomerPromotion(item, str(page.customer_id))
            is_doubtful |= bool(page.unreadable)
            offset += len(page.items)
            if page.total is not None and offset >= page.total:
                break
            if not page.items:
                is_doubtful |= page.total is not None  # which says that there is more
                break
        not_theirs: Settled = dict.fromkeys(
            keys, UpstreamBadPayloadError(ENDPOINT) if is_doubtful else None
        )
        return not_theirs | settled
