"""`promotionCounts`: a call for each selected field, all at once, and none that is made anyway."""

import asyncio
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.support.graph import Graph, graph_over
from tests.support.scripted_platform import Platform, errors_body, platform

FIELDS = {
    "all": None,
    "availableToEnrol": "AVAILABLE_TO_ENROL",
    "availableForIssue": "AVAILABLE_TO_EARN",
    "availableToRedeem": "AVAILABLE_TO_REDEEM",
    "expired": "EXPIRED",
}
EVERY = " ".join(FIELDS)
BY = 'by: {externalId: "%s"}'
PAGE = "promotions(first: 5%s) { totalCount nodes { id } }"


def of(selection: str, who: str = "C-CURRENT") -> str:
    """Return a query of a customer."""
    return f"{{ customer({BY % who}) {{ {selection} }} }}"


def codes(answer: dict[str, Any]) -> list[tuple[str, list[str | int]]]:
    """Return the code and path of each error, by path."""
    errors = [(one["extensions"]["code"], one["path"]) for one in answer.get("errors", ())]
    return sorted(errors, key=str)


@pytest.mark.parametrize("who", ["C-CURRENT", "C-101", "C-MIXED", "C-EMPTY"])
def test_a_count_is_the_total_of_its_list(asking: Graph, who: str) -> None:
    """Each is what `totalCount` of the list with that filter is."""
    counts = asking.ask(of(f"promotionCounts {{ {EVERY} }}", who))["customer"]["promotionCounts"]
    totals = {}
    for name, wire in FIELDS.items():
        value = wire and wire.replace("TO_EARN", "FOR_ISSUE")
        data = asking.ask(of(f"promotions(availability: {value or 'null'}) {{ totalCount }}", who))
        totals[name] = data["customer"]["promotions"]["totalCount"]
    assert counts == totals


@pytest.mark.parametrize("count", range(1, 6))
def test_each_selected_field_is_one_call_of_one_item(asking: Graph, count: int) -> None:
    """The customer takes none of its own, and the filter is the field's."""
    names = list(FIELDS)[:count]
    answer = asking.answer(of(f"promotionCounts {{ {' '.join(names)} }}"))
    assert answer["extensions"]["cost"]["requested"] == count + 100 * count
    asked = sorted(asking.queries())
    assert len(asked) == count
    assert all("limit=1&offset=0" in query for query in asked)
    filters = {query.partition("promotionStatusForCustomer=")[2] for query in asked}
    assert filters == {FIELDS[name] or "" for name in names}


@pytest.mark.parametrize(
    ("selection", "calls"),
    [
        (f"promotionCounts {{ {EVERY} }}", 5),
        (f"customerId promotionCounts {{ {EVERY} }}", 5),
        (f"promotionCounts {{ {EVERY} }} {PAGE % ''}", 5),
        (f"{PAGE % ', availability: EXPIRED'} promotionCounts {{ all expired }}", 2),
        (f"{PAGE % ', availability: AVAILABLE_TO_REDEEM'} promotionCounts {{ {EVERY} }}", 5),
        (f"a: {PAGE % ''} b: {PAGE % ', type: GENERIC'} promotionCounts {{ {EVERY} }}", 6),
        (f"{PAGE % ', type: GENERIC'} promotionCounts {{ all }}", 2),
        (f"{PAGE % ', type: GENERIC'} promotionCounts(type: GENERIC) {{ all }}", 1),
        ('a: promotionCounts(programIds: ["9020", "9020"]) { all }', 1),
        (f'{PAGE % ", programIds: [9020]"} promotionCounts(programIds: ["09020"]) {{ all }}', 1),
        ("a: promotionCounts { all } b: promotionCounts { all expired }", 2),
        ("a: promotionCounts { x: all y: all }", 1),
        ("promotionCounts { __typename }", 1),
        ("promotionCounts { ... on PromotionCounts { all expired @skip(if: true) } }", 1),
    ],
)
def test_the_calls_of_an_operation(asking: Graph, selection: str, calls: int) -> None:
    """What a page of the same list tells is not asked for again, wherever it is selected."""
    answer = asking.answer(of(selection))
    assert "errors" not in answer
    assert asking.calls == calls
    assert answer["extensions"]["cost"]["requested"] >= 100 * calls


ALL = "promotionCounts { all }"


@pytest.mark.parametrize(
    "selections",
    [
        (ALL, PAGE % ""),
        (PAGE % "", ALL),
        (f"promotions(first: 5) {{ nodes {{ customer {{ {ALL} }} }} }}",),
    ],
    ids=["count first", "page first", "below the page"],
)
def test_another_field_of_the_operation_tells_it_too(
    asking: Graph, selections: tuple[str, ...]
) -> None:
    """A page and a count of one list are one call, in whichever order they stand."""
    customers = (
        f"c{number}: customer({BY % 'C-TEN'}) {{ {selection} }}"
        for number, selection in enumerate(selections)
    )
    asking.ask(f"{{ {' '.join(customers)} }}")
    assert asking.calls == 1


def test_below_a_page_all_items_share_the_calls(asking: Graph) -> None:
    """Five promotions of one customer show five times the same counts."""
    query = of(
        f"promotions(first: 5) {{ nodes {{ customer {{ promotionCounts {{ {EVERY} }} }} }} }}"
    )
    nodes = asking.ask(query)["customer"]["promotions"]["nodes"]
    assert len(nodes) == 5
    assert asking.calls == 5
    assert all(node == nodes[0] for node in nodes)


def test_arguments_filter_each_count(asking: Graph) -> None:
    """They are those of `promotions`, and absent ones do not filter."""
    arguments = 'type: GENERIC, sourceType: UI, programIds: ["9020"]'
    asking.ask(of(f"promotionCounts({arguments}) {{ all expired }}"))
    asked = asking.queries()
    assert len(asked) == 2
    for query in asked:
        assert "&promotionType=GENERIC&sourceType=UI&programs=9020" in query
    asking.ask(of("promotionCounts { all }"))
    (query,) = asking.queries()
    assert query.endswith("&fetchAllUsage=true&limit=1&offset=0")


@pytest.mark.parametrize("programs", ["[]", '["x"]'])
def test_a_bad_argument_costs_each_count(asking: Graph, programs: str) -> None:
    """No call is made for it, and the page beside it is there."""
    selection = f"{PAGE % ''} promotionCounts(programIds: {programs}) {{ all expired }}"
    answer = asking.answer(of(selection))
    assert answer["data"]["customer"]["promotions"]["totalCount"] == 20
    assert answer["data"]["customer"]["promotionCounts"] == {"all": None, "expired": None}
    path = ["customer", "promotionCounts"]
    assert codes(answer) == [("BAD_USER_INPUT", [*path, name]) for name in ("all", "expired")]
    assert asking.calls == 1


def test_all_counts_are_asked_for_at_once(scripted: Platform, asking: Graph) -> None:
    """The platform responds to none before it has the last call, also that of the page."""
    everybody = asyncio.Barrier(6)

    async def together(_: Request) -> Response | None:
        async with asyncio.timeout(5):
            await everybody.wait()
        return None

    scripted.responses["promotionData"] = together
    page = PAGE % ", type: GENERIC"
    data = asking.ask(of(f"{page} promotionCounts {{ {EVERY} }}"))
    assert None not in data["customer"]["promotionCounts"].values()


async def _down_for_expired(request: Request) -> Response | None:
    status = request.query_params.get("promotionStatusForCustomer")
    return Response("", 503) if status == "EXPIRED" else None


def test_a_count_that_fails_is_null_alone(scripted: Platform, asking: Graph) -> None:
    """The others, and the page, are there."""
    scripted.responses["promotionData"] = _down_for_expired
    answer = asking.answer(of(f"customerId {PAGE % ''} promotionCounts {{ {EVERY} }}"))
    customer = answer["data"]["customer"]
    assert customer["promotionCounts"].pop("expired") is None
    assert None not in customer["promotionCounts"].values()
    assert customer["promotions"]["totalCount"] == 20
    path = ["customer", "promotionCounts", "expired"]
    assert codes(answer) == [("UPSTREAM_UNAVAILABLE", path)]
    (error,) = answer["errors"]
    assert error["extensions"]["retryable"] is True


def test_a_page_that_fails_costs_the_count_of_its_list(scripted: Platform, asking: Graph) -> None:
    """What has failed is not asked for again under another name."""
    scripted.responses["promotionData"] = _down_for_expired
    page = PAGE % ", availability: EXPIRED"
    answer = asking.answer(of(f"{page} promotionCounts {{ expired all }}"))
    assert answer["data"]["customer"] == {
        "promotions": None,
        "promotionCounts": {"expired": None, "all": 20},
    }
    assert [path[1:] for _, path in codes(answer)] == [
        ["promotionCounts", "expired"],
        ["promotions"],
    ]


def test_in_an_outage_the_customer_stays(scripted: Platform, asking: Graph) -> None:
    """Each count has its error; with the id selected the customer is null."""
    scripted.responses["promotionData"] = Response("", 503)
    answer = asking.answer(of("promotionCounts { all expired }"))
    assert answer["data"] == {"customer": {"promotionCounts": {"all": None, "expired": None}}}
    assert [code for code, _ in codes(answer)] == ["UPSTREAM_UNAVAILABLE"] * 2
    answer = asking.answer(of("id promotionCounts { all expired }"))
    assert answer["data"] == {"customer": None}
    assert codes(answer) == [("UPSTREAM_UNAVAILABLE", ["customer", "id"])]


def test_nobody_has_no_counts(scripted: Platform, asking: Graph) -> None:
    """A customer who does not exist is null, without an error."""
    assert asking.answer(of(f"promotionCounts {{ {EVERY} }}", "nobody"))["data"] == {
        "customer": None
    }
    scripted.responses["promotionData"] = JSONResponse(errors_body(8015))
    answer = asking.answer(of("promotionCounts { all }"))
    assert answer["data"] == {"customer": None}
    assert "errors" not in answer


@pytest.mark.parametrize(
    ("details", "count"),
    [({"totalEntries": 7}, 7), ({}, None), (None, None), ({"totalEntries": 0}, None)],
)
def test_a_total_that_is_not_there_or_not_plausible_is_null(
    scripted: Platform, asking: Graph, details: dict[str, int] | None, count: int | None
) -> None:
    """As `totalCount` is: the platform contradicts itself, or does not say."""

    async def answer(request: Request) -> Response:
        item = {"promotionId": 1, "promotionName": "x", "programId": 1}
        return JSONResponse({"customerId": 5, "promotions": [item], "pageDetails": details})

    scripted.responses["promotionData"] = answer
    data = asking.ask(of("promotionCounts { all }", "somebody"))
    assert data["customer"]["promotionCounts"] == {"all": count}


def test_by_node_the_counts_are_fetched_with_the_customer(asking: Graph) -> None:
    """A customer by global id takes no call besides."""
    id_ = asking.ask(of("id"))["customer"]["id"]
    query = f'{{ node(id: "{id_}") {{ ... on Customer {{ promotionCounts {{ all expired }} }} }} }}'
    assert asking.ask(query)["node"]["promotionCounts"] == {"all": 20, "expired": 0}
    assert asking.calls == 2


def test_counts_are_cached_as_pages_are(served: tuple[Platform, Graph]) -> None:
    """With a time to live the second operation takes no call."""
    with platform() as (_, url), graph_over(url, cache_customer_ttl_s=60) as graph:
        query = of(f"promotionCounts {{ {EVERY} }}")
        first = graph.ask(query)
        assert graph.calls == 5
        assert graph.ask(query) == first
        assert graph.calls == 0
        graph.ask(of("promotionCounts { a: all }"))
        assert graph.calls == 0


def test_the_budget_bounds_the_counts(asking: Graph) -> None:
    """What exceeds the calls of an operation is null with its code."""
    with platform() as (_, url), graph_over(url, upstream_max_calls_per_operation=3) as graph:
        answer = graph.answer(of(f"promotionCounts {{ {EVERY} }}"))
        counts = answer["data"]["customer"]["promotionCounts"]
        assert sum(value is None for value in counts.values()) == 2
        assert [code for code, _ in codes(answer)] == ["UPSTREAM_BUDGET_EXCEEDED"] * 2
