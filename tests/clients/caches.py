"""What must be true of every normalised cache, after the same scenario."""

from typing import Any

from tests.support.http_client import client

_IDS = """query Ids($by: CustomerIdentifier!, $type: PromotionTypeFilter) {
  customer(by: $by) { promotions(first: 40, type: $type) { nodes { id } } }
}"""


def check_tabs(gateway_url: str, tabs: dict[str, Any]) -> None:
    """Check that two pages of each tab are in the cache, as the gateway has them."""
    for tab, kind in (("all", None), ("generic", "GENERIC")):
        variables = {"by": {"externalId": "C-101"}, "type": kind}
        with client(gateway_url) as http:
            body = {"query": _IDS, "variables": variables}
            answer = http.post("/graphql", json=body).json()
        ids = [node["id"] for node in answer["data"]["customer"]["promotions"]["nodes"]]
        assert len(ids) == 40
        assert tabs["result"][tab] == ids
    assert tabs["result"]["all"] != tabs["result"]["generic"]
    assert len(tabs["requests"]) == 4
    assert tabs["warnings"] == []


def check_selections(seen: dict[str, Any]) -> None:
    """Check that what the first query has brought is complete after the others."""
    assert len(seen["requests"]) >= 2
    assert len(seen["result"]["before"]["customer"]["promotions"]["edges"]) == 12
    assert seen["result"]["after"] == seen["result"]["before"]
    assert seen["warnings"] == []


def check_customers(seen: dict[str, Any]) -> None:
    """Check that each customer's list is as it was fetched, though they share promotions."""
    fetched = [data["customer"] for data in seen["result"]["fetched"]]
    assert len({customer["id"] for customer in fetched}) == 4
    held = [
        {edge["node"]["promotion"]["id"]: edge["node"] for edge in customer["promotions"]["edges"]}
        for customer in fetched
    ]
    # What could be overwritten: promotions of both customers, with different usage.
    shared = held[0].keys() & held[1].keys()
    assert any(held[0][key]["limits"] != held[1][key]["limits"] for key in shared)
    assert held[2].keys() == held[3].keys()
    assert seen["result"]["cached"] == seen["result"]["fetched"]
    assert len(seen["requests"]) == 4
    assert seen["warnings"] == []
