"""The cost of look-ups for authorization is estimated beforehand."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.graph import Graph, graph_over
from tests.support.tokens import JWT, Issuer

ISSUER = Issuer()
OWN, OTHER = "700000006", "700000008"  # C-TEN and C-CURRENT
CLAIM = [{"externalId": "C-TEN"}, {"externalId": "C-ONE"}, {"externalId": "nobody"}]
BY = "query($by: CustomerIdentifier!) { customer(by: $by) { id } }"

SPREAD = """query($id: ID!) { ...Q }
  fragment Q on Query { ... { customer(by: {customerId: $id}) { id } } }"""


@pytest.fixture
def guarded(sandbox_url: str, tmp_path: Path) -> Iterator[Graph]:
    """Serve a gateway that has no stored customer ids."""
    key_file = tmp_path / "key.pem"
    key_file.write_bytes(ISSUER.pem())
    settings = JWT | {"auth_key_file": str(key_file), "auth_customer_claim": "customers"}
    with graph_over(sandbox_url, **settings) as graph:
        yield graph


def ask(graph: Graph, claim: list[dict[str, str]], query: str, **variables: Any) -> tuple[int, int]:
    """Send a query as a caller with this claim; return the requested cost, and the calls."""
    graph.http.headers.update(ISSUER.bearer(customers=claim))
    answer = graph.answer(query, variables)
    return answer["extensions"]["cost"]["requested"], graph.calls


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (BY, {"by": {"customerId": OTHER}}),
        (BY.replace("!)", f'! = {{customerId: "{OTHER}"}})'), {}),
        (f'{{ customer(by: {{customerId: "{OTHER}"}}) {{ id }} }}', {}),
        (SPREAD, {"id": OTHER}),
    ],
    ids=["variable", "default", "literal", "fragment"],
)
def test_an_id_costs_the_look_ups_of_the_claim(
    guarded: Graph, query: str, variables: dict[str, Any]
) -> None:
    """Each customer of the claim is looked up once, the requested one is not."""
    assert ask(guarded, CLAIM, query, **variables) == (1 + 100 * (1 + 3), 3)


def test_several_ids_share_the_look_ups(guarded: Graph) -> None:
    """Two foreign customers and the caller's own: three look-ups and one page."""
    query = "query($by: [CustomerIdentifier!]!) { customers(by: $by) { id } }"
    by = [{"customerId": id_} for id_ in (OTHER, "1", OWN)]
    cost, calls = ask(guarded, CLAIM, query, by=by)
    assert cost == 3 + 100 * (3 + 3)
    assert 3 <= calls <= 6


@pytest.mark.parametrize(
    ("claim", "by"),
    [
        (CLAIM, {"externalId": "C-TEN"}),
        (CLAIM, {"mobile": "1"}),
        ([{"customerId": OWN}], {"customerId": OWN}),
        ([], {"customerId": OWN}),
    ],
)
def test_whoever_needs_no_look_up_pays_for_none(
    guarded: Graph, claim: list[dict[str, str]], by: dict[str, str]
) -> None:
    """No look-up is counted for other identifiers, or for a claim of ids."""
    cost, calls = ask(guarded, claim, BY, by=by)
    assert cost == 101
    assert calls <= 1


def test_look_ups_are_never_more_than_an_operation_may_make(guarded: Graph) -> None:
    """The whole call budget costs 4,000, whatever the claim."""
    claim = [{"externalId": f"nobody {number}"} for number in range(60)]
    cost, calls = ask(guarded, claim, BY, by={"customerId": OTHER})
    assert cost == 1 + 100 * 40
    assert calls <= 40
