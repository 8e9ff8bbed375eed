"""The platform's own id of a customer who is known by another identifier: one call with limit 1."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from gateway.context import RequestContext
from gateway.dataloaders.customer_pages import CustomerPageByKeyLoader
from gateway.errors import UpstreamNotFoundError
from gateway.upstream.customer_identities import PROOF_S, KnownCustomerIds
from gateway.upstream.customer_view.endpoint import BY_ID, NO_FILTERS, CustomerKey, CustomerPageKey

_T = TypeVar("_T")

Result = str | None


class CustomerIdByKeyLoader:
    """Loads ids; equal look-ups of one request are one window of the loader of pages."""

    def __init__(
        self, pages: CustomerPageByKeyLoader, known: KnownCustomerIds, request: RequestContext
    ) -> None:
        self._pages = pages
        self._known = known
        # Where it is still the same, all that this request has believed may be believed.
        self._changes = known.changes
        self._request = request
        self._open: dict[CustomerKey, int] = {}
        self._closing: dict[CustomerKey, asyncio.Event] = {}

    def known(self, key: CustomerKey) -> Result:
        """Return the id where it was proven in the last ten minutes.

        What is made of it lasts no longer than the proof.
        """
        proof = self._known.proof(self._request, key)
        if proof is None:
            return None
        self._request.report.lasts(proof.proven_at + PROOF_S)
        return str(proof.customer_id)

    def believes(self, key: CustomerKey, customer_id: str) -> bool:
        """Whether no answer has contradicted an id that a page of this request has told."""
        if self._known.changes == self._changes:
            return True
        return key.identifier_name == BY_ID or self._known.agrees(
            self._request, key, int(customer_id)
        )

    def doubt(self, key: CustomerKey, customer_id: str) -> None:
        """Have an id that a page has told, and a cursor contradicts, looked at once more."""
        if key.identifier_name != BY_ID:
            self._known.doubt(self._request, key, int(customer_id))

    def begin(self, key: CustomerKey) -> None:
        """Say that answers about a customer are asked for, until as many calls of `end`."""
        self._open[key] = self._open.get(key, 0) + 1

    def end(self, key: CustomerKey) -> asyncio.Event | None:
        """Say that they are there; return the end of all else that is asked meanwhile, if any is.

        Whoever shows an answer awaits it, so that one that another contradicts is shown in none of
        the places that ask at once.
        """
        still_open = self._open.pop(key) - 1
        if still_open:
            self._open[key] = still_open
            return self._closing.setdefault(key, asyncio.Event())
        if self._closing and key in self._closing:
            self._closing.pop(key).set()
        return None

    async def together(self, key: CustomerKey, answers: Awaitable[_T]) -> _T:
        """Await answers about a customer, and all else that this request asks of them meanwhile."""
        self.begin(key)
        try:
            result = await answers
        finally:
            others = self.end(key)
        if others is not None:
            await others.wait()
        return result

    async def load(self, key: CustomerKey) -> Result:
        """Return the id; None where there is no such customer, which is not remembered.

        Raises UpstreamError and BudgetExceededError.
        """
        try:
            page = await self._pages.load(CustomerPageKey(key, NO_FILTERS, 0, 1), PROOF_S)
        except UpstreamNotFoundError:
            return None
        self.known(key)  # the answer lasts no longer
        return str(page.customer_id)
