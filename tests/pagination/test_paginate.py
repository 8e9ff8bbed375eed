"""Pagination of whole lists of the sandbox: each item once, with the expected calls."""

import pytest

from tests.pagination.listing import PAGE, Listing, Page, customer, program
from tests.support.graph import Graph

LISTS = {
    0: (customer("C-EMPTY"), program(9000)),
    1: (customer("C-ONE"), program(9010)),
    100: (customer("C-100"), program(9100)),
    101: (customer("C-101"), program(9101)),
    3000: (customer("C-3000"), program(9003)),
}

# length, page size, calls of each page forward, calls of each page backward. One call a page, as
# long as it and the cursor's own item are up to 100 and the total does not end right behind it; the
# end of a list past 100 takes one to find.
WALKS = [
    (0, 20, [1], [1]),
    (1, 1, [1], [1]),
    (1, 100, [1], [1]),
    (100, 7, [1] * 15, [1] * 15),
    (100, 20, [1] * 5, [1] * 5),
    (100, 99, [1] * 2, [1] * 2),
    (100, 100, [2], [1]),
    (101, 20, [1] * 6, [2, *[1] * 5]),
    (101, 98, [1] * 2, [2, 1]),
    (101, 99, [1] * 2, [2, 1]),
    (101, 100, [1, 1], [2, 1]),
]
LONG_WALKS = [
    (customer("C-3000"), 99, [1] * 31, [2, *[1] * 30]),
    (program(9003), 100, [1, *[2] * 29], [2] * 30),
]


def _ids(pages: list[Page]) -> list[str]:
    return [id_ for page in pages for id_ in page.ids]


@pytest.mark.parametrize("which", [0, 1], ids=["customer", "program"])
@pytest.mark.parametrize(("length", "size", "forward", "backward"), WALKS)
def test_a_walk_sees_each_item_once_at_the_expected_calls(
    graph: Graph, which: int, length: int, size: int, forward: list[int], backward: list[int]
) -> None:
    """Forward and backward return the same items in the same order, with the expected calls."""
    _walk(Listing(graph, LISTS[length][which]), length, size, forward, backward)


@pytest.mark.parametrize(("root", "size", "forward", "backward"), LONG_WALKS)
def test_a_walk_over_three_thousand(
    graph: Graph, root: str, size: int, forward: list[int], backward: list[int]
) -> None:
    """The same for the longest lists."""
    _walk(Listing(graph, root), 3000, size, forward, backward)


def _walk(
    listing: Listing, length: int, size: int, forward: list[int], backward: list[int]
) -> None:
    there, back = listing.forward(size), listing.backward(size)
    seen = _ids(there)
    assert len(seen) == len(set(seen)) == length
    assert _ids(back[::-1]) == seen
    assert [page.calls for page in there] == forward
    assert [page.calls for page in back] == backward
    assert {page.total for page in there + back} == {length}
    assert {page.drift for page in there + back} == {"NONE"}


def test_pages_of_one_walk_either_way(graph: Graph) -> None:
    """Pages of one item each show the list."""
    listing = Listing(graph, program(9001), selection=PAGE.replace("totalCount", ""))
    there, back = listing.forward(1), listing.backward(1)
    assert len(there) == len(back) == len(set(_ids(there))) == 40
    assert _ids(back[::-1]) == _ids(there)
    assert {page.calls for page in there + back} == {1}


def test_page_thirty_of_three_thousand_costs_one_call(graph: Graph) -> None:
    """A page deep in a list takes the calls of the first one, and requests two items more."""
    listing = Listing(graph, customer("C-3000"))
    pages = [listing.page(first=20)]
    for _ in range(29):
        pages.append(listing.page(first=20, after=pages[-1].info["endCursor"]))
    assert [page.calls for page in pages] == [1] * 30
    assert len(set(_ids(pages))) == 600
    assert listing.limits == [22]
    assert pages[-1].edges == (True, True)


@pytest.mark.parametrize("root", LISTS[3000])
def test_a_long_list_in_pages_of_seven_from_either_end(graph: Graph, root: str) -> None:
    """At both ends of 3,000 items, small pages take a call each."""
    listing = Listing(graph, root)
    start = listing.page(first=100)
    there = [listing.page(first=7)]
    back = [listing.page(last=7, before=start.info["endCursor"])]
    for _ in range(5):
        there.append(listing.page(first=7, after=there[-1].info["endCursor"]))
        back.append(listing.page(last=7, before=back[-1].info["startCursor"]))
    assert _ids(there) == start.ids[:42]
    assert _ids(back[::-1]) == start.ids[57:99]
    assert {page.calls for page in there + back} == {1}
