"""The subgraph, composed with a second one and queried through Apollo's gateway."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.schema.ids import write_id
from tests.support.graph import Graph, graph_over
from tests.support.javascript import run_node
from tests.support.tokens import JWT, Issuer

pytestmark = [pytest.mark.verify, pytest.mark.timeout(300), pytest.mark.usefixtures("npm")]

KNOWN = [write_id("Promotion", "9001", f"9001000{number}") for number in (1, 2, 3)]
UNKNOWN = write_id("Promotion", "9001", "1")
OWN, OTHER = (write_id("Customer", "INSTORE", id_) for id_ in ("700000006", "700000008"))
FEATURED = "{ featured { banner name validity } visits { pageInfo { hasNextPage } } }"
GREETED = """{
  customer(by: {externalId: "C-TEN"}) {
    greeting
    promotions(first: 3) { pageInfo { hasNextPage } nodes { promotion { id name banner } } }
  }
}"""
TWO_NAMES = '{ customer(by: {externalId: "C-TEN", mobile: "1"}) { id } }'


def query(graph: Graph, *queries: str, **more: Any) -> dict[str, Any]:
    """Compose, query through the router, and return what the script prints."""
    sent = {"ids": [], "customers": [], "headers": {}, "types": []} | more
    sent["queries"] = [{"query": each} for each in queries]
    graph.ask("{ __typename }")  # the calls are counted from here on
    said: dict[str, Any] = run_node("federation.mjs", str(graph.http.base_url), json.dumps(sent))
    return said


def test_both_subgraphs_answer_one_query(sandbox_url: str) -> None:
    """References of the second are found in one batch, and its fields stand on this one's types."""
    with graph_over(sandbox_url, federation=True) as graph:
        said = query(graph, FEATURED, ids=[KNOWN[0], UNKNOWN, *KNOWN[1:]])
        (featured,) = said["results"]
        assert featured["errors"] == []
        names = [one and one["name"] for one in featured["data"]["featured"]]
        assert names[0]
        assert names.index(None) == 1
        assert featured["data"]["featured"][0]["banner"] == f"Banner of {KNOWN[0]}"
        assert featured["data"]["visits"]["pageInfo"] == {"hasNextPage": False}
        (greeted,) = query(graph, GREETED)["results"]
        assert graph.calls == 1
        customer = greeted["data"]["customer"]
        assert customer["greeting"] == f"Hello, {OWN}"
        for node in customer["promotions"]["nodes"]:
            assert node["promotion"]["banner"] == f"Banner of {node['promotion']['id']}"
            assert node["promotion"]["name"]


def test_the_schemas_compose_without_a_hint(sandbox_url: str) -> None:
    """The router's schema has the fields of both; @oneOf is left to the subgraph."""
    with graph_over(sandbox_url, federation=True) as graph:
        said = query(graph, TWO_NAMES, types=["Promotion", "PageInfo", "CustomerIdentifier"])
    assert said["hints"] == []
    assert "banner: String!" in said["types"]["Promotion"]
    assert "validity: PromotionValidity!" in said["types"]["Promotion"]
    assert "@oneOf" not in said["types"]["CustomerIdentifier"]
    assert said["results"] == [{"data": {"customer": None}, "errors": ["BAD_USER_INPUT"]}]


def test_the_callers_credential_decides_behind_a_router(sandbox_url: str, tmp_path: Path) -> None:
    """A forwarded token opens its own customer; the other is null with FORBIDDEN beside it."""
    issuer, key_file = Issuer(), tmp_path / "key.pem"
    key_file.write_bytes(issuer.pem())
    settings = JWT | {"auth_key_file": str(key_file), "auth_customer_claim": "customers"}
    regulars = "{ regulars { greeting customerId } }"
    with graph_over(sandbox_url, federation=True, **settings) as graph:
        headers = issuer.bearer(customers=[{"customerId": "700000006"}])
        graph.http.headers.update(headers)
        said = query(graph, regulars, customers=[OWN, OTHER], headers=headers)
    (result,) = said["results"]
    assert [one and one["customerId"] for one in result["data"]["regulars"]] == ["700000006", None]
    assert result["errors"] == ["FORBIDDEN"]
