"""Events over two gateways that share a Valkey, and what becomes of them without it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.support.commands import until
from tests.support.graph import Graph, graph_over
from tests.support.metrics import scrape
from tests.support.valkey import Valkey
from tests.support.webhooks import CACHING, Sender, calls_of, customer_event, definition_event

PAGE = """query Page($by: CustomerIdentifier!) { customer(by: $by) {
  customerId promotions(first: 5) { totalCount } } }"""
BY_NAME, OTHER = {"by": {"externalId": "C-TEN"}}, {"by": {"externalId": "C-MIXED"}}
LIST = '{ program(programId: "9001") { promotions(first: 5) { nodes { id } } } }'
AVAILABLE = 'gateway_redis_available{use="evictions"}'


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """Return a server for one test."""
    server = Valkey()
    yield server
    server.stop()


class Replica:
    """A gateway: its graph, and what sends events to it."""

    def __init__(self, graph: Graph, sender: Sender) -> None:
        self.graph, self.sender = graph, sender
        self.url = str(graph.http.base_url)

    def is_available(self) -> bool:
        """Whether it shares evictions at present."""
        return scrape(self.url)[AVAILABLE] == 1

    def takes_events(self) -> bool:
        """Whether it keeps an event; one of a customer who does not exist."""
        return self.sender.post(customer_event(1)).status_code == 200


@contextmanager
def replicas(
    sandbox_url: str, valkey: Valkey, number: int = 2, **overrides: Any
) -> Iterator[list[Replica]]:
    """Serve gateways that share a server, and wait until they take events."""
    shared: dict[str, Any] = {"cache_url": valkey.url, "cache_key_secret": "a secret of the tests"}
    with ExitStack() as stack:
        found = []
        for _ in range(number):
            graph = stack.enter_context(graph_over(sandbox_url, **CACHING, **shared, **overrides))
            sender = stack.enter_context(Sender(str(graph.http.base_url)))
            found.append(Replica(graph, sender))
        for each in found:
            assert until(each.takes_events)
        yield found


def _id(graph: Graph) -> int:
    return int(graph.ask(PAGE, BY_NAME)["customer"]["customerId"])


def test_an_event_is_taken_by_one_replica_and_drops_in_both(
    sandbox_url: str, valkey: Valkey
) -> None:
    """Memory, the shared entry and the cached response; another customer's stay."""
    with replicas(sandbox_url, valkey) as (first, second):
        customer_id = _id(first.graph)
        second.graph.ask(PAGE, BY_NAME)
        second.graph.ask(PAGE, OTHER)
        assert calls_of(second.graph, PAGE, **BY_NAME) == 0
        event = customer_event(customer_id, eventId="one")
        assert first.sender.send(event) == "evicted"
        assert calls_of(first.graph, PAGE, **BY_NAME) == 1, "here at once"
        assert until(lambda: second.sender.send(event) == "repeated")
        assert calls_of(second.graph, PAGE, **BY_NAME) == 0, "the new entry is shared"
        assert calls_of(second.graph, PAGE, **OTHER) == 0


def test_the_other_replica_fetches_again_what_it_has_in_memory(
    sandbox_url: str, valkey: Valkey
) -> None:
    """Its own entry is outdated as soon as it has heard of the event."""
    with replicas(sandbox_url, valkey) as (first, second):
        customer_id = _id(second.graph)
        for query in (PAGE, LIST):
            second.graph.ask(query, BY_NAME if query is PAGE else None)
        first.sender.send(customer_event(customer_id))
        first.sender.send(definition_event(9001, 1))
        assert until(lambda: calls_of(second.graph, PAGE, **BY_NAME) == 1)
        assert until(lambda: calls_of(second.graph, LIST) > 0)


def test_a_new_replica_is_not_served_what_was_evicted_before_it_began(
    sandbox_url: str, valkey: Valkey
) -> None:
    """The entry is still in Redis; what has been fetched since is served."""
    with replicas(sandbox_url, valkey, 1) as (first,):
        customer_id = _id(first.graph)
        first.graph.ask(PAGE, OTHER)
        first.sender.send(customer_event(customer_id))
        with replicas(sandbox_url, valkey, 1) as (second,):
            assert calls_of(second.graph, PAGE, **OTHER) == 0
            assert calls_of(second.graph, PAGE, **BY_NAME) == 1


def test_an_event_that_redis_does_not_take_is_to_be_sent_again(
    sandbox_url: str, valkey: Valkey
) -> None:
    """503 with Retry-After; it is dropped here at once, and there when Redis is back."""
    with replicas(sandbox_url, valkey) as (first, second):
        customer_id = _id(first.graph)
        second.graph.ask(PAGE, BY_NAME)
        valkey.stop()
        assert until(lambda: not first.is_available() and not second.is_available())
        answer = first.sender.post(customer_event(customer_id, eventId="one"))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json()["errors"][0]["extensions"]["code"] == "OVERLOADED"
        assert calls_of(first.graph, PAGE, **BY_NAME) == 1
        assert calls_of(second.graph, PAGE, **BY_NAME) == 0, "until its TTL ends, or Redis is back"
        valkey.start()
        assert until(lambda: first.takes_events() and second.takes_events())
        assert first.sender.send(customer_event(customer_id, eventId="one")) == "evicted"
        assert until(lambda: calls_of(second.graph, PAGE, **BY_NAME) == 1)
        assert second.sender.send(customer_event(customer_id, eventId="one")) == "repeated"


def test_what_was_evicted_in_an_outage_is_evicted_in_all_replicas_after_it(
    sandbox_url: str, valkey: Valkey
) -> None:
    """Although nobody sends the event again."""
    with replicas(sandbox_url, valkey, redis_min_timeout_s=1) as (first, second):
        customer_id = _id(first.graph)
        second.graph.ask(PAGE, BY_NAME)
        valkey.pause()
        assert until(lambda: not first.is_available())
        assert first.sender.post(customer_event(customer_id)).status_code == 503
        valkey.resume()
        assert until(lambda: first.is_available() and second.is_available())
        assert until(lambda: calls_of(second.graph, PAGE, **BY_NAME) == 1)


def test_nothing_is_dropped_by_an_outage_alone(sandbox_url: str, valkey: Valkey) -> None:
    """A server that hangs for a while has lost no eviction."""
    with replicas(sandbox_url, valkey, 1, redis_min_timeout_s=1) as (first,):
        first.graph.ask(PAGE, BY_NAME)
        valkey.pause()
        assert until(lambda: not first.is_available())
        valkey.resume()
        assert until(first.is_available)
        assert calls_of(first.graph, PAGE, **BY_NAME) == 0
