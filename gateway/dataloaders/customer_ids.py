"""The platform's own id of a customer who is known by another identifier: one call with limit 1."""

import asyncio

from gateway.context import RequestContext
from gateway.dataloaders.customer_pages import CustomerPageByKeyLoader
from gateway.errors import UpstreamNotFoundError
from gateway.upstream.customer_identities import PROOF_S, KnownCustomerIds
from gateway.upstream.customer_view.endpoint import BY_ID, NO_FILTERS, CustomerKey, CustomerPageKey

Result = str | None


class CustomerIdByKeyLoader:
    """Loads ids; equal look-ups of one request are one window of the loader of pages.

    Responses about one customer that are awaited at the same time are compared before any of them
    is used (docs/decisions/027-a-customer-id-needs-two-agreeing-responses.md).
    """

    def __init__(
        self, pages: CustomerPageByKeyLoader, known: KnownCustomerIds, request: RequestContext
    ) -> None:
        self._pages, self._known, self._request = pages, known, request
        # While `known.changes` is still this, no response has contradicted an id of this request.
        self._changes = known.changes
        self._in_flight: dict[CustomerKey, ResponsesInFlight] = {}

    def known(self, key: CustomerKey) -> Result:
        """Return the id where it was proven in the last ten minutes.

        The response to the client is fresh no longer than the proof.
        """
        proof = self._known.proof(self._request, key)
        if proof is None:
            return None
        report = self._request.report
        report.fresh_until = min(report.fresh_until, proof.proven_at + PROOF_S)
        return str(proof.customer_id)

    def agrees(self, key: CustomerKey, customer_id: str) -> bool:
        """Whether no response has contradicted the id that a page of this request is about."""
        if self._known.changes == self._changes:
            return True
        return key.identifier_name == BY_ID or self._known.agrees(
            self._request, key, int(customer_id)
        )

    def doubt(self, key: CustomerKey, customer_id: str) -> None:
        """Require a second look-up of an id that a page is about and a cursor contradicts."""
        if key.identifier_name != BY_ID:
            self._known.dispute(self._request, key, int(customer_id))

    def together(self, key: CustomerKey) -> "ResponsesInFlight":
        """Return the context in which this request awaits responses about a customer."""
        responses = self._in_flight.get(key)
        if responses is None:
            responses = self._in_flight[key] = ResponsesInFlight()
        return responses

    async def load(self, key: CustomerKey) -> Result:
        """Return the id; null where there is no such customer, which is not remembered.

        Raise UpstreamError or BudgetExceededError.
        """
        try:
            page = await self._pages.load(CustomerPageKey(key, NO_FILTERS, 0, 1), PROOF_S)
        except UpstreamNotFoundError:
            return None
        self.known(key)  # limits how long the response to the client is fresh
        return str(page.customer_id)


class ResponsesInFlight:
    """A context manager for several tasks, whose exit waits until the last of them exits.

    An exit with an error does not wait. A response that another one contradicts must not be shown
    anywhere, so that none is used before all have arrived.
    """

    __slots__ = ("_count", "_ended")

    def __init__(self) -> None:
        self._count = 0
        self._ended: asyncio.Event | None = None

    async def __aenter__(self) -> None:
        """Register a response that is awaited."""
        self._count += 1

    async def __aexit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Wait for the others, unless there is an error."""
        self._count -= 1
        if not self._count:
            if self._ended is not None:
                self._ended.set()
                self._ended = None
        elif error is None:
            if self._ended is None:
                self._ended = asyncio.Event()
            await self._ended.wait()
