"""The vendor's examples of the customer view, as the graph shows them."""

import base64
from typing import Any

import pytest

from tests.support.documented_promotions import (
    ENROLLED_ONLY,
    FRAGMENTS,
    LONG_OVER,
    NOT_ENROLLED,
    SIX,
    TARGETS,
    USED,
)
from tests.support.graph import Graph

LIMIT = "{ kind max used remaining isExhausted }"
RESTRICTION = f"""{{
  stage measure measureName scope scopeName limit {LIMIT}
  window {{ type typeName unit unitName }}
}}"""
ENROLMENT = f"""{{
  enrolmentId enrolledAt expiresAt isExpired eventLogId
  issues {{ issueId issuedAt expiresAt isExpired eventLogId redeemedCount redemptions {LIMIT} }}
}}"""
PAGE = f"""query Page($externalId: String!, $first: Int!) {{
  customer(by: {{ externalId: $externalId }}) {{
    customerId
    promotions(first: $first) {{
      totalCount drift warnings {{ code message }}
      pageInfo {{ hasNextPage hasPreviousPage }}
      nodes {{
        customer {{ customerId }}
        promotion {{
          promotionId programId program {{ programId }} name identifier description
          type typeName event eventName startsAt endsAt isActive validity
        }}
        metadata {{ key value isBrandDefined }}
        limits {{
          pointsPerEvent {LIMIT} pointsPerCustomer {LIMIT}
          timesPerCustomer {LIMIT} pointsInPromotion {LIMIT}
        }}
        restrictions {RESTRICTION}
        disabledToo: restrictions(includeDisabled: true) {RESTRICTION}
        enrolments {ENROLMENT}
        currentEnrolment {{ enrolmentId }}
        nextExpiryAt
      }}
    }}
  }}
}}"""


@pytest.mark.parametrize(
    ("external_id", "customer_id", "first", "total", "nodes"),
    [
        ("000003873354", "555380204", 2, 169, TARGETS),
        ("documented-not-enrolled", "345853998", 10, 1, [NOT_ENROLLED]),
        ("documented-enrolled", "345854019", 10, 1, [ENROLLED_ONLY]),
        ("documented-issued", "345854019", 10, 6, SIX),
        ("documented-expired-only", "345854019", 10, 1, [LONG_OVER]),
        ("documented-used", "564332013", 10, 3, USED),
    ],
)
def test_documented_page_is_shown_as_the_document_means_it(
    graph: Graph, external_id: str, customer_id: str, first: int, total: int, nodes: list[Any]
) -> None:
    """Every field of each example of the customer view, for one upstream call."""
    data = graph.ask(PAGE, {"externalId": external_id, "first": first})
    assert data["customer"] == {
        "customerId": customer_id,
        "promotions": {
            "totalCount": total,
            "drift": "NONE",
            "warnings": [],
            "pageInfo": {"hasNextPage": total > len(nodes), "hasPreviousPage": False},
            "nodes": nodes,
        },
    }
    assert graph.calls == 1


def test_documented_fragments_are_parts_of_promotions(graph: Graph) -> None:
    """The documented fragments: the promotion's type and its restrictions."""
    data = graph.ask(PAGE, {"externalId": "documented-fragments", "first": 10})
    assert [
        (node["promotion"]["type"], node["promotion"]["typeName"], node["restrictions"])
        for node in data["customer"]["promotions"]["nodes"]
    ] == FRAGMENTS


def test_documented_error_8015_is_nobody(graph: Graph) -> None:
    """An unknown customer is null, without an error."""
    assert graph.ask(PAGE, {"externalId": "nobody", "first": 10}) == {"customer": None}


def test_ids_name_the_customer_by_the_platforms_own_id(graph: Graph) -> None:
    """A global id holds the customer id and no personal identifier."""
    query = """{ customer(by: { mobile: "919456430850" }) {
      id promotions(last: 1) { nodes { id promotion { id program { id } } } }
    } }"""
    customer = graph.ask(query)["customer"]
    (held,) = customer["promotions"]["nodes"]
    ids = [customer, held, held["promotion"], held["promotion"]["program"]]
    padded = [entry["id"] + "=" * (-len(entry["id"]) % 4) for entry in ids]
    assert [base64.urlsafe_b64decode(text).decode() for text in padded] == [
        "Customer:INSTORE:564332013",
        "CustomerPromotion:INSTORE:564332013:973:79555",
        "Promotion:973:79555",
        "Program:973",
    ]
