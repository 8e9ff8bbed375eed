"""Pages of a customer's promotions: equal windows are one call."""

import math

from gateway.context import RequestContext
from gateway.errors import GatewayError
from gateway.upstream.customer_view.endpoint import (
    CustomerPage,
    CustomerPageKey,
    CustomerViewPort,
)

Key = CustomerPageKey
Result = CustomerPage


class CustomerPageByKeyLoader:
    """Loads windows by customer, source, filters, offset and limit.

    There is nothing in it to put together, so that each window starts at once. What has ended is
    remembered here, errors too; equal windows in flight are one call below, as for all requests
    (`docs/decisions/020-…`).
    """

    def __init__(self, port: CustomerViewPort, request: RequestContext) -> None:
        self._port = port
        self._request = request
        self._known: dict[tuple[Key, float], Result | GatewayError] = {}

    async def load(self, key: Key, max_age_s: float = math.inf) -> Result:
        """Return one window, of a cached answer only where that is no older.

        Raises NotHereError, UpstreamError and BudgetExceededError.
        """
        asked = key, max_age_s
        known = self._known.get(asked)
        if known is None:
            try:
                known = self._known[asked] = await self._port.page(key, self._request, max_age_s)
            except GatewayError as error:
                self._known[asked] = error
                raise
        if isinstance(known, GatewayError):
            raise known
        return known
