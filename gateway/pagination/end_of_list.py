"""The end of a segment: found by its total in one or two calls, else by a search.

Without a plausible total the end is searched by doubling and halving, with at most sixteen calls:
enough for some 20,000 items. Where it is not found, the page is the last one that was seen, with
drift SUSPECTED and a next page.
"""

from collections.abc import Callable

from gateway.pagination.arguments import MAX_SIZE
from gateway.pagination.page import ItemT
from gateway.pagination.window_buffer import WindowBuffer

OpenBuffer = Callable[[int, int, int], WindowBuffer[ItemT]]
"""Returns an empty buffer for a segment, an offset and a number of items."""

_MAX_PROBES = 16


async def find_end_of_list(
    open_buffer: OpenBuffer[ItemT], segment: int, size: int
) -> WindowBuffer[ItemT]:
    """Fetch the last `size` items of a segment: one call where it has up to 100, else two."""
    head = open_buffer(segment, 0, MAX_SIZE)
    head.remaining_calls = 2  # it is fetched for its total, unless it is the whole list
    await head.extend_forward(MAX_SIZE)
    await head.retry_at(0)
    total = head.total
    if _reaches_end(head) or not head.items:
        return head
    if total is None:
        return await find_end(open_buffer, head, None)
    # Request one item more than the total counts: the list may have grown, or the total be wrong.
    beyond = 1 if size < MAX_SIZE else 0
    tail = open_buffer(segment, total + beyond, MAX_SIZE)
    await tail.extend_backward(
        max(0, total - min(size, MAX_SIZE)), min_items=1 + beyond, is_end_known=False
    )
    if not tail.items:
        return await find_end(open_buffer, head, tail.start)
    if not _reaches_end(tail):
        if not tail.is_short:
            await tail.extend_forward(max(tail.end + 1, tail.total or 0))
        await tail.retry_at(tail.end)
        if not _reaches_end(tail):
            tail.mark_drift_suspected()
    return tail


def _reaches_end(buffer: WindowBuffer[ItemT]) -> bool:
    """Whether a buffer reaches the segment's end; the total is trusted here."""
    total = buffer.total
    buffer.is_ended |= total is not None and total <= buffer.end
    return buffer.is_ended


async def find_end(
    open_buffer: OpenBuffer[ItemT], known: WindowBuffer[ItemT], empty_from: int | None
) -> WindowBuffer[ItemT]:
    """Search the end between the buffer's and `empty_from`, from which on nothing was found."""
    had_total = known.total is not None
    if had_total:
        known.mark_total_unreliable()  # it counts items where there are none
    step, probes = 0, 0
    while probes < _MAX_PROBES and empty_from != known.end:
        if empty_from is None or known.end + step < empty_from:
            offset = known.end + step
            step = max(MAX_SIZE, step * 2)
        elif empty_from - known.end <= 2 * MAX_SIZE:
            offset = known.end
        else:
            offset = (known.end + empty_from) // 2
        probe = open_buffer(known.segment, offset, MAX_SIZE)
        await probe.extend_forward(offset + MAX_SIZE)
        probes += 1
        if not probe.items:
            empty_from = offset
            continue
        known = probe
        if probe.is_ended:
            break
    known.is_ended |= empty_from == known.end
    if not known.is_ended:
        known.mark_total_unreliable()
    elif had_total:
        await known.confirm_end()
    return known
