"""How many promotions a customer has: a page that is fetched anyway tells it, else one call."""

import asyncio
import math
from typing import NamedTuple

from gateway.dataloaders.batch_loader import BatchLoader
from gateway.dataloaders.customer_pages import CustomerPageByKeyLoader
from gateway.upstream.customer_view.endpoint import (
    CustomerFilters,
    CustomerKey,
    CustomerPage,
    CustomerPageKey,
)


class CustomerListKey(NamedTuple):
    """A list of a customer's promotions."""

    customer: CustomerKey
    filters: CustomerFilters


class CountedWindow(NamedTuple):
    """A window of a list, which has its total, and the window's offset."""

    page: CustomerPage
    offset: int


Key = CustomerListKey
Result = CountedWindow


class CustomerCountByListLoader(BatchLoader[Key, Result]):
    """Loads a window of each list, for its total.

    A batch is loaded once the fields that are resolved together have requested their pages: one
    of the same list is used. Otherwise it is a window of one item, the smallest that the platform
    accepts (docs/platform.md#paging).
    """

    def __init__(self, pages: CustomerPageByKeyLoader) -> None:
        super().__init__()
        self._pages = pages

    async def load_batch(self, keys: list[Key]) -> list[Result | BaseException]:
        """Load a window of each list concurrently."""
        return await asyncio.gather(*map(self._load, keys), return_exceptions=True)

    async def _load(self, key: Key) -> Result:
        window, max_age_s = self._pages.requested(*key) or (CustomerPageKey(*key, 0, 1), math.inf)
        return CountedWindow(await self._pages.load(window, max_age_s), window.offset)
