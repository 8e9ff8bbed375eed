"""Single promotions of customers: the platform has no look-up, so their lists are searched."""

import asyncio
from typing import NamedTuple

from gateway.dataloaders.batch_loader import BatchLoader
from gateway.dataloaders.customer_pages import CustomerPageByKeyLoader
from gateway.errors import (
    CustomerMismatchError,
    GatewayError,
    IncompleteListError,
    UpstreamInputRefusedError,
)
from gateway.telemetry import log
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
    """A promotion of a customer."""

    customer: CustomerKey
    program_id: str
    promotion_id: str


class FoundCustomerPromotion(NamedTuple):
    """A customer's promotion, and the customer's id."""

    payload: CustomerPromotionPayload
    customer_id: str


Key = CustomerPromotionKey
Result = FoundCustomerPromotion | None
Results = dict[Key, Result | GatewayError]


class CustomerPromotionByIdLoader(BatchLoader[Key, Result]):
    """Loads customers' promotions: one search a customer, over the programs of all keys.

    The search ends with the list, or once all keys are found. A key that is not found is None: the
    customer does not have the promotion. Where an item could not be read, or the list ended before
    its total, it is IncompleteListError, because the promotion may have been among the unread.
    """

    def __init__(self, pages: CustomerPageByKeyLoader) -> None:
        super().__init__()
        self._pages = pages

    async def load_batch(self, keys: list[Key]) -> list[Result | GatewayError]:
        """Search each customer's list."""
        groups: dict[CustomerKey, list[Key]] = {}
        for key in keys:
            groups.setdefault(key.customer, []).append(key)
        results: Results = {}
        for found in await asyncio.gather(*map(self._search, groups.values())):
            results.update(found)
        return [results[key] for key in keys]

    async def _search(self, keys: list[Key]) -> Results:
        programs = tuple(sorted({key.program_id for key in keys}))
        filters = CustomerFilters(program_ids=programs if len(programs) <= MAX_PROGRAMS else None)
        wanted = {(key.program_id, key.promotion_id): key for key in keys}
        found: Results = {}
        offset, is_incomplete = 0, False
        while len(found) < len(keys):
            window = CustomerPageKey(keys[0].customer, filters, offset, _WINDOW)
            try:
                page = await self._pages.load(window)
            except UpstreamInputRefusedError as error:
                is_unknown_program = error.argument == "programIds" and len(programs) == 1
                result = (
                    None if is_unknown_program else client_error_or_misuse(error, ("by", "source"))
                )
                return _complete(found, keys, result)
            except CustomerMismatchError as error:
                # A window about another customer casts doubt on those before.
                return dict.fromkeys(keys, error)
            except GatewayError as error:
                return _complete(found, keys, error)
            for item in filter(None, page.items):
                key = wanted.get((str(item.program_id), str(item.promotion_id)))
                if key is not None:
                    found[key] = FoundCustomerPromotion(item, str(page.customer_id))
            is_incomplete |= bool(page.unreadable)
            offset += len(page.items)
            if page.total is not None and offset >= page.total:
                break
            if not page.items:
                is_incomplete |= page.total is not None  # the total promised more items
                break
        if is_incomplete and len(found) < len(keys):
            log.warning("upstream_list_incomplete", endpoint=ENDPOINT)
        return _complete(found, keys, IncompleteListError(ENDPOINT) if is_incomplete else None)


def _complete(found: Results, keys: list[Key], result: GatewayError | None) -> Results:
    """Return `found`, with `result` for each key that is not in it."""
    results: Results = dict.fromkeys(keys, result)
    return results | found
