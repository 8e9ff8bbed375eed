"""A failed page nulls the page, and the customer only if the id is unknown."""

from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.pagination.cursor import Binding, CursorOwner
from gateway.pagination.position import Position
from gateway.schema.ids import write_id
from tests.support.graph import Graph
from tests.support.scripted_platform import Platform, errors_body

TEN, ANOTHER = "700000006", "700000008"
TEN_NODE = write_id("Customer", "INSTORE", TEN)
BY_NAME = 'customer(by:{externalId:"C-TEN"})'
BY_ID = f'customer(by:{{customerId:"{TEN}"}})'
BY_NODE = f'node(id:"{TEN_NODE}")'
DOWN = Response("", 503)
INVALID, BAD = "CURSOR_INVALID", "BAD_USER_INPUT"
UNAVAILABLE = "UPSTREAM_UNAVAILABLE"


def told(answer: dict[str, Any]) -> list[tuple[str, list[str | int]]]:
    """Return the code and path of each error, by path."""
    errors = [(one["extensions"]["code"], one["path"]) for one in answer.get("errors", ())]
    return sorted(errors, key=str)


def cursor_of(graph: Graph, root: str = BY_NAME) -> str:
    """Return a cursor of the gateway."""
    data = graph.ask(f"{{{root}{{promotions(first:1){{pageInfo{{endCursor}}}}}}}}")
    cursor: str = next(iter(data.values()))["promotions"]["pageInfo"]["endCursor"]
    return cursor


def forged(customer_id: str, name: str = "externalId", value: str = "C-TEN") -> str:
    """Encode a cursor of one customer's list with another's id, as an attacker could."""
    connection = "Customer.promotions|INSTORE||||"
    return Binding(connection, CursorOwner(name, value, customer_id)).write(Position(0, 0, 1))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [('after:"bad"', INVALID), ('before:"bad"', INVALID), ("first:1000", BAD), ("last:-1", BAD),
     ("first:1,last:1", BAD), ("programIds:[]", BAD), ('programIds:["x"]', BAD)],
)  # fmt: skip
def test_a_bad_argument_costs_its_page(asking: Graph, arguments: str, code: str) -> None:
    """The error is at the page, the customer is present, and no call is made."""
    answer = asking.answer(f"{{{BY_NAME}{{__typename promotions({arguments}){{totalCount}}}}}}")
    assert answer["data"] == {"customer": {"__typename": "Customer", "promotions": None}}
    assert told(answer) == [(code, ["customer", "promotions"])]
    assert asking.calls == 0


@pytest.mark.parametrize("selection", ["id %s", "%s id", "%s customerId id", "...on Node{id} %s"])
def test_where_nothing_tells_the_id_there_is_one_error(asking: Graph, selection: str) -> None:
    """Null propagation nulls the customer with one error, in whatever order pages fail."""
    pages = 'a:promotions(after:"bad"){totalCount} b:promotions(first:1000){totalCount}'
    answer = asking.answer(f"{{{BY_NAME}{{{selection % pages}}}}}")
    assert answer["data"] == {"customer": None}
    ((code, (root, field)),) = told(answer)
    assert (code, root) == (INVALID, "customer")
    assert field in {"id", "customerId"}
    assert asking.calls == 0


def test_an_id_that_is_not_selected_is_not_missed(asking: Graph) -> None:
    """A page that @skip excludes is not fetched."""
    query = f'query($no:Boolean!){{{BY_NAME}{{id@include(if:$no) promotions(after:"x"){{drift}}}}}}'
    answer = asking.answer(query, {"no": False})
    assert answer["data"] == {"customer": {"promotions": None}}
    assert told(answer) == [(INVALID, ["customer", "promotions"])]


@pytest.mark.parametrize("root", [BY_ID, BY_NODE, f'nodes(ids:["{TEN_NODE}"])'])
def test_who_is_asked_for_by_id_stays(scripted: Platform, asking: Graph, root: str) -> None:
    """The id is in the query, so that client caches can keep the customer."""
    scripted.responses["promotionData"] = DOWN
    for arguments, code in (('after:"bad"', INVALID), ("first:2", UNAVAILABLE)):
        page = f"...on Customer{{id customerId promotions({arguments}){{totalCount}}}}"
        answer = asking.answer(f"{{{root}{{{page}}}}}")
        ((name, found),) = answer["data"].items()
        path = [name, *([0] if isinstance(found, list) else [])]
        found = found[0] if isinstance(found, list) else found
        assert found == {"id": TEN_NODE, "customerId": TEN, "promotions": None}
        assert told(answer) == [(code, [*path, "promotions"])]


@pytest.mark.parametrize("given", ["abc", "7" * 20, "+7"])
def test_a_customer_id_that_can_be_nobodys_tells_nothing(asking: Graph, given: str) -> None:
    """No id is derived from it that the graph would refuse."""
    query = f'{{customer(by:{{customerId:"{given}"}}){{id promotions(after:"bad"){{drift}}}}}}'
    answer = asking.answer(query)
    assert answer["data"] == {"customer": None}
    assert told(answer) == [(INVALID, ["customer", "id"])]


@pytest.mark.parametrize("argument", ["after", "before"])
@pytest.mark.parametrize("more", ["", ",first:1000"])
def test_the_id_is_in_the_cursor(
    scripted: Platform, asking: Graph, argument: str, more: str
) -> None:
    """Page two fails, by the platform's or the client's fault; the customer stays."""
    cursor = cursor_of(asking)
    scripted.responses["promotionData"] = DOWN
    page = f'promotions({argument}:"{cursor}"{more}){{totalCount}}'
    answer = asking.answer(f"{{{BY_NAME}{{id customerId {page}}}}}")
    assert answer["data"]["customer"] == {"id": TEN_NODE, "customerId": TEN, "promotions": None}
    assert told(answer) == [(BAD if more else UNAVAILABLE, ["customer", "promotions"])]


@pytest.mark.parametrize("failure", [DOWN, Response("<html>"), Response("", 429)])
def test_each_page_has_its_own_error(scripted: Platform, asking: Graph, failure: Response) -> None:
    """All pages fail, each at its alias; the customer's id is taken from a cursor."""
    cursor = cursor_of(asking)
    scripted.responses["promotionData"] = failure
    answer = asking.answer(
        f'{{{BY_NAME}{{id a:promotions(after:"bad"){{drift}} b:promotions(first:1){{drift}}'
        f' c:promotions(after:"{cursor}"){{drift}} d:promotions(last:1000){{drift}}}}}}'
    )
    assert answer["data"]["customer"] == dict.fromkeys("abcd") | {"id": TEN_NODE}
    codes = {path[-1]: code for code, path in told(answer)}
    assert len(answer["errors"]) == 4
    assert (codes["a"], codes["d"]) == (INVALID, BAD)
    assert codes["b"] == codes["c"]
    assert codes["b"].startswith("UPSTREAM_")


def test_another_page_tells_the_id(asking: Graph) -> None:
    """A fetched page takes precedence over any cursor."""
    answer = asking.answer(
        f'{{{BY_NAME}{{id a:promotions(after:"bad"){{drift}} b:promotions(first:1){{drift}}'
        f' c:promotions(first:1000,after:"{forged(ANOTHER)}"){{drift}}}}}}'
    )
    expected = {"id": TEN_NODE, "a": None, "b": {"drift": "NONE"}, "c": None}
    assert answer["data"]["customer"] == expected
    assert told(answer) == [(BAD, ["customer", "c"]), (INVALID, ["customer", "a"])]
    assert asking.calls == 1


@pytest.mark.parametrize("other", ["", "alone"])
def test_cursors_that_disagree_tell_nothing(scripted: Platform, asking: Graph, other: str) -> None:
    """Of two ids for one customer none is used."""
    scripted.responses["promotionData"] = DOWN
    pages = f'a:promotions(after:"{forged(TEN)}"){{drift}}'
    if not other:
        pages += f' b:promotions(after:"{forged(ANOTHER)}"){{drift}}'
    answer = asking.answer(f"{{{BY_NAME}{{customerId {pages}}}}}")
    assert (answer["data"]["customer"] is None) is (not other)


@pytest.mark.parametrize(
    "cursor",
    [forged(TEN, "mobile", "1"), forged(TEN, "externalId", "C-ONE"), forged("9" * 20)],
    ids=["another identifier", "another customer's", "no id of this graph"],
)
def test_a_cursor_that_is_not_of_this_list_tells_nothing(asking: Graph, cursor: str) -> None:
    """Nor is an id that cannot exist."""
    page = f'promotions(first:1000,after:"{cursor}"){{drift}}'
    answer = asking.answer(f"{{{BY_NAME}{{id {page}}}}}")
    assert answer["data"] == {"customer": None}
    assert told(answer) == [(BAD, ["customer", "id"])]


@pytest.mark.parametrize("arguments", ["first:2", "first:2,availability:EXPIRED"])
def test_nobody_is_null_without_an_error_beside_bad_pages(
    scripted: Platform, asking: Graph, arguments: str
) -> None:
    """8015 on any page means that there is no such customer."""
    cursor = cursor_of(asking)
    scripted.responses["promotionData"] = JSONResponse(errors_body(8015), 400)
    for root in (BY_NAME, BY_ID, BY_NODE):
        answer = asking.answer(
            f"{{{root}{{...on Customer{{id a:promotions({arguments}){{drift}}"
            f' b:promotions(after:"{cursor}"){{drift}} c:promotions(after:"bad"){{drift}}}}}}}}'
        )
        assert list(answer["data"].values()) == [None]
        assert "errors" not in answer


def test_each_of_several_customers_is_judged_alone(scripted: Platform, asking: Graph) -> None:
    """A failed page affects one customer only."""

    async def answer_to(request: Request) -> Response | None:
        return DOWN if request.query_params["identifierValue"] == "C-ONE" else None

    scripted.responses["promotionData"] = answer_to
    names = ["C-TEN", "C-ONE", "nobody"]
    who = ",".join(f'{{externalId:"{name}"}}' for name in names)
    answer = asking.answer(
        f"{{customers(by:[{who}]){{id promotions(first:1){{totalCount}}}}"
        f" calm:customers(by:[{who}]){{promotions(first:1){{totalCount}}}}}}"
    )
    page = {"promotions": {"totalCount": 10}}
    assert answer["data"]["customers"] == [{"id": TEN_NODE} | page, None, None]
    assert answer["data"]["calm"] == [page, {"promotions": None}, None]
    assert told(answer) == [
        (UNAVAILABLE, ["calm", 1, "promotions"]),
        (UNAVAILABLE, ["customers", 1, "id"]),
    ]


def test_a_page_further_down_costs_itself(scripted: Platform, asking: Graph) -> None:
    """Below a promotion, a page has its error at its own path, too."""
    program = asking.ask(
        f"{{{BY_NAME}{{promotions(first:1){{nodes{{promotion{{promotionId programId}}}}}}}}}}"
    )
    (node,) = program["customer"]["promotions"]["nodes"]
    ids = node["promotion"]
    below = 'customer{id a:promotions(first:1000){drift} b:promotions(after:"bad"){drift}}'
    answer = asking.answer(
        f"{{{BY_NAME}{{promotions(first:1){{nodes{{{below}}}}}}}"
        f' program(programId:"{ids["programId"]}"){{promotions(first:1,promotionId:'
        f'"{ids["promotionId"]}"){{nodes{{forCustomer(by:{{externalId:"C-TEN"}}){{{below}}}}}}}}}}}'
    )
    (mine,) = answer["data"]["customer"]["promotions"]["nodes"]
    (theirs,) = answer["data"]["program"]["promotions"]["nodes"]
    expected = {"id": TEN_NODE, "a": None, "b": None}
    assert (mine["customer"], theirs["forCustomer"]["customer"]) == (expected, expected)
    assert [code for code, _ in told(answer)] == [BAD, BAD, INVALID, INVALID]
    assert all(path[-2] == "customer" for _, path in told(answer))


def test_without_a_page_the_look_up_fails_at_the_customer(
    scripted: Platform, asking: Graph
) -> None:
    """Without any page, a failed look-up nulls the customer, by whatever identifier."""
    scripted.responses["promotionData"] = DOWN
    for root in (BY_NAME, BY_ID, BY_NODE):
        answer = asking.answer(f"{{{root}{{__typename}}}}")
        assert list(answer["data"].values()) == [None]
        assert told(answer) == [(UNAVAILABLE, [root.partition("(")[0]])]
