"""Events that are written otherwise than documented, and bodies that never end."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.graph import Graph, graph_over
from tests.support.raw_http import connect, parse, send
from tests.support.webhooks import (
    CACHING,
    HEADER,
    PATH,
    SECRET,
    Sender,
    calls_of,
    customer_event,
    definition_event,
)

PAGE = (
    """{ customer(by: {externalId: "C-TEN"}) { customerId promotions(first: 5) { totalCount } } }"""
)
HEAD = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()
WITH_SECRET = HEAD + f"{HEADER}: {SECRET}\r\n".encode()


@pytest.fixture(scope="module")
def graph_(sandbox_url: str) -> Iterator[Graph]:
    """Return the client of a gateway that caches, and takes events."""
    with graph_over(sandbox_url, **CACHING, webhook_rate_limit_per_minute=6000) as graph:
        yield graph


@pytest.fixture(scope="module")
def events(graph_: Graph) -> Iterator[Sender]:
    """Return what sends events to it."""
    with Sender(str(graph_.http.base_url)) as sender:
        yield sender


def outcomes(events: Sender, sent: Any) -> list[str]:
    """Send several events; return what became of each."""
    answer = events.post(sent)
    assert answer.status_code == 200, answer.text
    found: list[str] = answer.json()["outcomes"]
    return found


@pytest.mark.parametrize("written", [str, str.upper, str.lower, str.title])
def test_keys_and_names_are_read_in_any_case(graph_: Graph, events: Sender, written: Any) -> None:
    """What would be overlooked is never sent again."""
    customer_id = int(graph_.ask(PAGE)["customer"]["customerId"])
    identity = f"a case {written.__qualname__}"
    event = json.loads(json.dumps(customer_event(customer_id, eventId=identity)))
    name = written(event["eventName"])
    body = json.dumps(_renamed(event, written) | {written("eventName"): name})
    assert events.post(body.encode()).json() == {"outcome": "evicted"}
    assert calls_of(graph_, PAGE) == 1
    assert events.send(event) == "repeated"


def _renamed(value: Any, written: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {written(key): _renamed(each, written) for key, each in value.items()}


def test_a_list_of_events_is_taken_one_by_one(graph_: Graph, events: Sender) -> None:
    """Each once; what is no event costs the others nothing."""
    customer_id = int(graph_.ask(PAGE)["customer"]["customerId"])
    own = customer_event(customer_id, eventId="of a list")
    several = [definition_event(9001, 1), 7, own, own, {"eventName": "x"}]
    expected = ["evicted", "unknown", "evicted", "repeated", "unknown"]
    assert outcomes(events, several) == expected
    assert calls_of(graph_, PAGE) == 1
    assert outcomes(events, []) == []


def test_a_list_is_bounded(events: Sender) -> None:
    """Each event is one for all replicas."""
    assert len(outcomes(events, [{}] * 500)) == 500
    assert events.post([{}] * 501).status_code == 413


@pytest.mark.parametrize("written", ["%d", '"%d"', "%d.0", "%de0"])
def test_ids_are_read_as_numbers_and_as_text(graph_: Graph, events: Sender, written: str) -> None:
    """As the platform's own endpoints give them, in every way that JSON has."""
    customer_id = int(graph_.ask(PAGE)["customer"]["customerId"])
    body = json.dumps(customer_event(0)).replace(": 0}", f": {written % customer_id}}}", 1)
    assert events.post(body.encode()).json() == {"outcome": "evicted"}
    assert calls_of(graph_, PAGE) == 1


@pytest.mark.parametrize(
    "written", ["1.5", "1e300", "true", "[1]", '" 1"', '"1.0"', "-1", '"\u0661"']
)
def test_what_is_no_id_is_none(events: Sender, written: str) -> None:
    """An event without one is incomplete."""
    body = json.dumps(customer_event(0)).replace(": 0}", f": {written}}}", 1)
    assert events.post(body.encode()).json() == {"outcome": "incomplete"}


def test_a_byte_order_mark_is_ignored(events: Sender) -> None:
    """Some writers of UTF-8 begin with one."""
    body = b"\xef\xbb\xbf" + json.dumps(customer_event(1)).encode()
    assert events.post(body).json() == {"outcome": "evicted"}


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (HEAD + b"Content-Length: 1000\r\n\r\n", 401),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", 401),
        (WITH_SECRET + f"{HEADER}: {SECRET}\r\nContent-Length: 1000\r\n\r\n".encode(), 401),
        (WITH_SECRET + b"Content-Length: 262145\r\n\r\n", 413),
    ],
)
def test_a_body_that_is_not_wanted_is_not_awaited(events: Sender, head: bytes, status: int) -> None:
    """The response comes although nothing of it was sent."""
    with connect(str(events.http.base_url)) as connection:
        send(connection, [head])
        answer = parse(connection.recv(65536))
    assert answer.status == status


def test_a_body_without_an_end_is_not_read_to_its_end(events: Sender) -> None:
    """What is beyond the maximum is neither kept nor awaited."""
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with connect(str(events.http.base_url)) as connection:
        send(connection, [WITH_SECRET + b"Transfer-Encoding: chunked\r\n\r\n", *[piece] * 5])
        answer = parse(connection.recv(65536))
    assert answer.status == 413


def test_a_body_that_breaks_off_is_no_event(events: Sender) -> None:
    """And the next one is taken."""
    event = json.dumps(customer_event(1, eventId="broken off")).encode()
    head = WITH_SECRET + f"Content-Length: {len(event)}\r\n\r\n".encode()
    with connect(str(events.http.base_url)) as connection:
        send(connection, [head + event[:-1]])
    assert events.post(event).json() == {"outcome": "evicted"}
