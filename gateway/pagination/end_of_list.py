"""Where a segment ends: its total tells in one call or two, else the end is looked for.

Without a total that can be believed the end is searched by doubling and halving, with at most
sixteen calls: enough for some 20,000 items. Where it is not found, the page is the last that was
seen, says SUSPECTED, and that there is more.
"""

from collections.abc import Callable

from gateway.pagination.arguments import LARGEST_SIZE
from gateway.pagination.page import ItemT
from gateway.pagination.window_buffer import WindowBuffer

Begin = Callable[[int, int, int], WindowBuffer[ItemT]]
"""Begins a stretch by segment, offset and how many items it will take."""

_MOST_PROBES = 16


async def find_end_of_list(begin: Begin[ItemT], segment: int, wanted: int) -> WindowBuffer[ItemT]:
    """Fetch the last items of a segment: one call where it has up to 100, else two."""
    head = begin(segment, 0, LARGEST_SIZE)
    head.calls = 2  # its total is what matters, unless it is the whole list
    await head.extend_forward(LARGEST_SIZE)
    await head.insist_on(0)
    total = head.total
    if _is_whole(head) or not head.items:
        return head
    if total is None:
        return await find_end(begin, head, None)
    # One more is asked for than there should be: the list may have grown since, or the total lie.
    beyond = 1 if wanted < LARGEST_SIZE else 0
    tail = begin(segment, total + beyond, LARGEST_SIZE)
    await tail.extend_backward(
        max(0, total - min(wanted, LARGEST_SIZE)), least=1 + beyond, has_end=False
    )
    if not tail.items:
        return await find_end(begin, head, tail.start)
    if not _is_whole(tail):
        if not tail.is_short:
            await tail.extend_forward(max(tail.end + 1, tail.total or 0))
        await tail.insist_on(tail.end)
        if not _is_whole(tail):
            tail.mark_drift_suspected()
    return tail


def _is_whole(stretch: WindowBuffer[ItemT]) -> bool:
    """Return whether a stretch reaches the segment's end; here its total is believed."""
    total = stretch.total
    stretch.is_ended |= total is not None and total <= stretch.end
    return stretch.is_ended


async def find_end(
    begin: Begin[ItemT], known: WindowBuffer[ItemT], nothing_from: int | None
) -> WindowBuffer[ItemT]:
    """Search the end between what is known to be there and what is known not to be."""
    has_counted_more = known.total is not None
    if has_counted_more:
        known.mark_total_unreliable()  # there is nothing where it counts something
    step, probes = 0, 0
    while probes < _MOST_PROBES and nothing_from != known.end:
        if nothing_from is None or known.end + step < nothing_from:
            offset = known.end + step
            step = max(LARGEST_SIZE, step * 2)
        elif nothing_from - known.end <= 2 * LARGEST_SIZE:
            offset = known.end
        else:
            offset = (known.end + nothing_from) // 2
        probe = begin(known.segment, offset, LARGEST_SIZE)
        await probe.extend_forward(offset + LARGEST_SIZE)
        probes += 1
        if not probe.items:
            nothing_from = offset
            continue
        known = probe
        if probe.is_ended:
            break
    known.is_ended |= nothing_from == known.end
    if not known.is_ended:
        known.mark_total_unreliable()
    elif has_counted_more:
        await known.confirm_end()
    return known
