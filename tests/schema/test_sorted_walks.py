"""Paging to the end of searched and sorted lists that change on the way, over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.sandbox.client import NOW
from tests.support.examples import examples
from tests.support.graph import Graph
from tests.support.scripted_platform import Platform
from tests.support.wallet import Wallet, promotion

BY_NAME = 'customer(by:{externalId:"C-TEN"})'
NAMES = ["Café", "CAFE noir", "Zucker", "apple", "\uff21pple pie", "Ünique coffee"]
DAYS = [-300, -1, 1, 2, 300]
TEXTS = {
    "cafe": "\uff23AF\u00c9",
    "apple": "apple",
}  # what a name contains, and how it is asked for

PROMOTIONS = st.builds(
    lambda number, name, start, end: (number, name, start, end),
    st.integers(1, 60),
    st.sampled_from(NAMES),
    st.none() | st.sampled_from(DAYS),
    st.none() | st.sampled_from(DAYS),
)
LISTS = st.lists(PROMOTIONS, max_size=60, unique_by=lambda each: each[0])
ARGUMENTS = st.fixed_dictionaries(
    {
        "field": st.sampled_from([None, "NAME", "STARTS_AT", "ENDS_AT", "NEXT_EXPIRY_AT"]),
        "direction": st.sampled_from(["ASC", "DESC"]),
        "search": st.none() | st.sampled_from([*TEXTS]),
        "validity": st.none() | st.sampled_from(["UPCOMING", "CURRENT", "ENDED", "UNKNOWN"]),
    }
).filter(lambda each: any(each[name] for name in ("field", "search", "validity")))

Row = tuple[int, str, int | None, int | None]


def date(days: int | None) -> datetime | None:
    """Return a date by its distance from now."""
    return None if days is None else NOW.astimezone(UTC) + timedelta(days=days)


def on_the_wire(row: Row) -> dict[str, Any]:
    """Return a promotion as the platform has it."""
    number, name, start, end = row
    days = {"startDate": date(start), "endDate": date(end)}
    given = {key: each.strftime("%Y-%m-%dT%H:%M:%SZ") for key, each in days.items() if each}
    return promotion(number, name, **given)


def expected(rows: list[Row], arguments: dict[str, Any]) -> list[int]:
    """Return the ids that the list should have, by the model's own rules."""
    plain = {"Café": "cafe", "CAFE noir": "cafe noir", "Zucker": "zucker", "apple": "apple",
             "\uff21pple pie": "apple pie", "Ünique coffee": "unique coffee"}  # fmt: skip

    def validity(row: Row) -> str:
        _, _, start, end = row
        if end is not None and end < 0:
            return "ENDED"
        if start is None:
            return "UNKNOWN"
        if start > 0:
            return "UPCOMING"
        return "UNKNOWN" if end is None else "CURRENT"

    def key(row: Row) -> Any:
        _, name, start, end = row
        future = end if end is not None and end >= 0 else None
        keys = {"NAME": plain[name], "STARTS_AT": start, "ENDS_AT": end, "NEXT_EXPIRY_AT": future}
        return keys.get(arguments["field"])

    chosen = [
        row
        for row in sorted(rows)
        if arguments["validity"] in {None, validity(row)}
        and (arguments["search"] is None or arguments["search"] in plain[row[1]])
    ]
    known = [row for row in chosen if key(row) is not None]
    known.sort(key=key, reverse=arguments["direction"] == "DESC")
    return [row[0] for row in [*known, *(row for row in chosen if key(row) is None)]]


def fetch(graph: Graph, arguments: dict[str, Any], **paging: Any) -> dict[str, Any]:
    """Return one page."""
    order = {"field": arguments["field"], "direction": arguments["direction"]}
    search = arguments["search"]
    variables = {
        "o": order if arguments["field"] else None,
        "s": None if search is None else TEXTS[search],
        "v": arguments["validity"],
        **paging,
    }
    declared = "$o:CustomerPromotionOrder,$s:String,$v:[PromotionValidity!]"
    declared += ",$first:Int,$after:String,$last:Int,$before:String"
    passed = "orderBy:$o,search:$s,validity:$v,first:$first,after:$after,last:$last,before:$before"
    page: dict[str, Any] = graph.ask(
        f"query({declared}){{{BY_NAME}{{promotions({passed}){{totalCount drift"
        " nodes{promotion{promotionId}}"
        " pageInfo{hasNextPage hasPreviousPage startCursor endCursor}}}}",
        variables,
    )["customer"]["promotions"]
    return page


@examples(40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=LISTS,
    arguments=ARGUMENTS,
    size=st.integers(3, 9),
    edits=st.lists(st.tuples(st.frozensets(st.integers(1, 60), max_size=20), LISTS), max_size=3),
    is_forward=st.booleans(),
)
def test_pages_are_those_of_the_model(
    scripted: Platform,
    asking: Graph,
    rows: list[Row],
    arguments: dict[str, Any],
    size: int,
    edits: list[tuple[frozenset[int], list[Row]]],
    is_forward: bool,  # noqa: FBT001 - drawn
) -> None:
    """What stays is shown once and in order, in both directions; without edits it is the list."""
    wallet = Wallet()
    scripted.responses["promotionData"] = wallet.respond
    stayed = set(expected(rows, arguments))
    remaining, shown, cursor = list(edits), list[int](), None
    while True:
        wallet.items = [on_the_wire(row) for row in rows]
        stayed &= set(expected(rows, arguments))
        paging = (
            {"first": size, "after": cursor} if is_forward else {"last": size, "before": cursor}
        )
        page = fetch(asking, arguments, **paging)
        assert asking.calls == 1
        found = [int(node["promotion"]["promotionId"]) for node in page["nodes"]]
        assert found == [each for each in expected(rows, arguments) if each in found]
        assert (page["totalCount"], page["drift"]) == (len(expected(rows, arguments)), "NONE")
        shown = [*shown, *found] if is_forward else [*found, *shown]
        info = page["pageInfo"]
        cursor = info["endCursor" if is_forward else "startCursor"]
        if not info["hasNextPage" if is_forward else "hasPreviousPage"]:
            break
        assert len(found) == size
        if remaining:
            gone, new = remaining.pop()
            known = {row[0] for row in rows} | set(shown)
            rows = [
                *(row for row in new if row[0] not in known),
                *(row for row in reversed(rows) if row[0] not in gone),
            ]
    assert len(shown) == len(set(shown))
    assert stayed <= set(shown)
    if not edits:
        assert shown == expected(rows, arguments)
