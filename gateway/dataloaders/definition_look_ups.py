"""Definitions by their ids alone, in one call each, whatever their source types."""

import asyncio
from collections.abc import Iterable

from gateway.context import RequestContext
from gateway.errors import (
    BudgetExceededError,
    GatewayError,
    OverloadedError,
    UpstreamNotFoundError,
    UpstreamRateLimitedError,
    UpstreamTimeoutError,
)
from gateway.upstream.definitions.by_id import DefinitionByIdPort
from gateway.upstream.definitions.endpoint import DefinitionPage

Ids = tuple[str, str]
"""A program and a promotion."""

# Another way would fail, too, and take what is left of the budget, the quota or the time.
_FINAL_ERRORS = (
    BudgetExceededError,
    OverloadedError,
    UpstreamRateLimitedError,
    UpstreamTimeoutError,
)
Answer = DefinitionPage | GatewayError | None


class DefinitionLookUps:
    """A loader of definitions by program and promotion: equal ones of a request are one call.

    `unproven` has those for which the platform returned another definition or an unreadable one.
    """

    def __init__(self, port: DefinitionByIdPort, request: RequestContext) -> None:
        self._port, self._request = port, request
        self._pages: dict[Ids, asyncio.Task[DefinitionPage]] = {}
        self.unproven: set[Ids] = set()

    async def load(self, wanted: Iterable[Ids]) -> dict[Ids, Answer]:
        """Load several concurrently; the first alone until the endpoint is known to be served.

        A page has the definition, None means that there is none, and an error that another way
        would fail, too. What the endpoint does not tell is not in the result: it may be absent.
        """
        unique = list(dict.fromkeys(wanted))
        if len(unique) > 1 and not self._port.is_served(self._request):
            (first,) = await asyncio.gather(self._page(unique[0]), return_exceptions=True)
            if isinstance(first, BaseException) and not isinstance(first, UpstreamNotFoundError):
                unique = unique[:1]
        pages = await asyncio.gather(*map(self._page, unique), return_exceptions=True)
        answers: dict[Ids, Answer] = {}
        for ids, page in zip(unique, pages, strict=True):
            if isinstance(page, UpstreamNotFoundError):
                answers[ids] = None
            elif isinstance(page, _FINAL_ERRORS):
                answers[ids] = page
            elif isinstance(page, BaseException):
                if not isinstance(page, GatewayError):
                    raise page
            elif None in page.items:
                self.unproven.add(ids)
            elif page.items:
                answers[ids] = page
        return answers

    def _page(self, ids: Ids) -> asyncio.Task[DefinitionPage]:
        page = self._pages.get(ids)
        if page is None or page.cancelled():
            page = self._pages[ids] = asyncio.create_task(self._port.page(*ids, self._request))
        return page
