"""Pages of a customer's promotions: equal windows of a request are one call."""

import math

from gateway.context import RequestContext
from gateway.errors import GatewayError
from gateway.upstream.customer_view.endpoint import (
    CustomerFilters,
    CustomerKey,
    CustomerPage,
    CustomerPageKey,
    CustomerViewPort,
)

Key = CustomerPageKey
Result = CustomerPage


class CustomerPageByKeyLoader:
    """Loads windows by customer, source, filters, offset and limit.

    There is nothing to batch, so that each window starts at once. Results and errors are stored
    here; equal windows in flight are one call at the upstream client, as for all requests
    (docs/decisions/020-one-task-per-upstream-call.md).
    """

    def __init__(self, port: CustomerViewPort, request: RequestContext) -> None:
        self._port = port
        self._request = request
        self._results: dict[tuple[Key, float], Result | GatewayError] = {}
        self._requested: list[tuple[Key, float]] = []

    async def load(self, key: Key, max_age_s: float = math.inf) -> Result:
        """Return one window; a cached response serves only if it is no older than `max_age_s`.

        Raise UpstreamNotFoundError, UpstreamError or BudgetExceededError.
        """
        wanted = key, max_age_s
        result = self._results.get(wanted)
        if result is None:
            self._requested.append(wanted)
            try:
                result = await self._port.page(key, self._request, max_age_s)
            except GatewayError as error:
                self._results[wanted] = error
                raise
            self._results[wanted] = result
        if isinstance(result, GatewayError):
            raise result
        return result

    def requested(
        self, customer: CustomerKey, filters: CustomerFilters
    ) -> tuple[Key, float] | None:
        """Return the first window of a list that was requested, and its age; None without any."""
        of_list = customer, filters
        return next((each for each in self._requested if each[0][:2] == of_list), None)
