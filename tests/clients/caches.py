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


def check_presses(seen: dict[str, Any], texts: tuple[str | None, str | None, str | None]) -> None:
    """Check what a list shows of a button that is pressed by three customers.

    One may join, one may not, and one sends what is no input. The same node is in the list and in
    the answer, so that nothing is fetched again.
    """
    done, refused, failed = (seen["result"][name] for name in ("done", "refused", "failed"))
    assert [one["outcome"] for one in (done, refused, failed)] == ["DONE", "REFUSED", None]
    assert [one["hasError"] for one in (done, refused, failed)] == [False, False, True]
    assert tuple(one["text"] for one in (done, refused, failed)) == texts
    assert done["returned"] == done["id"]
    assert refused["returned"] == refused["id"]
    assert [len(one["shown"]) for one in (done, refused, failed)] == [3, 3, 3], seen["result"]
    before, hoped, made = done["shown"]
    assert hoped == [*before, "pending"]
    assert set(before) < set(made)
    assert all(each.isdigit() for each in made)
    assert len(made) == len(before) + 1
    assert [one["enrolmentId"] for one in done["after"]["enrolments"]] == made
    assert "AVAILABLE_FOR_ISSUE" in done["after"]["availability"]
    for one in (refused, failed):
        before, hoped, back = one["shown"]
        assert hoped == [*before, "pending"]
        assert back == before == [each["enrolmentId"] for each in one["after"]["enrolments"]]
    # The key goes with the answer, and stays without one.
    assert [one["keys"] for one in (done, refused, failed)] == [0, 0, 1]
    bodies = [request["body"] for request in seen["requests"]]
    sent = [body["variables"] for body in bodies if "mutation Enrol" in body["query"]]
    assert [set(variables) for variables in sent] == [{"input"}] * 3
    assert len({variables["input"]["idempotencyKey"] for variables in sent}) == 3
    assert len([body for body in bodies if "mutation" not in body["query"]]) == 3
    assert seen["warnings"] == []
