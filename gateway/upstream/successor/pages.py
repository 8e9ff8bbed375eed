"""Reading all pages of the successor: a list without an order, and perhaps moving."""

import asyncio
from typing import NamedTuple

from gateway.context import RequestContext
from gateway.errors import OverloadedError, UpstreamRateLimitedError
from gateway.telemetry import log
from gateway.upstream.decoding.decode import SuccessorPage
from gateway.upstream.successor.definition import SuccessorDefinition
from gateway.upstream.successor.endpoint import PAGE_SIZE, SuccessorEndpoint

_CONCURRENT = 4
_MIN_WAIT_S, _MAX_WAIT_S = 0.1, 5.0


class AllPages(NamedTuple):
    """What the pages have: their promotions, and the bodies that these were decoded from."""

    definitions: list[SuccessorDefinition]
    bodies: list[bytes]


class PageReader:
    """Reads pages until they have all promotions, or `max_promotions`."""

    def __init__(self, endpoint: SuccessorEndpoint, max_promotions: int) -> None:
        self._endpoint = endpoint
        self._max_promotions = max_promotions
        self._max_pages = -(-max_promotions // PAGE_SIZE)

    async def read_all(self, request: RequestContext) -> AllPages:
        """Return all pages; raise UpstreamError.

        Where they have fewer distinct items than the total, the list has moved between two pages,
        and they are read once more. What is missing then is logged.
        """
        pages = await self._read_once(request)
        if self._lacks(pages):
            pages += await self._read_once(request)
            if self._lacks(pages):
                log.warning("upstream_catalogue_incomplete", reason="moving")
        total = pages[-1][1].total or 0
        if total > self._max_promotions:
            log.warning("upstream_catalogue_incomplete", reason="too_large")
        return AllPages(merged([page for _, page in pages]), [body for body, _ in pages])

    def _lacks(self, pages: list[tuple[bytes, SuccessorPage]]) -> bool:
        """Whether there are fewer distinct items than the last total; one without an id counts."""
        ids = {version_id for _, page in pages for version_id in page.version_ids}
        unnamed = sum(page.listed - len(page.version_ids) for _, page in pages)
        return len(ids) + unnamed < min(pages[-1][1].total or 0, self._max_promotions)

    async def _read_once(self, request: RequestContext) -> list[tuple[bytes, SuccessorPage]]:
        pages = [await self._page(0, request)]
        total = pages[0][1].total
        if total is None:
            while pages[-1][1].listed >= PAGE_SIZE and len(pages) < self._max_pages:
                pages.append(await self._page(len(pages), request))
            return pages
        number = min(-(-total // PAGE_SIZE), self._max_pages)
        for first in range(1, number, _CONCURRENT):
            numbers = range(first, min(first + _CONCURRENT, number))
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._result(each, request)) for each in numbers]
            for task in tasks:
                result = task.result()
                if isinstance(result, Exception):
                    raise result
                pages.append(result)
        return pages

    async def _result(
        self, number: int, request: RequestContext
    ) -> tuple[bytes, SuccessorPage] | Exception:
        """Return a page or its error, for which the others are awaited."""
        try:
            return await self._page(number, request)
        except Exception as error:  # noqa: BLE001 - raised by the caller
            return error

    async def _page(self, number: int, request: RequestContext) -> tuple[bytes, SuccessorPage]:
        """Return a page; wait while others need the calls, which a background call does not."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await self._endpoint.page(number, request)
            except (OverloadedError, UpstreamRateLimitedError) as error:
                wait_s = min(max(error.retry_after_s or 0.0, _MIN_WAIT_S), _MAX_WAIT_S)
                if loop.time() + wait_s >= request.deadline:
                    raise
                await asyncio.sleep(wait_s)


def merged(pages: list[SuccessorPage]) -> list[SuccessorDefinition]:
    """Return the promotions of some pages, each version once: the last that was read."""
    found: dict[object, SuccessorDefinition] = {}
    for page in pages:
        for definition in page.definitions:
            found[definition.version_id or id(definition)] = definition
    return list(found.values())
