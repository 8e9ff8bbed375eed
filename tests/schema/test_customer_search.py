"""Search, validity and order of a customer's promotions, by both executors over HTTP."""

import pytest

from tests.schema.searching import BY_NAME, FUTURE, PAST, PRESENT, ask, error, ids
from tests.support.graph import Graph
from tests.support.wallet import CUSTOMER_ID, Wallet, promotion

FIELDS = "NEXT_EXPIRY_AT, ENDS_AT, STARTS_AT, NAME"


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
    ("arguments", "message"),
    [
        ("orderBy:{}", "orderBy: it must be an object with field and any of direction."),
        ("orderBy:NAME", "orderBy: it must be an object with field and any of direction."),
        (
            "orderBy:{field:PRICE}",
            f"orderBy.field: it must be one of {FIELDS}, and not null.",
        ),
        (
            "orderBy:{field:NAME,direction:null}",
            "orderBy.direction: it must be one of ASC, DESC, and not null.",
        ),
        (
            "validity:[X]",
            "validity[0]: it must be one of UPCOMING, CURRENT, ENDED, UNKNOWN, and not null.",
        ),
        ("search:7", "search: it must be a string."),
    ],
)
def test_an_unknown_value_is_refused_before_the_operation(
    asking: Graph, arguments: str, message: str
) -> None:
    """As of any enum or input; the message says what is allowed."""
    answer = asking.answer(f"{{{BY_NAME}{{promotions({arguments}){{totalCount}}}}}}")
    assert "data" not in answer
    (found,) = answer["errors"]
    assert (found["extensions"]["code"], found["message"]) == ("BAD_USER_INPUT", message)
    assert asking.calls == 0


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


def test_the_search_is_not_repeated(asking: Graph, wallet: Wallet) -> None:
    """Neither errors nor calls to the platform have it; what was sought may be private."""
    wallet.items = [promotion(1)]
    secret = "s3cret" * 50
    assert secret not in str(error(asking, f'search:"{secret}"'))
    ask(asking, 'search:"s3cret"')
    assert not any("s3cret" in str(query) for query in wallet.queries)
