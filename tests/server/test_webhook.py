"""`POST /webhooks/promotions`: what an event drops, and what is no event."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.graph import Graph, graph_over, serve_gateway
from tests.support.logged import Lines
from tests.support.metrics import scrape
from tests.support.webhooks import (
    CACHING,
    HEADER,
    OF_CUSTOMER,
    OF_DEFINITION,
    PATH,
    SECRET,
    Sender,
    calls_of,
    customer_event,
    definition_event,
)

PAGE = """query Page($by: CustomerIdentifier!) { customer(by: $by) {
  customerId promotions(first: 5) { totalCount } } }"""
ID = '{ customer(by: {externalId: "C-TEN"}) { customerId } }'
OTHER = {"by": {"externalId": "C-MIXED"}}
MINE = {"by": {"externalId": "C-TEN"}}
LIST = """{ program(programId: "9001") { promotions(first: 5) { nodes { id } } } }"""
OTHER_LIST = """{ program(programId: "9002") { promotions(first: 5) { nodes { id } } } }"""
ONE = """{ promotion(programId: "9001", promotionId: "90010001") { name } }"""


@pytest.fixture(scope="module")
def graph_(sandbox_url: str) -> Iterator[Graph]:
    """Return the client of a gateway that caches, and takes events."""
    with graph_over(sandbox_url, **CACHING) as graph:
        yield graph


@pytest.fixture(scope="module")
def events(graph_: Graph) -> Iterator[Sender]:
    """Return what sends events to it."""
    with Sender(str(graph_.http.base_url)) as sender:
        yield sender


@pytest.fixture(scope="module")
def customer_id(graph_: Graph) -> str:
    """Return the id of the customer whose events are sent."""
    found: str = graph_.ask(ID)["customer"]["customerId"]
    return found


@pytest.mark.parametrize("name", OF_CUSTOMER)
def test_an_event_of_a_customer_drops_the_pages_of_that_customer(
    graph_: Graph, events: Sender, customer_id: str, name: str
) -> None:
    """Whatever identifier they were fetched by; those of another customer remain."""
    by_id = {"by": {"customerId": customer_id}}
    for variables in (MINE, by_id, OTHER):
        graph_.ask(PAGE, variables)
    assert [calls_of(graph_, PAGE, **each) for each in (MINE, by_id, OTHER)] == [0, 0, 0]
    assert events.send(customer_event(int(customer_id), name)) == "evicted"
    assert [calls_of(graph_, PAGE, **each) for each in (MINE, by_id, OTHER)] == [1, 1, 0]
    assert [calls_of(graph_, PAGE, **each) for each in (MINE, by_id, OTHER)] == [0, 0, 0]


@pytest.mark.parametrize("name", OF_DEFINITION)
def test_an_event_of_a_definition_drops_it_and_the_lists_of_its_program(
    graph_: Graph, events: Sender, name: str
) -> None:
    """The customers' pages and other programs remain."""
    for query in (LIST, OTHER_LIST, ONE):
        graph_.ask(query)
    graph_.ask(PAGE, MINE)
    assert [calls_of(graph_, query) for query in (LIST, OTHER_LIST, ONE)] == [0, 0, 0]
    assert events.send(definition_event(9001, 90010001, name)) == "evicted"
    assert [calls_of(graph_, query) > 0 for query in (LIST, OTHER_LIST, ONE)] == [True, False, True]
    assert calls_of(graph_, PAGE, **MINE) == 0


@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        (customer_event("1"), "evicted"),
        (customer_event("x1"), "incomplete"),
        (customer_event(None), "incomplete"),
        (customer_event([1]), "incomplete"),
        (customer_event(-1), "incomplete"),
        (customer_event(10**30), "incomplete"),
        (customer_event(1.5), "incomplete"),
        ({"eventName": "promotionEarned"}, "incomplete"),
        ({"eventName": "promotionEarned", "data": [1]}, "incomplete"),
        ({"eventName": "promotionUpdated", "data": {"promotionId": 1}}, "incomplete"),
        (
            {"eventName": "promotionUpdated", "data": {"promotionId": 1, "programId": "2"}},
            "evicted",
        ),
        (definition_event("9001", "90010001"), "evicted"),
        ({"eventName": "customerUpdated"}, "unknown"),
        ({"eventName": ["promotionEarned"]}, "unknown"),
        ({"eventName": "other"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_what_cannot_be_used_is_taken_all_the_same(
    events: Sender, event: Any, outcome: str
) -> None:
    """It would be the same when it is sent again: 200, and counted."""
    before = scrape(str(events.http.base_url))
    assert events.send(event) == outcome
    after = scrape(str(events.http.base_url))
    grown = {
        name: value - before[name]
        for name, value in after.items()
        if name.startswith("gateway_webhook_events_total") and value != before[name]
    }
    name = event.get("eventName", "other")
    known = name if name in (*OF_CUSTOMER, *OF_DEFINITION) else "other"
    series = f'gateway_webhook_events_total{{event="{known}",outcome="{outcome}"}}'
    assert grown == {series: 1}


@pytest.mark.parametrize(
    "identity",
    [
        {"eventId": "7b1"},
        {"eventId": 71},
        {"loyaltyEventId": "7b1-old"},
        {"refId": "1_2", "apiRequestId": "2"},
    ],
)
def test_an_event_is_taken_once(
    graph_: Graph, events: Sender, customer_id: str, identity: dict[str, Any]
) -> None:
    """Sent again, it drops nothing."""
    event = customer_event(int(customer_id), **identity)
    assert events.send(event) == "evicted"
    graph_.ask(PAGE, MINE)
    assert events.send(event) == "repeated"
    assert calls_of(graph_, PAGE, **MINE) == 0


@pytest.mark.parametrize("identity", [{}, {"eventId": ""}, {"eventId": "x" * 300}, {"refId": "1"}])
def test_an_event_without_an_identity_is_taken_each_time(
    events: Sender, identity: dict[str, Any]
) -> None:
    """Dropping twice is harmless, and missing an event is not."""
    assert [events.send(customer_event(1, **identity)) for _ in range(2)] == ["evicted"] * 2


def test_an_event_with_the_name_of_another_is_another(events: Sender) -> None:
    """Where the name is part of the identity, the cause may have had several effects."""
    cause = {"refId": "1_9", "apiRequestId": "9"}
    names = ("promotionIssued", "promotionEarned")
    assert [events.send(customer_event(1, name, **cause)) for name in names] == ["evicted"] * 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"1",
        b"[1",
        b"\xef\xbb\xbf",
        "{}".encode("utf-16"),
        b'"x"',
        b"null",
        b"\xff",
        b"[" * 200_000,
    ],
)
def test_what_is_no_json_object_is_refused(events: Sender, body: bytes) -> None:
    """The platform does not send it again after a 400."""
    answer = events.post(body)
    assert (answer.status_code, _code(answer)) == (400, "BAD_REQUEST")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda each: (
            st.lists(each)
            | st.dictionaries(
                st.sampled_from(
                    ["eventName", "eventId", "data", "customerIdentifiers", "customerId"]
                ),
                each | st.sampled_from(OF_CUSTOMER),
            )
        ),
    )
)
def test_any_json_is_taken_or_refused(events: Sender, event: Any) -> None:
    """No body is an internal error."""
    expected = {200} if isinstance(event, dict | list) else {400}
    assert events.post(json.dumps(event).encode()).status_code in expected


def test_a_body_above_256_kib_is_refused(events: Sender) -> None:
    """One of exactly 256 KiB is read."""
    event = b'{"eventName": "x"}'
    assert events.post(event.ljust(256 * 1024)).status_code == 200
    answer = events.post(event.ljust(256 * 1024 + 1))
    assert (answer.status_code, _code(answer)) == (413, "PAYLOAD_TOO_LARGE")
    pieces = iter([b" " * 200_000, b" " * 200_000])
    chunked = events.http.post(PATH, content=pieces, headers={HEADER: SECRET})
    assert (chunked.status_code, _code(chunked)) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {HEADER: ""},
        {HEADER: SECRET[:-1]},
        {HEADER: SECRET + "x"},
        {HEADER: SECRET.upper()},
        {"Authorization": SECRET},
    ],
)
def test_another_secret_is_refused(
    graph_: Graph, events: Sender, customer_id: str, headers: dict[str, str]
) -> None:
    """Nothing is dropped, and the body is not read."""
    graph_.ask(PAGE, MINE)
    answer = events.post(customer_event(int(customer_id)), headers)
    assert (answer.status_code, _code(answer)) == (401, "UNAUTHENTICATED")
    assert "www-authenticate" in answer.headers
    assert SECRET not in answer.text
    assert calls_of(graph_, PAGE, **MINE) == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_another_method_is_refused(events: Sender, method: str) -> None:
    """The path takes POST alone."""
    answer = events.http.request(method, PATH, headers={HEADER: SECRET})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_without_a_secret_there_is_no_webhook(gateway_url: str) -> None:
    """The path does not exist, and nothing is evicted."""
    with Sender(gateway_url) as sender:
        assert sender.post(customer_event(1)).status_code == 404


def test_the_header_has_the_configured_name(sandbox_url: str) -> None:
    """The secret is taken from that header alone."""
    with (
        serve_gateway(sandbox_url, **CACHING, webhook_header="Authorization") as url,
        Sender(url) as sender,
    ):
        assert sender.post({}, {"Authorization": SECRET}).status_code == 200
        assert sender.post({}, {HEADER: SECRET}).status_code == 401


def test_the_webhook_has_a_rate_limit_of_its_own(sandbox_url: str) -> None:
    """Events do not count as operations, nor wrong secrets as nothing."""
    limits = {"webhook_rate_limit_per_minute": 3, "rate_limit_per_minute": 1}
    with (
        graph_over(sandbox_url, **CACHING, **limits) as graph,
        Sender(str(graph.http.base_url)) as sender,
    ):
        assert sender.post({}, {}).status_code == 401
        assert [sender.post({}).status_code for _ in range(2)] == [200, 200]
        answer = sender.post({})
        assert (answer.status_code, _code(answer)) == (429, "RATE_LIMITED")
        assert int(answer.headers["retry-after"]) > 0
        assert graph.errors(ID) == []


def test_pages_of_other_origins_may_not_read_the_webhook(sandbox_url: str) -> None:
    """It has no CORS headers, whichever origins the graph allows."""
    allowed: dict[str, Any] = {"cors_origins": ("https://shop.example",)}
    with serve_gateway(sandbox_url, **CACHING, **allowed) as url, Sender(url) as sender:
        answer = sender.post({}, {HEADER: SECRET, "Origin": "https://shop.example"})
        assert "access-control-allow-origin" not in answer.headers


def test_an_event_is_a_line_of_the_log(sandbox_url: str, log: Lines) -> None:
    """It names the promotion, and the customer by a hash."""
    with serve_gateway(sandbox_url, **CACHING) as url, Sender(url) as sender:
        for customer in (564332013, 564332013, 564332014):
            sender.send(customer_event(customer))
        sender.send(definition_event(9001, 90010001))
    first, again, other, definition = log.of("webhook_event")
    assert first["name"] == "promotionIssued"
    assert first["outcome"] == "evicted"
    assert first["customer"] == again["customer"] != other["customer"]
    assert (definition["program"], definition["promotion"]) == (9001, 90010001)
    assert "564332013" not in log.stream.getvalue()
    assert SECRET not in log.stream.getvalue()


def _code(answer: Any) -> str:
    (error,) = answer.json()["errors"]
    code: str = error["extensions"]["code"]
    return code
