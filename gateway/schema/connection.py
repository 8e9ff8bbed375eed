"""From a page of payloads to what a connection shows: cursors and page info."""

from gateway.paging.cursor import Binding
from gateway.paging.page import ItemT, Page, Place
from gateway.schema.paging import PageInfo


def page_info(page: Page[ItemT], binding: Binding) -> PageInfo:
    """Show where a page lies; its cursors stand at its first and last place, left out or not."""
    places = page.places
    return PageInfo(
        has_next_page=page.has_next,
        has_previous_page=page.has_previous,
        start_cursor=binding.write(places[0].position) if places else None,
        end_cursor=binding.write(places[-1].position) if places else None,
    )


def shown(page: Page[ItemT]) -> list[tuple[Place[ItemT], ItemT]]:
    """Give the places whose items can be shown, with their items."""
    return [(place, place.item) for place in page.places if place.item is not None]
