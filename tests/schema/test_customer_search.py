"""Search, validity and order of a customer's promotions, by both executors over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.responses import Response

from tests.support.graph import Graph, graph_over
from tests.support.scripted_platform import Platform, platform
from tests.support.wallet import CUSTOMER_ID, Wallet, promotion

BY_NAME = 'customer(by:{externalId:"C-TEN"})'
SHOWN = "totalCount drift warnings{message} nodes{promotion{promotionId}} pageInfo{...P}"
FRAGMENT = "fragment P on PageInfo{hasNextPage hasPreviousPage startCursor endCursor}"
PAST, PRESENT, FUTURE = (
    {"startDate": "2020-01-01T00:00:00Z", "endDate": "2021-01-01T00:00:00Z"},
    {"startDate": "2020-01-01T00:00:00Z", "endDate": "2090-01-01T00:00:00Z"},
    {"startDate": "2089-01-01T00:00:00Z", "endDate": "2090-01-01T00:00:00Z"},
)


@pytest.fixture(scope="module", params=["compiled", "reference"])
def served(request: pytest.FixtureRequest) -> Iterator[tuple[Platform, Graph]]:
    """Serve one platform and one gateway for this module, with either executor."""
    with platform() as (scripted, url), graph_over(url, executor=request.param) as graph:
        yield scripted, graph


@pytest.fixture
def wallet(scripted: Platform) -> Wallet:
    """Return the list of the customer."""
    wallet = Wallet()
    scripted.responses["promotionData"] = wallet.respond
    return wallet


def ask(graph: Graph, arguments: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a page of the customer's promotions; `variables` are all strings."""
    declared = "".join(f"${name}:String" for name in variables or ())
    query = f"query{f'({declared})' if declared else ''}{{{BY_NAME}{{promotions({arguments})"
    data = graph.ask(f"{query}{{{SHOWN}}}}}}}{FRAGMENT}", variables)
    page: dict[str, Any] = data["customer"]["promotions"]
    return page


def ids(page: dict[str, Any]) -> list[int]:
    """Return the ids of a page's promotions."""
    return [int(node["promotion"]["promotionId"]) for node in page["nodes"]]


def error(graph: Graph, arguments: str) -> dict[str, Any]:
    """Return the extensions of the error of a page, which is null; the customer stays."""
    answer = graph.answer(f"{{{BY_NAME}{{__typename promotions({arguments}){{totalCount}}}}}}")
    assert answer["data"]["customer"] == {"__typename": "Customer", "promotions": None}
    (only,) = answer["errors"]
    assert only["path"] == ["customer", "promotions"]
    extensions: dict[str, Any] = only["extensions"]
    return extensions | {"message": only["message"]}


def test_a_search_is_over_name_description_and_identifier(asking: Graph, wallet: Wallet) -> None:
    """Case, accents and width aside; a match does not run over from one to the next."""
    wallet.items = [
        promotion(1, "Crème brûlée"),
        promotion(2, "\uff23\uff32\uff25\uff2d\uff25"),
        promotion(3, "other", description="with creme"),
        promotion(4, "other", identifier="X-CREME-1"),
        promotion(5, "cre", identifier="me", description=None),
        promotion(6, "other"),
    ]
    page = ask(asking, 'search:"  CRÈme "')
    assert (ids(page), page["totalCount"]) == ([1, 2, 3, 4], 4)
    assert ids(ask(asking, 'search:"brulee"')) == [1]
    assert ids(ask(asking, 'search:"nothing"')) == []


def test_validity_is_that_of_the_field(asking: Graph, wallet: Wallet) -> None:
    """Any of several values; what it selects is what `validity` shows."""
    wallet.items = [
        promotion(1, **PAST),
        promotion(2, **PRESENT),
        promotion(3, **FUTURE),
        promotion(4),
    ]
    assert ids(ask(asking, "validity:[CURRENT]")) == [2]
    assert ids(ask(asking, "validity:ENDED")) == [1]
    assert ids(ask(asking, "validity:[UNKNOWN,UPCOMING,UNKNOWN]")) == [3, 4]


@pytest.mark.parametrize(
    ("field", "ascending", "descending"),
    [
        ("NAME", [4, 1, 3, 2], [2, 1, 3, 4]),
        ("STARTS_AT", [3, 1, 4, 2], [4, 1, 3, 2]),
        ("ENDS_AT", [1, 3, 2, 4], [3, 1, 2, 4]),
        ("NEXT_EXPIRY_AT", [2, 3, 1, 4], [3, 2, 1, 4]),
    ],
)
def test_an_order_has_nulls_last(
    asking: Graph, wallet: Wallet, field: str, ascending: list[int], descending: list[int]
) -> None:
    """In both directions; equal values are in the order of ids in both."""
    timeline = {
        "enrollmentId": 1,
        "enrollmentDate": "2026-01-01T00:00:00Z",
        "enrollmentExpiryDate": "2080-01-01T00:00:00Z",
    }
    wallet.items = [
        promotion(4, "Ärger", startDate="2022-01-01T00:00:00Z"),
        promotion(2, "Z", customerPromotionTimelines=[timeline]),
        promotion(3, "b", startDate="2020-01-01T00:00:00Z", endDate="2090-01-01T00:00:00Z"),
        promotion(1, "B", startDate="2021-01-01T00:00:00Z", endDate="2021-02-01T00:00:00Z"),
    ]
    assert ids(ask(asking, f"orderBy:{{field:{field}}}")) == ascending
    assert ids(ask(asking, f"orderBy:{{field:{field},direction:DESC}}")) == descending


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


def test_pages_go_on_at_their_key_whatever_has_changed(asking: Graph, wallet: Wallet) -> None:
    """Forward and backward, with the cursor's own item gone and others inserted on both sides."""
    wallet.items = [promotion(number, endDate=f"20{number}-01-01") for number in range(30, 50)]
    for item in wallet.items:
        item["endDate"] += "T00:00:00Z"
    order = "orderBy:{field:ENDS_AT}"
    first = ask(asking, f"first:5 {order}")
    assert ids(first) == [30, 31, 32, 33, 34]
    assert first["pageInfo"]["hasPreviousPage"] is False
    wallet.items = [
        *(promotion(number, endDate="2029-01-01T00:00:00Z") for number in (3, 1, 2)),
        *reversed([item for item in wallet.items if item["promotionId"] not in {33, 34, 35}]),
    ]
    end = first["pageInfo"]["endCursor"]
    second = ask(asking, f"first:3 {order} after:$after", {"after": end})
    assert (ids(second), second["drift"]) == ([36, 37, 38], "NONE")
    start = second["pageInfo"]["startCursor"]
    back = ask(asking, f"last:4 {order} before:$before", {"before": start})
    assert (ids(back), back["totalCount"]) == ([3, 30, 31, 32], 20)
    assert back["pageInfo"]["hasPreviousPage"]
    assert back["pageInfo"]["hasNextPage"]
    both = f"{order} after:$after before:$before"
    between = ask(
        asking,
        both,
        {"after": back["pageInfo"]["startCursor"], "before": second["pageInfo"]["endCursor"]},
    )
    assert ids(between) == [30, 31, 32, 36, 37]
    assert not between["pageInfo"]["hasNextPage"]


@pytest.mark.parametrize(
    "other",
    [
        "",
        'search:"promotion"',
        "validity:UNKNOWN",
        "orderBy:{field:NAME,direction:DESC}",
        "orderBy:{field:ENDS_AT}",
        'orderBy:{field:NAME} search:"x"',
        "orderBy:{field:NAME} validity:[UNKNOWN]",
        "orderBy:{field:NAME} type:GENERIC",
    ],
)
def test_a_cursor_belongs_to_its_order_and_search(
    asking: Graph, wallet: Wallet, other: str
) -> None:
    """It is refused before any call in any other list, and theirs in this one."""
    wallet.items = [promotion(1), promotion(2)]
    order = "orderBy:{field:NAME,direction:ASC}"
    for given, list_ in ((order, other), (other, order)):
        found = ask(asking, f"first:1 {given}")["pageInfo"]["endCursor"]
        if found is not None:
            assert error(asking, f'{list_} after:"{found}"')["code"] == "CURSOR_INVALID"
            assert asking.calls == 0


def test_a_cursor_holds_for_the_same_list_however_written(asking: Graph, wallet: Wallet) -> None:
    """A search folded to the same text, values of `validity` in another order or repeated."""
    wallet.items = [promotion(1, "Café A"), promotion(2, "café b")]
    cursor = ask(asking, 'first:1 search:"CAFÉ" validity:[UNKNOWN,CURRENT]')["pageInfo"]
    again = 'search:"  cafe" validity:[CURRENT,UNKNOWN,CURRENT] after:$after'
    assert ids(ask(asking, again, {"after": cursor["endCursor"]})) == [2]


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ('search:""', "search"),
        ('search:"  \\t\\n"', "search"),
        ('search:"\\u0301"', "search"),
        (f'search:"{"x" * 257}"', "search"),
        ('search:"a\\u0007b"', "search"),
        ("validity:[]", "validity"),
        ("first:101 orderBy:{field:NAME}", "first"),
        ("first:1 last:1 orderBy:{field:NAME}", "last"),
        ('orderBy:{field:NAME} programIds:["x"]', "programIds[0]"),
    ],
)
def test_bad_input_costs_its_page_and_no_call(asking: Graph, arguments: str, argument: str) -> None:
    """The error names the argument."""
    found = error(asking, arguments)
    assert (found["code"], found["argument"].partition("[")[0]) == (
        "BAD_USER_INPUT",
        argument.partition("[")[0],
    )
    assert asking.calls == 0


@pytest.mark.parametrize(
    "arguments",
    ["orderBy:{}", "orderBy:{field:PRICE}", "orderBy:{field:NAME,direction:null}", "validity:[X]"],
)
def test_an_unknown_value_is_refused_before_the_operation(asking: Graph, arguments: str) -> None:
    """As of any enum or input."""
    answer = asking.answer(f"{{{BY_NAME}{{promotions({arguments}){{totalCount}}}}}}")
    assert "data" not in answer
    assert {one["extensions"]["code"] for one in answer["errors"]} == {"BAD_USER_INPUT"}
    assert asking.calls == 0


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


def test_nodes_and_cursors_are_as_on_any_page(asking: Graph, wallet: Wallet) -> None:
    """An edge's cursor continues after it; the node's id is that of the customer."""
    wallet.items = [promotion(number) for number in range(5)]
    query = f"{{{BY_NAME}{{id promotions(orderBy:{{field:NAME direction:DESC}}){{edges{{cursor"
    customer = asking.ask(f"{query} node{{id customer{{id customerId}}}}}}}}}}}}")["customer"]
    edges = customer["promotions"]["edges"]
    assert {edge["node"]["customer"]["customerId"] for edge in edges} == {str(CUSTOMER_ID)}
    assert {edge["node"]["customer"]["id"] for edge in edges} == {customer["id"]}
    after = f"{edges[1]['cursor']}"
    page = ask(asking, "orderBy:{field:NAME direction:DESC} after:$after", {"after": after})
    assert ids(page) == [2, 1, 0]
