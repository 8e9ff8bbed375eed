"""The tightest limit and the metadata of a customer's promotion, as the graph shows them."""

from typing import Any

import pytest
from starlette.responses import Response

from tests.support.graph import Graph
from tests.support.payloads import customer_item, customer_page
from tests.support.scripted_platform import Platform

METADATA = [
    {"key": "badge", "value": "New", "brandDefined": True},
    {"key": "terms", "value": "https://www.example.com/terms", "brandDefined": False},
    {"key": "badge", "value": "Hot", "brandDefined": True},
    {"key": "Badge", "value": None},
]


def nodes(graph: Graph, selection: str, who: str = "C-CURRENT", **variables: Any) -> list[Any]:
    """Return a customer's promotions, with a selection of theirs."""
    declared = "query($keys: [String!])" if variables else ""
    query = f"""{declared} {{ customer(by: {{externalId: "{who}"}}) {{
      promotions(first: 100) {{ nodes {{ promotion {{ name }} {selection} }} }} }} }}"""
    found: list[Any] = graph.ask(query, variables)["customer"]["promotions"]["nodes"]
    return found


@pytest.mark.parametrize(
    ("keys", "values"),
    [
        (None, ["New", "https://www.example.com/terms", "Hot", None]),
        ([], []),
        (["badge"], ["New", "Hot"]),
        (["terms", "badge"], ["New", "https://www.example.com/terms", "Hot"]),
        (["badge", "badge"], ["New", "Hot"]),
        (["Badge"], [None]),
        (["colour", "terms"], ["https://www.example.com/terms"]),
        (["colour"], []),
    ],
)
def test_metadata_of_some_keys(
    scripted: Platform, asking: Graph, keys: list[str] | None, values: list[str | None]
) -> None:
    """In the platform's order; a key that is not there is left out, and case counts."""
    item = customer_item() | {"promotionMetadata": METADATA}
    scripted.responses["promotionData"] = Response(customer_page(item, item | {"promotionId": 2}))
    for node in nodes(asking, "metadata(keys: $keys) { value }", "anybody", keys=keys):
        assert [entry["value"] for entry in node["metadata"]] == values


def test_a_promotion_without_metadata_has_no_key(asking: Graph) -> None:
    """The list is empty, never null, with keys and without."""
    shown = nodes(asking, 'metadata { key } some: metadata(keys: ["badge"]) { key value }')
    assert {len(node["metadata"]) for node in shown} == {0, 2}
    for node in shown:
        assert node["some"] == [{"key": "badge", "value": "New"}] * bool(node["metadata"])


def test_the_tightest_limit_is_one_of_those_that_are_shown(asking: Graph) -> None:
    """It is a restriction like those of `restrictions`, with the smallest share left."""
    fields = "{ stage measureName scope window { unit } limit { kind max used remaining } }"
    for who in ("C-CURRENT", "C-LIMITS", "C-NOTYPES"):
        for node in nodes(asking, f"tightestLimit {fields} restrictions {fields}", who):
            known = [
                each
                for each in node["restrictions"]
                if each["limit"]["remaining"] is not None and each["limit"]["kind"] == "LIMITED"
            ]
            shares = [each["limit"]["remaining"] / (each["limit"]["max"] or 1) for each in known]
            expected = known[shares.index(min(shares))] if known else None
            assert node["tightestLimit"] == expected, node["promotion"]["name"]


def test_progress_is_shown_where_there_is_any(asking: Graph) -> None:
    """Unused, partly used and used up; nothing for what has no limit."""
    shown = nodes(asking, "tightestLimit { measure limit { max used isExhausted } }")
    by_name = {node["promotion"]["name"]: node["tightestLimit"] for node in shown}
    assert by_name["Partly used"] == {
        "measure": "TIMES",
        "limit": {"max": 2.0, "used": 1.0, "isExhausted": False},
    }
    assert by_name["Points used up"]["limit"] == {"max": 100.0, "used": 100.0, "isExhausted": True}
    assert by_name["Used up for today"]["limit"] == {"max": 50.0, "used": 50.0, "isExhausted": True}
    assert by_name["Without any limit"] is None
