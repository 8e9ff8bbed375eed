"""From a page request to the page: forward and backward over one or more segments.

A list is one or more *segments*, one after the other (a program's source types); each is an
upstream list with limit and offset. A page counts places, not items: an item that had to be left
out keeps its place, so that cursors count what the upstream counts.

A page that goes on from a cursor asks for the cursor's own item again and, where it is to say
whether there is more, for one item beyond the page, as long as no call is made for that. Where a
call would be, a total that counts more is believed, and any other is not. Where the cursor's item
is no longer in its place, it is searched for (`anchor.py`). A page makes at most two calls more
than its size needs in each segment; where they do not suffice, because the upstream gives fewer
items than it is asked for, the page is shorter and says that there is more. Only a page that would
be empty although the total counts more asks on, to be certain (`insist_on` in `stretch.py`).
"""

from gateway.pagination.arguments import PageRequest, window_size
from gateway.pagination.backward import Backward
from gateway.pagination.forward import Forward, first_page_from_window
from gateway.pagination.page import ConnectionPage, ItemT
from gateway.pagination.window_buffer import Fetch
from gateway.upstream.decoding.decode import UpstreamPage as Window
from gateway.upstream.normalise.warnings import UpstreamWarning


async def paginate(
    fetch: Fetch[ItemT], request: PageRequest, segments: int = 1
) -> ConnectionPage[ItemT]:
    """Fetch the page. Whatever `fetch` raises passes through."""
    page: ConnectionPage[ItemT] | None = None
    if request.is_start and segments == 1:
        size, look_ahead = request.size, request.look_ahead
        window = await fetch(0, 0, window_size(size, look_ahead))
        page = first_page_from_window(window, size, look_ahead)
        fetch = fetch if page is not None else _going_on(window, fetch)
    if page is None:
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


def _going_on(window: Window[ItemT], fetch: Fetch[ItemT]) -> Fetch[ItemT]:
    """Return a fetch whose first window is there already."""
    windows = [window]

    async def fetch_on(segment: int, offset: int, limit: int) -> Window[ItemT]:
        return windows.pop() if windows else await fetch(segment, offset, limit)

    return fetch_on


def _left_out(count: int) -> UpstreamWarning:
    if count == 1:
        return UpstreamWarning(
            None, "1 promotion was left out: it cannot be read, or belongs to another program."
        )
    return UpstreamWarning(
        None,
        f"{count} promotions were left out: they cannot be read, or belong to another program.",
    )
