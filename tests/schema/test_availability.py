"""`availability` agrees with the platform's own filter, as the sandbox applies it."""

import pytest
from starlette.responses import Response

from gateway.upstream.normalise.enums import PromotionAvailability
from tests.support.graph import Graph
from tests.support.payloads import customer_item, customer_page
from tests.support.scripted_platform import Platform

CUSTOMERS = [
    "C-AVAILABLE",
    "C-CURRENT",
    "C-MIXED",
    "C-101",
    "C-100",
    "C-LIMITS",
    "C-NOTYPES",
    "C-TEN",
    "000003873354",
    "documented-issued",
    "documented-enrolled",
    "documented-expired-only",
    "documented-not-enrolled",
    "documented-used",
]
VALUES = list(PromotionAvailability)
LISTS = [value.name for value in VALUES]
QUERY = """query($who: String!, $which: PromotionAvailability) { customer(by: {externalId: $who}) {
  promotions(first: 100, availability: $which) { nodes { id availability } } } }"""


def listed(graph: Graph, who: str, which: str | None = None) -> dict[str, list[str]]:
    """Return the availability of each promotion in a customer's list."""
    nodes = graph.ask(QUERY, {"who": who, "which": which})["customer"]["promotions"]["nodes"]
    return {node["id"]: node["availability"] for node in nodes}


@pytest.mark.parametrize("who", CUSTOMERS)
def test_a_promotion_is_in_the_lists_of_its_availability(graph: Graph, who: str) -> None:
    """What is read off an item is the filters in whose lists the platform has it."""
    lists = {name: set(listed(graph, who, name)) for name in LISTS}
    for id_, availability in listed(graph, who).items():
        assert availability == [name for name, ids in lists.items() if id_ in ids], id_


def test_a_wallet_can_be_built_offline(graph: Graph) -> None:
    """One customer shows each value, several at once and none, by names that say which."""
    query = """{ customer(by: {externalId: "C-AVAILABLE"}) { promotions(first: 100) { nodes {
      availability promotion { name } tightestLimit { limit { max remaining } } } } } }"""
    nodes = graph.ask(query)["customer"]["promotions"]["nodes"]
    short = {"AVAILABLE_TO_ENROL": "E", "AVAILABLE_FOR_ISSUE": "I", "AVAILABLE_TO_REDEEM": "R"}
    shown = {
        node["promotion"]["name"]: "".join(short.get(each, "X") for each in node["availability"])
        for node in nodes
    }
    assert shown == {
        "Join now": "E",
        "Joined, waiting for a purchase": "I",
        "Join again, earn again and redeem": "EIR",
        "Joined, without any restriction": "I",
        "Waiting for a purchase": "I",
        "Redeem or earn again": "IR",
        "Redeem the last one": "R",
        "Redeem now": "R",
        "Redeem as often as you like": "R",
        "Used up": "",
        "Everything redeemed": "",
        "Missed the purchase": "",
        "Switched off": "",
        "Begins next week": "",
        "Ended yesterday": "X",
        "Ended before it was redeemed": "X",
    }
    progress = {
        node["promotion"]["name"]: (limit["max"], limit["remaining"])
        for node in nodes
        if node["tightestLimit"]
        for limit in [node["tightestLimit"]["limit"]]
    }
    assert progress["Redeem now"] == (5, 1)
    assert progress["Used up"] == (5, 0)
    assert progress["Join now"] == (3, 3)
    assert "Redeem as often as you like" not in progress


def test_every_value_occurs_in_the_sandbox(graph: Graph) -> None:
    """Each value, several at once and none at all can be shown offline."""
    seen = {tuple(each) for who in CUSTOMERS for each in listed(graph, who).values()}
    assert set(LISTS) == {name for each in seen for name in each}
    assert () in seen
    assert max(map(len, seen)) == 3


def test_a_filtered_list_has_its_value_in_each_item(scripted: Platform, asking: Graph) -> None:
    """What the platform returns for a filter has that value, whatever the item reads like."""
    ended = customer_item() | {"endDate": "2020-01-01T00:00:00Z"}
    open_to_all = customer_item() | {"pointsOfferType": "GENERIC", "endDate": "2030-01-01T00:00Z"}
    page = Response(customer_page(ended, open_to_all | {"promotionId": 2}))
    scripted.responses["promotionData"] = page
    shown = [list(listed(asking, "anybody", which).values()) for which in (None, *LISTS)]
    assert shown == [
        [["EXPIRED"], ["AVAILABLE_TO_REDEEM"]],
        [["AVAILABLE_TO_ENROL"], ["AVAILABLE_TO_ENROL", "AVAILABLE_TO_REDEEM"]],
        [["AVAILABLE_FOR_ISSUE"], ["AVAILABLE_FOR_ISSUE", "AVAILABLE_TO_REDEEM"]],
        [["AVAILABLE_TO_REDEEM"], ["AVAILABLE_TO_REDEEM"]],
        [["EXPIRED"], ["EXPIRED"]],
    ]


def test_edges_and_single_promotions_have_it_too(graph: Graph) -> None:
    """By whichever way a promotion is reached."""
    query = """{ customer(by: {externalId: "C-CURRENT"}) {
      promotions(first: 1) { edges { node { id availability } } nodes { availability } } } }"""
    page = graph.ask(query)["customer"]["promotions"]
    (node,) = page["nodes"]
    (edge,) = page["edges"]
    assert edge["node"]["availability"] == node["availability"] == ["AVAILABLE_TO_REDEEM"]
    again = "query($id: ID!) { node(id: $id) { ... on CustomerPromotion { availability } } }"
    assert graph.ask(again, {"id": edge["node"]["id"]})["node"] == node
