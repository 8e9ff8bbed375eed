"""From a page request to the page: forward and backward over one or more segments.

A list is one or more *segments*, one after the other (a program's source types); each is an
upstream list with limit and offset. A page counts places, not items: an item that had to be left
out keeps its place, so that cursors count what the upstream counts.

A page that goes on from a cursor asks for the cursor's own item again, and for one item beyond the
page, which alone tells whether there is more. Where the cursor's item is no longer in its place,
it is searched for (`anchor.py`). A page makes at most two calls more than its size needs in each
segment; where they do not suffice, because the upstream gives fewer items than it is asked for, the
page is shorter and says that there is more.
"""

from gateway.paging.arguments import PageRequest
from gateway.paging.backward import Backward
from gateway.paging.forward import Forward, decided
from gateway.paging.page import ItemT, Page
from gateway.paging.stretch import Fetch
from gateway.wire.decode import Page as Window
from gateway.wire.warnings import UpstreamWarning


async def walk(fetch: Fetch[ItemT], request: PageRequest, segments: int = 1) -> Page[ItemT]:
    """Fetch the page. Whatever `fetch` raises passes through."""
    if request.is_start and segments == 1:
        page = await _open(fetch, request)
    else:
        direction = Backward if request.backward else Forward
        page = await direction(fetch, request, segments).run()
    if request.size and not page.items:
        # Without a place there is no cursor to go on from: who asked on would begin anew.
        if request.backward:
            page.has_previous = False
        else:
            page.has_next = False
    left_out = page.items.count(None)
    if left_out:
        page.warnings.append(_left_out(left_out))
    page.take_repeats_out()
    return page


async def _open(fetch: Fetch[ItemT], request: PageRequest) -> Page[ItemT]:
    """Fetch a list's first page, which mostly one window decides; else the walk goes on with it."""
    limit = request.size + 1
    window = await fetch(0, 0, limit)
    page = decided(window, request.size)
    if page is not None:
        return page
    is_first = True

    async def fetch_on(segment: int, offset: int, limit: int) -> Window[ItemT]:
        nonlocal is_first
        if is_first:
            is_first = False
            return window
        return await fetch(segment, offset, limit)

    return await Forward(fetch_on, request, 1).run()


def _left_out(count: int) -> UpstreamWarning:
    if count == 1:
        return UpstreamWarning(None, "1 promotion was left out because it could not be read.")
    return UpstreamWarning(
        None, f"{count} promotions were left out because they could not be read."
    )
