"""From a page request to the page, forward or backward over one or more segments.

A list is one or more *segments* in succession (a program's source types); each is an upstream list
with limit and offset. A page counts places rather than items: an item that had to be left out keeps
its place, so that offsets are the upstream's.

A page after a cursor also fetches the cursor's own item and, where `hasNextPage` or
`hasPreviousPage` is selected, one item beyond the page, as long as that takes no further call.
Where it would, a total that counts more is trusted, any other is not. Where the cursor's item is
not in its place, it is searched (`resume_point.py`). A page makes at most two calls more per
segment than its size needs; where they do not suffice, because the upstream returns fewer items
than the limit, the page is shorter and has a next page. Only a page that would be empty although
the total counts more makes further calls (`WindowBuffer.retry_at`).
"""

from gateway.pagination.arguments import PageRequest, window_size
from gateway.pagination.backward import Backward
from gateway.pagination.forward import Forward, first_page
from gateway.pagination.page import ConnectionPage, ItemT
from gateway.pagination.window_buffer import Fetch
from gateway.upstream.decoding.decode import UpstreamPage as Window


async def paginate(
    fetch: Fetch[ItemT],
    request: PageRequest,
    segments: int = 1,
    first_window: Window[ItemT] | None = None,
) -> ConnectionPage[ItemT]:
    """Fetch a page. Whatever `fetch` raises passes through.

    `first_window` is that of a request for a list's start where it has been fetched already.
    """
    if request.is_start and segments == 1:
        limit = window_size(request.size, request.look_ahead)
        if first_window is None:
            first_window = await fetch(0, 0, limit)
        page = first_page(first_window, request, limit)
        if page is not None:
            return page
    direction = Backward if request.backward else Forward
    page = await direction(fetch, request, segments, first_window).run()
    if request.size and not page.items:
        # Without a place there is no cursor: to go on from it would be to begin anew.
        if request.backward:
            page.has_previous = False
        else:
            page.has_next = False
    page.finish()
    return page
