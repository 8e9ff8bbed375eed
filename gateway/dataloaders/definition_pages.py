"""Pages of a program's definitions: equal windows of a request are one call."""

import asyncio
from collections.abc import Awaitable

from gateway.context import RequestContext
from gateway.upstream.definitions.endpoint import DefinitionPage, DefinitionPageKey, DefinitionsPort

Key = DefinitionPageKey
Result = DefinitionPage


class DefinitionPageByKeyLoader:
    """Loads windows by program, source type, filters, offset and limit.

    There is nothing to batch: each window is a call of its own, and starts as a task.
    """

    def __init__(self, port: DefinitionsPort, request: RequestContext) -> None:
        self._port, self._request = port, request
        self._pages: dict[Key, asyncio.Task[Result]] = {}

    def requested(self, program_id: str) -> dict[Key, Awaitable[Result]]:
        """Return the windows of a program that are loaded or being loaded."""
        return {key: page for key, page in self._pages.items() if key.program_id == program_id}

    def load(self, key: Key) -> Awaitable[Result]:
        """Load one window.

        Raise UpstreamNotFoundError, UpstreamError or BudgetExceededError when awaited.
        """
        page = self._pages.get(key)
        if page is None or page.cancelled():
            page = self._pages[key] = asyncio.create_task(self._port.page(key, self._request))
        return page
