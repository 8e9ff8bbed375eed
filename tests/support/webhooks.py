"""The platform's events, sent to a gateway whose caches are on."""

from typing import Any, Self

import httpx

from tests.support.graph import Graph
from tests.support.http_client import client

SECRET = "a secret of the webhook"
HEADER = "X-Webhook-Secret"
PATH = "/webhooks/promotions"
CACHING: dict[str, Any] = {
    "webhook_secret": SECRET,
    "cache_customer_ttl_s": 600,
    "cache_definition_ttl_s": 600,
}
OF_CUSTOMER = (
    "promotionIssued",
    "promotionEarned",
    "revokeIssuedPromotion",
    "revokeEarnedPromotion",
)
OF_DEFINITION = ("promotionCreated", "promotionUpdated")


def customer_event(customer_id: object, name: str = "promotionIssued", **more: Any) -> Any:
    """Return an event about what a customer has."""
    data = {"customerIdentifiers": {"customerId": customer_id}, "loyaltyProgramId": 9001}
    return {"eventName": name, "data": data, **more}


def definition_event(
    program_id: object, promotion_id: object, name: str = "promotionUpdated", **more: Any
) -> Any:
    """Return an event about a definition."""
    data = {"loyaltyProgramId": program_id, "promotionId": promotion_id}
    return {"eventName": name, "data": data, **more}


class Sender:
    """Sends events to a gateway, with the secret unless told otherwise."""

    def __init__(self, url: str) -> None:
        self.http = client(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def post(self, event: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        """Send an event, as it is if it is bytes."""
        given = {HEADER: SECRET} if headers is None else headers
        if isinstance(event, bytes):
            return self.http.post(PATH, content=event, headers=given)
        return self.http.post(PATH, json=event, headers=given)

    def send(self, event: Any) -> str:
        """Send an event that is taken; return what became of it."""
        answer = self.post(event)
        assert answer.status_code == 200, answer.text
        outcome: str = answer.json()["outcome"]
        return outcome


def calls_of(graph: Graph, query: str, **variables: Any) -> int:
    """Return how many upstream calls a query makes."""
    graph.ask(query, variables)
    return graph.calls
