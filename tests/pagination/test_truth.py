"""Platforms with wrong totals, too few, too many or repeated items: no page is wrong."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.pagination.listing import Listing, customer, program
from tests.support.examples import rarely
from tests.support.faulty_platform import faulty
from tests.support.graph import Graph

LISTS = {"customer": customer("C-101"), "program": program(9101)}
TOTALS = [f"totals={total}" for total in ("0", "-1", "null", "missing", "3", "102", "1000000000")]
WINDOWS = [*rarely("short_pages=1", "short_pages=2"), "short_pages=7", "short_pages=50"]
LIMITS = ["ignore_limit=5", "ignore_limit=10", "ignore_limit=100"]
FAULTS = [*TOTALS, *WINDOWS, *LIMITS, "missing=pageDetails"]
MOST_CALLS = 8  # of a page; the end of a list whose total is not to be believed is searched


@pytest.fixture(scope="module")
def truth(graph: Graph) -> dict[str, list[str]]:
    """Return both lists."""
    return {
        name: [id_ for page in Listing(graph, root).forward(100) for id_ in page.ids]
        for name, root in LISTS.items()
    }


@pytest.fixture(scope="module")
def spoilt(request: pytest.FixtureRequest) -> Iterator[Graph]:
    """Serve a gateway on a platform with a fault in every call, for all tests with that fault."""
    with ExitStack() as stack:
        graph, _ = stack.enter_context(faulty(request.param))
        yield graph


@pytest.mark.parametrize("spoilt", FAULTS, indirect=True)
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("size", [20, 100])
def test_a_walk_forward_sees_everything_whatever_the_platform_counts(
    spoilt: Graph, truth: dict[str, list[str]], name: str, size: int
) -> None:
    """Each item once and in order, with a bounded number of calls, and an end."""
    pages = Listing(spoilt, LISTS[name]).forward(size)
    assert [id_ for page in pages for id_ in page.ids] == truth[name]
    assert [page.info["hasNextPage"] for page in pages] == [True] * (len(pages) - 1) + [False]
    assert max(page.calls for page in pages) <= 5
    assert all(len(page.ids) <= size for page in pages)
    for page in pages[:-1]:
        assert len(page.ids) == size or page.drift == "SUSPECTED"
    for page in pages:
        assert page.total != 0


@pytest.mark.parametrize("spoilt", FAULTS, indirect=True)
@pytest.mark.parametrize("name", LISTS)
def test_a_walk_backward_sees_everything_whatever_the_platform_counts(
    spoilt: Graph, truth: dict[str, list[str]], name: str
) -> None:
    """The same from the end; where it cannot be found, the page reports it."""
    pages = Listing(spoilt, LISTS[name]).backward(20)
    seen = [id_ for page in reversed(pages) for id_ in page.ids]
    assert seen == truth[name][: len(seen)]
    has_more = pages[0].info["hasNextPage"]
    assert has_more is (len(seen) < 101)
    assert not has_more or pages[0].drift == "SUSPECTED"
    assert pages[-1].info["hasPreviousPage"] is False
    assert max(page.calls for page in pages) <= MOST_CALLS


@pytest.mark.parametrize("spoilt", ["short_pages=0"], indirect=True)
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("arguments", [{"first": 20}, {"last": 20}])
def test_nothing_where_the_total_says_there_is_something_is_suspected(
    spoilt: Graph, name: str, arguments: dict[str, int]
) -> None:
    """An empty page has no total and no cursor, and reports drift."""
    page = Listing(spoilt, LISTS[name]).page(**arguments)
    assert (page.ids, page.total, page.drift) == ([], None, "SUSPECTED")
    assert page.edges == (False, False)
    assert page.calls <= 6


@pytest.mark.parametrize("spoilt", ["duplicates"], indirect=True)
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("way", ["forward", "backward"])
def test_items_that_the_platform_repeats_are_shown_once(
    spoilt: Graph, truth: dict[str, list[str]], name: str, way: str
) -> None:
    """Every window begins with the last item of the one before, which is not repeated."""
    listing = Listing(spoilt, LISTS[name])
    pages = listing.forward(20) if way == "forward" else listing.backward(20)[::-1]
    seen = [id_ for page in pages for id_ in page.ids]
    assert len(seen) == len(set(seen))
    assert set(seen) == set(truth[name])
    assert max(page.calls for page in pages) <= MOST_CALLS


@pytest.mark.parametrize("fault", ["short_pages=0,count=1", "short_pages=3,count=1"])
@pytest.mark.parametrize("name", LISTS)
def test_one_short_window_costs_a_call_and_nothing_else(
    truth: dict[str, list[str]], fault: str, name: str
) -> None:
    """The window is completed, and the page is right."""
    with faulty(fault) as (graph, _):
        page = Listing(graph, LISTS[name]).page(first=20)
    assert (page.ids, page.total, page.drift, page.calls) == (truth[name][:20], 101, "NONE", 2)
    assert page.edges == (False, True)


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("fault", ["short_pages=7", "short_pages=50"])
def test_an_operation_of_two_calls_reads_a_list_of_short_windows(
    truth: dict[str, list[str]], fault: str, name: str
) -> None:
    """Where the call budget does not suffice the page is shorter, without an error."""
    with faulty(fault, upstream_max_calls_per_operation=2) as (graph, _):
        pages = Listing(graph, LISTS[name]).forward(100)
    assert [id_ for page in pages for id_ in page.ids] == truth[name]
    assert {page.calls for page in pages} <= {1, 2}
