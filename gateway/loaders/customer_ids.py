"""The platform's own id of a customer who is known by another identifier: one call with limit 1."""

import time
from collections.abc import Callable

from cachetools import TTLCache

from gateway.errors import NotHereError
from gateway.loaders.customer_pages import CustomerPageByKeyLoader
from gateway.request import Request
from gateway.upstream.customer_promotions import BY_ID, NO_FILTERS, CustomerKey, CustomerPageKey

_REMEMBERED_S = 600.0
_MOST_REMEMBERED = 20_000  # some 10 MB

Result = str | None


class KnownCustomerIds:
    """The ids that were learnt in the last ten minutes, for the whole process.

    They serve callers with a token alone, for whom the platform sees one identity: the gateway's.
    `timer` gives seconds that never go back.
    """

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self.by_key: TTLCache[CustomerKey, str] = TTLCache(_MOST_REMEMBERED, _REMEMBERED_S, timer)


class CustomerIdByKeyLoader:
    """Loads ids; equal look-ups of one request are one window of the loader of pages."""

    def __init__(
        self, pages: CustomerPageByKeyLoader, known: KnownCustomerIds, request: Request
    ) -> None:
        self._pages = pages
        self._known = known.by_key
        self._request = request

    def known(self, key: CustomerKey) -> Result:
        """Give the id where it was learnt in the last ten minutes."""
        return self._known.get(key)

    def learn(self, key: CustomerKey, customer_id: str) -> None:
        """Remember an id that a page of the customer has told; nobody else needs one."""
        if self._request.caller.customers is not None and key.identifier_name != BY_ID:
            self._known[key] = customer_id

    async def load(self, key: CustomerKey) -> Result:
        """Give the id; None where there is no such customer, which is not remembered.

        Raises UpstreamError and BudgetExceededError.
        """
        try:
            page = await self._pages.load(CustomerPageKey(key, NO_FILTERS, 0, 1))
        except NotHereError:
            return None
        customer_id = str(page.customer_id)
        self.learn(key, customer_id)
        return customer_id
