"""From a page of payloads to what a connection shows: its items with their cursors."""

from gateway.pagination.page import ConnectionPage, ItemT, Place


def shown(page: ConnectionPage[ItemT]) -> list[tuple[Place[ItemT], ItemT]]:
    """Return the places whose items can be shown, with their items."""
    return [(place, place.item) for place in page.places if place.item is not None]
