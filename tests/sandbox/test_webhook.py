"""The events that the sandbox sends to a webhook."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.sandbox.webhook import WebhookTarget
from tests.sandbox.client import SandboxClient, serving
from tests.sandbox.writing import customer_id, enrol, new_id, old, old_id, revoke
from tests.support.serving import serve


class Receiver:
    """Takes events; answers each with the next of `statuses`, and 200 after them."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.received: list[dict[str, Any]] = []
        self.secrets: list[str | None] = []
        self.url = ""

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve the receiver within the block."""

        async def take(request: Request) -> Response:
            self.received.append(json.loads(await request.body()))
            self.secrets.append(request.headers.get("x-secret"))
            return Response(status_code=self.statuses.pop(0) if self.statuses else 200)

        with serve(Starlette(routes=[Route("/events", take, methods=["POST"])])) as url:
            self.url = f"{url}/events"
            yield


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Serve a receiver of events."""
    receiver = Receiver()
    with receiver.serving():
        yield receiver


@pytest.fixture
def own(receiver: Receiver) -> Iterator[SandboxClient]:
    """Serve a sandbox whose webhook is the receiver."""
    with serving() as client:
        order(client, receiver)
        yield client


def order(client: SandboxClient, receiver: Receiver, **changes: Any) -> None:
    """Configure the webhook."""
    body = {"url": receiver.url, "header": "X-Secret", "secret": "s3cret"} | changes
    assert client.put("/__webhook", json=body).status_code == 200


def settled(client: SandboxClient) -> list[dict[str, Any]]:
    """Wait until every event is delivered or refused; return the deliveries."""
    report = client.get("/__webhook", params={"settled": "true"}, auth=None).json()
    assert report["pending"] == 0
    events: list[dict[str, Any]] = report["events"]
    return events


def names(receiver: Receiver) -> list[str]:
    """Return the names of the events that arrived, sorted."""
    return sorted(event["eventName"] for event in receiver.received)


def test_enrolment_is_an_event(own: SandboxClient, receiver: Receiver) -> None:
    """`promotionIssued` has the customer, the promotion and the id; the secret is in its header."""
    enrol(own, "C-ENROL")
    (delivery,) = settled(own)
    assert (delivery["attempts"], delivery["outcome"]) == (1, "delivered")
    (event,) = receiver.received
    assert event == delivery["event"]
    assert event.keys() == {
        *("eventName", "eventId", "eventLogId", "orgId", "refId", "apiRequestId", "createdAt"),
        "data",
    }
    held = own.held("C-ENROL", new_id("C-ENROL"))
    assert event["eventName"] == "promotionIssued"
    assert event["data"] == {
        "customerIdentifiers": {
            "customerId": customer_id("C-ENROL"),
            "instore": {
                "mobile": f"4915{customer_id('C-ENROL')}",
                "email": "c-enrol@example.com",
                "cardNumbers": [],
            },
        },
        "loyaltyProgramId": 9030,
        "promotionId": new_id("C-ENROL"),
        "promotionName": held["promotionName"],
        "issualId": held["enrolments"][0],
    }
    assert receiver.secrets == ["s3cret"]
    assert "s3cret" not in own.get("/__webhook").text


def test_every_write_of_both_interfaces_is_an_event(own: SandboxClient, receiver: Receiver) -> None:
    """Enrolled is issued and issued is earned, and each of a revocation's parts has its own."""
    enrol(own, "C-ENROLLED", "OPT_IN")
    enrol(own, "C-DIRECT")
    old(own, "enrolAndEarn", "C-ENROL", "ENROL")
    old(own, "enrolAndEarn", "C-ENROL", "EARN")
    old(own, "directEarn", "C-DIRECT")
    settled(own)
    assert names(receiver) == ["promotionEarned"] * 4 + ["promotionIssued"]
    assert {"issualId", "earnedId"} <= receiver.received[0]["data"].keys()
    receiver.received.clear()
    revoke(own, "C-WITHDRAW")
    old(own, "revokeEnrolAndEarn", "C-WITHDRAW", "REVOKE_EARN")
    old(own, "revokeEnrolAndEarn", "C-WITHDRAW", "REVOKE_ENROL")
    settled(own)
    assert names(receiver) == ["revokeEarnedPromotion"] * 4 + ["revokeIssuedPromotion"] * 3


def test_refused_write_is_no_event(own: SandboxClient, receiver: Receiver) -> None:
    """Neither a limit nor a window that is closed."""
    enrol(own, "C-LIMIT")
    enrol(own, "C-CLOSED", "OPT_IN")
    old(own, "enrolAndEarn", "C-LIMIT", "ENROL")
    assert settled(own) == []
    assert receiver.received == []


def test_write_without_an_answer_is_an_event(own: SandboxClient, receiver: Receiver) -> None:
    """What the engine did not confirm, but did."""
    enrol(own, "C-UNCERTAIN")
    settled(own)
    assert names(receiver) == ["promotionIssued"]


def test_event_is_sent_until_it_is_taken(own: SandboxClient, receiver: Receiver) -> None:
    """After 503, 429 and a redirect it comes again, with the same id."""
    receiver.statuses = [503, 429, 302]
    enrol(own, "C-ENROL")
    (delivery,) = settled(own)
    assert (delivery["attempts"], delivery["outcome"]) == (4, "delivered")
    assert len({event["eventId"] for event in receiver.received}) == 1


def test_event_that_is_400_is_not_sent_again(own: SandboxClient, receiver: Receiver) -> None:
    """As documented."""
    receiver.statuses = [400]
    enrol(own, "C-ENROL")
    (delivery,) = settled(own)
    assert (delivery["attempts"], delivery["outcome"]) == (1, "refused")


def test_event_can_be_sent_more_than_once(own: SandboxClient, receiver: Receiver) -> None:
    """`copies` sends what was taken again, with the same id."""
    order(own, receiver, copies=3)
    enrol(own, "C-ENROL")
    settled(own)
    assert len(receiver.received) == 3
    assert len({event["eventId"] for event in receiver.received}) == 1


def test_webhook_can_be_given_at_the_start(receiver: Receiver) -> None:
    """The constructor's webhook gets the first event."""
    target = WebhookTarget(receiver.url, "X-Secret", "from the start")
    with serving(webhook=target) as client:
        enrol(client, "C-ENROL")
        settled(client)
    assert receiver.secrets == ["from the start"]


def test_without_a_webhook_events_are_only_listed() -> None:
    """They are unsent, and DELETE removes them."""
    with serving() as client:
        enrol(client, "C-ENROL")
        report = client.get("/__webhook").json()
        assert (report["url"], report["pending"]) == (None, 0)
        assert [each["outcome"] for each in report["events"]] == ["unsent"]
        assert client.delete("/__webhook").status_code == 204
        assert client.get("/__webhook").json()["events"] == []


def test_deliveries_end_with_the_sandbox() -> None:
    """Nobody listens: the delivery is pending, and does not keep the sandbox from ending."""
    with serving(webhook=WebhookTarget("http://127.0.0.1:1/")) as client:
        enrol(client, "C-ENROL")
        assert client.get("/__webhook").json()["pending"] == 1


@pytest.mark.parametrize("content", [b"", b"{}", b'{"url": 1}'])
def test_wrong_order_is_refused(own: SandboxClient, content: bytes) -> None:
    """400, and the webhook stays as it is."""
    answer = own.put("/__webhook", content=content)
    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)
    assert own.get("/__webhook").json()["header"] == "X-Secret"


def test_changed_definition_is_an_event(own: SandboxClient, receiver: Receiver) -> None:
    """`promotionUpdated`, and all three views show the change; the list has a new version."""
    wanted = new_id("C-ENROL")
    (before,) = own.catalogue(searchText=wanted)
    own.put(f"/__promotions/9030/{wanted}", json={"name": "Renamed", "status": "PAUSED"})
    (after,) = own.catalogue(searchText=wanted)
    assert (after["metadata"]["name"], after["metadata"]["status"]) == ("Renamed", "PAUSED")
    assert after["id"] != before["id"]
    assert own.held("C-ENROL", wanted)["promotionName"] == "Renamed"
    own.put(f"/__promotions/9031/{old_id('C-ENROL')}", json={"description": "New", "active": False})
    names_by_id = {
        each["id"]: each["description"]
        for each in own.definitions(9031, includeInactivePromotions="true")
    }
    assert names_by_id[old_id("C-ENROL")] == "New"
    settled(own)
    assert names(receiver) == ["promotionUpdated"] * 2
    assert {event["data"]["promotionId"] for event in receiver.received} == {
        wanted,
        old_id("C-ENROL"),
    }


@pytest.mark.parametrize("unified", [True, False])
def test_made_definition_is_an_event(
    own: SandboxClient, receiver: Receiver, *, unified: bool
) -> None:
    """`promotionCreated`, in the interface that it was made in."""
    own.put("/__promotions/9010/77", json={"name": "Brand new", "unified": unified})
    assert bool(own.catalogue(searchText="Brand new")) is unified
    assert any(each["id"] == 77 for each in own.definitions(9010)) is not unified
    settled(own)
    assert names(receiver) == ["promotionCreated"]


def test_wrong_change_is_refused(own: SandboxClient) -> None:
    """404 for a program that is not there, 400 for what is no change."""
    assert own.put("/__promotions/1/1", json={}).status_code == 404
    assert own.put("/__promotions/9010/1", content=b"[]").status_code == 400
