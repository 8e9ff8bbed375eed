"""Two gateways on one Valkey that write, cache and take events, and the sandbox below them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple

from gateway.sandbox.app import create_sandbox
from gateway.sandbox.world import World
from tests.sandbox.client import NOW, SandboxClient
from tests.sandbox.writing import customer_id, new_id, old_id
from tests.support.commands import until
from tests.support.graph import Graph, graph_over
from tests.support.serving import serve
from tests.support.valkey import Valkey
from tests.support.webhooks import CACHING, Sender, customer_event, definition_event
from tests.writes.support import ENROL, ISSUE, WITHDRAW

CUSTOMERS = ("C-ENROL", "C-ENROLLED", "C-DIRECT", "C-WITHDRAW", "C-UNCERTAIN", "C-GENERIC")
OLD, NEW = 9031, 9030
DEADLINE_S = 1.0
_LATE_S = 0.7
MUTATIONS = {"enrol": ENROL, "issue": ISSUE, "withdraw": WITHDRAW}
PAGE = """query Page($by: CustomerIdentifier!) { customer(by: $by) { promotions(first: 20) { nodes {
  promotion { promotionId } enrolments { enrolmentId issues { issueId } } } } } }"""
ONE = """query One($program: ID!, $id: ID!) { promotion(programId: $program, promotionId: $id) {
  description definition { source } } }"""
LIST = """query List($program: ID!) { program(programId: $program) { promotions(
  first: 100, includeInactive: true) { nodes { promotionId description } } } }"""

Held = dict[str, dict[str, set[str]]]
"""What a customer has: the ids of issues by the enrolment's, by the promotion's."""


class Answer(NamedTuple):
    """The payload of a mutation, or the code of the error that it has instead."""

    payload: dict[str, Any] | None
    code: str | None

    @property
    def result(self) -> Any:
        """Return what the same key has to be answered with."""
        payload = self.payload
        return payload and {key: payload[key] for key in payload if key != "customerPromotion"}


class Fleet:
    """The gateways, and what a test does to the platform without them.

    The platform's events are kept, not sent: a test delivers them as it likes.
    """

    def __init__(self, world: World, platform: SandboxClient, graphs: list[Graph]) -> None:
        self.world, self.platform, self.graphs = world, platform, graphs
        self._senders = [Sender(str(graph.http.base_url)) for graph in graphs]
        self._holdings = [(each, list(each.holdings)) for each in world.customers]
        self._definitions = [(each, list(each.definitions)) for each in world.programs.values()]
        self._unified = list(world.unified)
        self._pool = ThreadPoolExecutor(6)

    def reset(self) -> None:
        """Restore the platform's data, and drop what the gateways have of them."""
        self.play()
        for customer, holdings in self._holdings:
            customer.holdings[:] = holdings
        for program, definitions in self._definitions:
            program.definitions[:] = definitions
        self.world.unified[:] = self._unified
        for path in ("/__webhook", "/__writes"):
            self.platform.delete(path).raise_for_status()
        for name in CUSTOMERS:
            assert self.deliver(customer_event(customer_id(name)), 0) == "evicted"
            for program_id, promotion_id in ((OLD, old_id(name)), (NEW, new_id(name))):
                assert self.deliver(definition_event(program_id, promotion_id), 0) == "evicted"

    def takes_events(self, gateway: int) -> bool:
        """Whether a gateway takes events; that of a customer who does not exist."""
        return self._senders[gateway].post(customer_event(1)).status_code == 200

    def close(self) -> None:
        """Close the connections."""
        self._pool.shutdown()
        for sender in self._senders:
            sender.http.close()

    def deliver(self, event: Any, gateway: int) -> str:
        """Send an event to a gateway; return what became of it."""
        return self._senders[gateway].send(event)

    def events(self) -> list[Any]:
        """Return all events of the platform, in their order."""
        deliveries = self.platform.get("/__webhook").json()["events"]
        return [each["event"] for each in deliveries]

    def play(self, *faults: str) -> None:
        """Play these faults from now on."""
        self.platform.put("/__faults", json=list(faults)).raise_for_status()

    def writes(self) -> list[dict[str, Any]]:
        """Return the writes that have reached the platform."""
        log: list[dict[str, Any]] = self.platform.get("/__writes").json()["log"]
        return log

    def wait_for_last_write(self) -> None:
        """Wait until the last write has taken effect; a moment for one that never does."""
        until(lambda: bool(self.writes()[-1]["applied"]), _LATE_S)

    def write(self, gateway: int, action: str, given: dict[str, Any]) -> Answer:
        """Ask a gateway for an action."""
        answer = self.graphs[gateway].answer(MUTATIONS[action], {"input": given})
        if answer.get("data") is None:
            (error,) = answer["errors"]
            return Answer(None, error["extensions"]["code"])
        codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
        return Answer(answer["data"]["done"], codes[0] if codes else None)

    def write_at_once(self, *actions: tuple[int, str, dict[str, Any]]) -> list[Answer]:
        """Ask gateways for actions at the same time, each another one."""
        running = [self._pool.submit(self.write, *each) for each in actions]
        return [each.result() for each in running]

    def write_while_reading(
        self, gateway: int, action: str, given: dict[str, Any], delay_ms: int
    ) -> tuple[Answer, list[Held]]:
        """Ask a gateway for an action while the customer's page is read from both.

        The platform's responses to reads take so long.
        """
        self._delay(delay_ms)
        reads = [self._pool.submit(self._page, each, given["by"]) for each in (0, 1, gateway)]
        writing = self._pool.submit(self.write, gateway, action, given)
        reads += [self._pool.submit(self._page, gateway, given["by"])]
        pages = [each.result() for each in reads]
        answer = writing.result()
        self._delay(0)
        return answer, pages

    def deliver_while_reading(self, event: Any, gateway: int, name: str, delay_ms: int) -> str:
        """Send an event to a gateway while a customer's page is read from it."""
        self._delay(delay_ms)
        reads = [self._pool.submit(self._page, gateway, {"externalId": name}) for _ in range(2)]
        outcome = self.deliver(event, gateway)
        for each in reads:
            each.result()
        self._delay(0)
        return outcome

    def _delay(self, milliseconds: int) -> None:
        change = {"ms": milliseconds, "endpoint": "promotionData"}
        self.platform.put("/__latency", json=change).raise_for_status()

    def truth(self, name: str) -> Held:
        """Return what the platform says that a customer has."""
        return {
            str(each["promotionId"]): {
                str(timeline["enrollmentId"]): {
                    str(issue["issualId"]) for issue in timeline["issuedDetails"]
                }
                for timeline in each.get("customerPromotionTimelines", ())
            }
            for each in self.platform.promotions(name)
        }

    def page(self, gateway: int, by: dict[str, str]) -> Held:
        """Return what a gateway says that a customer has."""
        return _held_of(self.graphs[gateway].ask(PAGE, {"by": by}))

    def _page(self, gateway: int, by: dict[str, str]) -> Held:
        """Return the same, at the same time as others are asked."""
        body = {"query": PAGE, "variables": {"by": by}}
        return _held_of(self.graphs[gateway].http.post("/graphql", json=body).json()["data"])

    def description(self, gateway: int, program: int, promotion_id: int) -> str | None:
        """Return what a gateway says of a definition."""
        variables = {"program": str(program), "id": str(promotion_id)}
        found = self.graphs[gateway].ask(ONE, variables)["promotion"]
        text: str | None = found and found["description"]
        return text

    def listed(self, gateway: int, program: int, promotion_id: int) -> str | None:
        """Return what a gateway's list of a program says of a definition."""
        data = self.graphs[gateway].ask(LIST, {"program": str(program)})
        nodes = data["program"]["promotions"]["nodes"]
        return {each["promotionId"]: each["description"] for each in nodes}.get(str(promotion_id))


def _held_of(data: Any) -> Held:
    nodes = data["customer"]["promotions"]["nodes"]
    return {each["promotion"]["promotionId"]: held(each) for each in nodes}


def held(promotion: dict[str, Any]) -> dict[str, set[str]]:
    """Return the issues' ids by enrolment of a customer's promotion."""
    return {
        each["enrolmentId"]: {issue["issueId"] for issue in each["issues"]}
        for each in promotion["enrolments"] or ()
    }


@contextmanager
def fleet() -> Iterator[Fleet]:
    """Serve it all."""
    world = World.generate(today=NOW.date())
    with ExitStack() as stack:
        valkey = Valkey()
        stack.callback(valkey.stop)
        sandbox = stack.enter_context(serve(create_sandbox(world, clock=lambda: NOW)))
        settings: dict[str, Any] = CACHING | {
            "cache_url": valkey.url,
            "cache_key_secret": "a secret of the tests",
            "writes": True,
            "definitions": "both",
            "upstream_deadline_s": DEADLINE_S,
        }
        graphs = [stack.enter_context(graph_over(sandbox, **settings)) for _ in range(2)]
        platform = stack.enter_context(SandboxClient(sandbox))
        own = Fleet(world, platform, graphs)
        stack.callback(own.close)
        for gateway in range(2):
            assert until(partial(own.takes_events, gateway))
        yield own
