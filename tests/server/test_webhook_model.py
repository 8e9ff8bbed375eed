"""What changes at the platform shows in two gateways that cache, as soon as its event is taken."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.sandbox.app import create_sandbox
from tests.sandbox.client import SandboxClient
from tests.sandbox.writing import enrol, old_id, revoke
from tests.support.commands import until
from tests.support.graph import Graph, graph_over
from tests.support.serving import serve
from tests.support.valkey import Valkey
from tests.support.webhooks import CACHING, HEADER, PATH, SECRET, Sender, customer_event

CUSTOMERS = ("C-ENROL", "C-ENROLLED")
PAGE = """query Page($by: CustomerIdentifier!) { customer(by: $by) { promotions(first: 20) { nodes {
  promotion { name definition { status updatedAt } } enrolments { enrolmentId } } } } }"""
LIST = """{ program(programId: "9031") { promotions(first: 50) { nodes { name description } } } }"""
_PATIENCE_S = 5.0

_STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["enrol", "revoke", "rename", "read"]), st.sampled_from(CUSTOMERS)
        ),
        st.tuples(st.just("receiver"), st.sampled_from([0, 1])),
    ),
    max_size=12,
)


class Fleet:
    """Two gateways on one Valkey, one that caches nothing, and the sandbox below all of them."""

    def __init__(self, platform: SandboxClient, caching: list[Graph], plain: Graph) -> None:
        self.platform, self.caching, self.plain = platform, caching, plain
        self._urls = [str(graph.http.base_url).rstrip("/") for graph in caching]
        self._names = 0
        self.receiver(0)

    def receiver(self, number: int) -> None:
        """Send events to one of the gateways from now on, each twice."""
        target = {"url": self._urls[number] + PATH, "header": HEADER, "secret": SECRET, "copies": 2}
        self.platform.put("/__webhook", json=target).raise_for_status()

    def enrol(self, customer: str) -> None:
        """Enrol a customer once more, unless a limit is reached."""
        enrol(self.platform, customer).raise_for_status()

    def revoke(self, customer: str) -> None:
        """Withdraw a customer from all that there is to withdraw from."""
        assert revoke(self.platform, customer).status_code in {200, 400}

    def rename(self, customer: str) -> None:
        """Change the definition of what a customer has."""
        self._names += 1
        path = f"/__promotions/9031/{old_id(customer)}"
        self.platform.put(path, json={"description": f"no. {self._names}"}).raise_for_status()

    def settle(self) -> None:
        """Wait until all events are taken."""
        events = self.platform.get("/__webhook", params={"settled": "true"}).json()["events"]
        assert {event["outcome"] for event in events} <= {"delivered"}

    def check(self, customer: str) -> None:
        """Assert that all three show the same; one gateway learns of an event by the other."""
        variables = {"by": {"externalId": customer}}
        for query, given_ in ((PAGE, variables), (LIST, None)):
            expected = self.plain.ask(query, given_)
            for graph in self.caching:
                assert until(partial(_shows, graph, query, given_, expected), _PATIENCE_S)


def _shows(graph: Graph, query: str, variables: Any, expected: Any) -> bool:
    return bool(graph.ask(query, variables) == expected)


def _takes_events(sender: Sender) -> bool:
    return sender.post(customer_event(1)).status_code == 200


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """Serve it for all examples: what one has changed, the next one finds."""
    valkey = Valkey()
    shared: dict[str, Any] = {"cache_url": valkey.url, "cache_key_secret": "a secret of the tests"}
    with ExitStack() as stack:
        stack.callback(valkey.stop)
        sandbox = stack.enter_context(serve(create_sandbox()))
        caching = [stack.enter_context(graph_over(sandbox, **CACHING, **shared)) for _ in range(2)]
        for graph in caching:
            sender = stack.enter_context(Sender(str(graph.http.base_url)))
            assert until(partial(_takes_events, sender))
        plain = stack.enter_context(graph_over(sandbox))
        yield Fleet(stack.enter_context(SandboxClient(sandbox)), caching, plain)


@settings(max_examples=10, deadline=None)
@given(_STEPS)
def test_two_gateways_show_what_the_platform_says_after_its_events(
    fleet: Fleet, steps: list[tuple[str, Any]]
) -> None:
    """Whichever takes the event, and however often it comes."""
    for name, argument in steps:
        if name == "receiver":
            fleet.receiver(argument)
        elif name == "read":
            fleet.check(argument)
        else:
            getattr(fleet, name)(argument)
            fleet.settle()
    for customer in CUSTOMERS:
        fleet.check(customer)
