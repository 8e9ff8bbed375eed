"""The calls of searched and sorted pages, and what becomes of a page where they do not suffice."""

import asyncio
from typing import Any

import pytest
from starlette.responses import Response

from gateway.schema.customer_pages import CustomerPageArguments
from gateway.schema.customer_search import MAX_SEARCHED_LENGTH, CustomerSearch
from gateway.upstream.customer_view.payload import CustomerPromotionPayload
from tests.sandbox.client import NOW
from tests.schema.searching import BY_NAME, PRESENT, ask, error, ids
from tests.support.graph import Graph, graph_over
from tests.support.scripted_platform import Platform, platform
from tests.support.wallet import CUSTOMER_ID, Wallet, promotion


def test_the_platforms_own_filters_are_the_platforms(asking: Graph, wallet: Wallet) -> None:
    """So that as few as possible are read."""
    wallet.items = [promotion(1), promotion(2)]
    arguments = 'availability:EXPIRED type:GENERIC sourceType:UI programIds:["9001"]'
    assert ids(ask(asking, f"{arguments} orderBy:{{field:NAME}}")) == [1, 2]
    (query,) = wallet.queries
    assert query["promotionStatusForCustomer"] == "EXPIRED"
    assert query["promotionType"] == "GENERIC"
    assert query["sourceType"] == "UI"
    assert query["programs"] == "9001"


@pytest.mark.parametrize(
    ("count", "windows"),
    [
        (0, [(0, 100)]),
        (99, [(0, 100)]),
        (100, [(0, 100)]),
        (101, [(0, 100), (99, 100)]),
        (199, [(0, 100), (99, 100)]),
        (200, [(0, 100), (99, 100), (198, 100)]),
        (298, [(0, 100), (99, 100), (198, 100)]),
        (299, [(0, 100), (100, 100), (200, 100)]),
        (300, [(0, 100), (100, 100), (200, 100)]),
    ],
)
def test_a_list_of_up_to_300_is_read_in_up_to_three_calls(
    asking: Graph, wallet: Wallet, count: int, windows: list[tuple[int, int]]
) -> None:
    """Windows of 100 that overlap by one, as long as that takes no further call."""
    wallet.items = [promotion(number) for number in range(count)]
    page = ask(asking, "first:10 orderBy:{field:ENDS_AT}")
    assert sorted(wallet.windows) == windows
    assert (page["totalCount"], page["drift"]) == (count, "NONE")
    assert ids(page) == list(range(min(10, count)))


@pytest.mark.parametrize("total", [301, 5000])
@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ("orderBy:{field:NAME}", "orderBy"),
        ("validity:CURRENT orderBy:{field:NAME}", "validity"),
        ('validity:CURRENT search:"x"', "search"),
    ],
)
def test_a_longer_list_is_too_long(
    asking: Graph, wallet: Wallet, total: int, arguments: str, argument: str
) -> None:
    """One call shows it, and the message says the way out."""
    wallet.items = [promotion(number) for number in range(100)]
    wallet.total = total
    found = error(asking, arguments)
    assert (found["code"], found["retryable"]) == ("LIST_TOO_LONG", False)
    assert found["argument"] == argument
    assert "more than 300" in found["message"]
    for way_out in ("availability", "type", "sourceType", "programIds", "omit"):
        assert way_out in found["message"]
    assert asking.calls == 1


def test_the_customer_of_a_list_that_is_too_long_is_there(asking: Graph, wallet: Wallet) -> None:
    """Its windows have the customer's id, so that only the list is null."""
    wallet.items = [promotion(number) for number in range(100)]
    wallet.total = 301
    query = '{ customer(by: {mobile: "1"}) { id customerId promotions(orderBy: {field: NAME}) {'
    answer = asking.answer(f"{query} totalCount }} }} }}")
    assert answer["data"]["customer"].keys() == {"id", "customerId", "promotions"}
    assert answer["data"]["customer"]["customerId"] is not None
    assert answer["data"]["customer"]["promotions"] is None
    assert [each["path"] for each in answer["errors"]] == [["customer", "promotions"]]


def test_variables_that_are_null_are_an_ordinary_page(asking: Graph, wallet: Wallet) -> None:
    """One window of the page's size, and the cost of one call."""
    wallet.items = [promotion(number) for number in range(150)]
    query = (
        "query($s:String,$v:[PromotionValidity!],$o:CustomerPromotionOrder)"
        f"{{{BY_NAME}{{promotions(first:10 search:$s validity:$v orderBy:$o)"
        "{totalCount nodes{id}}}}"
    )
    answer = asking.answer(query, {"s": None, "v": None, "o": None})
    assert wallet.windows == [(0, 10)]
    assert answer["extensions"]["cost"]["requested"] == 111
    given = {"o": {"field": "NAME"}, "s": "promotion 1", "v": ["UNKNOWN"]}
    answer = asking.answer(query, given)
    assert answer["data"]["customer"]["promotions"]["totalCount"] == 61
    assert answer["extensions"]["cost"]["requested"] == 311


def test_tabs_of_one_operation_share_the_windows(asking: Graph, wallet: Wallet) -> None:
    """Whatever each of them searches or sorts by."""
    wallet.items = [promotion(number, **PRESENT) for number in range(250)]
    tabs = (
        "a:promotions(first:3 orderBy:{field:ENDS_AT}){totalCount}"
        " b:promotions(last:3 orderBy:{field:NAME direction:DESC}){totalCount}"
        ' c:promotions(search:"promotion 24"){totalCount}'
        " d:promotions(validity:CURRENT){totalCount} e:promotions(validity:ENDED){totalCount}"
    )
    customer = asking.ask(f"{{{BY_NAME}{{{tabs}}}}}")["customer"]
    assert [customer[tab]["totalCount"] for tab in "abcde"] == [250, 250, 11, 250, 0]
    assert asking.calls == 3


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_window_that_fails_fails_the_page(scripted: Platform, asking: Graph, number: int) -> None:
    """With its coded error; the customer and the other pages stay."""
    wallet = Wallet([promotion(number) for number in range(250)])

    async def respond(request: Any) -> Response:
        if int(request.query_params["offset"]) == 99 * number:
            return Response("", 503)
        return await wallet.respond(request)

    scripted.responses["promotionData"] = respond
    assert error(asking, "orderBy:{field:NAME}")["code"] == "UPSTREAM_UNAVAILABLE"


def test_what_cannot_be_read_is_left_out_of_every_page(asking: Graph, wallet: Wallet) -> None:
    """It matches nothing and is not counted; each page of the list has the warning."""
    wallet.items = [promotion(number) for number in range(5)]
    wallet.items[1]["promotionName"] = None
    first = ask(asking, "first:2 orderBy:{field:NAME}")
    assert (ids(first), first["totalCount"]) == ([0, 2], 4)
    rest = ask(
        asking,
        "first:2 orderBy:{field:NAME} after:$after",
        {"after": first["pageInfo"]["endCursor"]},
    )
    assert ids(rest) == [3, 4]
    for page in (first, rest):
        (warning,) = page["warnings"]
        assert warning["message"].startswith("1 promotion was dropped")


def test_a_cache_serves_all_pages_and_searches() -> None:
    """While it is fresh, no page of the list takes a call, whatever it is sorted by."""
    with platform() as (scripted, url), graph_over(url, cache_customer_ttl_s=60) as graph:
        wallet = Wallet([promotion(number) for number in range(250)])
        scripted.responses["promotionData"] = wallet.respond
        first = ask(graph, "first:100 orderBy:{field:NAME}")
        assert graph.calls == 3
        after = {"after": first["pageInfo"]["endCursor"]}
        assert len(ids(ask(graph, "first:100 orderBy:{field:NAME} after:$after", after))) == 100
        assert ask(graph, 'search:"promotion 7"')["totalCount"] == 11
        assert ids(ask(graph, "last:1 orderBy:{field:ENDS_AT}")) == [249]
        assert graph.calls == 0


def test_windows_about_two_customers_are_no_list(scripted: Platform, asking: Graph) -> None:
    """The identifier has been given to another customer while the list was read."""
    wallet = Wallet([promotion(number) for number in range(150)])

    async def respond(request: Any) -> Response:
        answer = await wallet.respond(request)
        if request.query_params["offset"] == "0":
            return answer
        body = bytes(answer.body).replace(str(CUSTOMER_ID).encode(), b"5")
        return Response(body, media_type="application/json")

    scripted.responses["promotionData"] = respond
    found = error(asking, "orderBy:{field:NAME}")
    assert (found["code"], found["retryable"]) == ("UPSTREAM_BAD_PAYLOAD", True)


def test_a_list_that_is_not_returned_completely_has_no_total(asking: Graph, wallet: Wallet) -> None:
    """What there is is shown, and drift is suspected."""
    wallet.items = [promotion(number) for number in range(60)]
    wallet.total = 90
    page = ask(asking, "first:100 orderBy:{field:NAME}")
    assert (len(ids(page)), page["totalCount"], page["drift"]) == (60, None, "SUSPECTED")
    assert asking.calls == 3


def test_a_budget_that_does_not_suffice_fails_the_page() -> None:
    """No call more is made than one operation may make, and none is shown as the whole list."""
    with (
        platform() as (scripted, url),
        graph_over(url, upstream_max_calls_per_operation=2) as graph,
    ):
        wallet = Wallet([promotion(number) for number in range(250)])
        scripted.responses["promotionData"] = wallet.respond
        assert error(graph, "orderBy:{field:NAME}")["code"] == "UPSTREAM_BUDGET_EXCEEDED"
        assert graph.calls <= 2


@pytest.mark.parametrize(("max_calls", "count"), [(1, 100), (5, 500)])
def test_the_number_of_calls_can_be_set(max_calls: int, count: int) -> None:
    """The list may have 100 promotions for each; the message says how many."""
    with platform() as (scripted, url), graph_over(url, max_scan_calls=max_calls) as graph:
        wallet = Wallet([promotion(number) for number in range(count)])
        scripted.responses["promotionData"] = wallet.respond
        assert ask(graph, "orderBy:{field:NAME}")["totalCount"] == count
        assert graph.calls == max_calls
        wallet.items.append(promotion(count))
        assert f"more than {count} of" in error(graph, "orderBy:{field:NAME}")["message"]


@pytest.mark.anyio
async def test_long_texts_are_searched_in_slices() -> None:
    """Others run between them, and what is beyond 4,096 characters is not searched."""
    text = "\u00e9" * MAX_SEARCHED_LENGTH
    items = [
        CustomerPromotionPayload(number, "name", 1, description=f"{text}needle")
        for number in range(100)
    ]
    search = CustomerSearch.check(CustomerPageArguments(search="NEEDLE"))
    assert search is not None
    turns, is_over = 0, False

    async def others() -> None:
        nonlocal turns
        while not is_over:
            turns += 1
            await asyncio.sleep(0)

    running = asyncio.create_task(others())
    assert await search.select(items, NOW) == []
    is_over = True
    await running
    assert turns > 5
