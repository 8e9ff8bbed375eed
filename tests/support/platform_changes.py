"""A sandbox whose definitions change, and which sends its events to a gateway."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gateway.sandbox.app import create_sandbox
from gateway.sandbox.faults.spec import parse_fault
from tests.sandbox.client import NOW, SandboxClient, new_world
from tests.support.graph import Graph
from tests.support.serving import serve
from tests.support.webhooks import HEADER, PATH, SECRET


class Changing:
    """The sandbox at `url`: what a test changes there, and what has been requested."""

    def __init__(self, url: str, client: SandboxClient) -> None:
        self.url, self.client = url, client

    def send_events_to(self, graph: Graph, copies: int = 1) -> None:
        """Send events to a gateway from now on."""
        url = str(graph.http.base_url).rstrip("/") + PATH
        target = {"url": url, "header": HEADER, "secret": SECRET, "copies": copies}
        self.client.put("/__webhook", json=target).raise_for_status()

    def settle(self) -> None:
        """Wait until all events are taken."""
        events = self.client.get("/__webhook", params={"settled": "true"}).json()["events"]
        assert {event["outcome"] for event in events} <= {"delivered"}

    def change(self, program_id: int, promotion_id: int, **facts: Any) -> None:
        """Change or make a definition, and wait until its event is taken."""
        path = f"/__promotions/{program_id}/{promotion_id}"
        self.client.put(path, json=facts).raise_for_status()
        self.settle()

    def play(self, *faults: str) -> None:
        """Play these faults from now on."""
        self.client.put("/__faults", json=list(faults)).raise_for_status()

    def requested(self, endpoint: str) -> list[str]:
        """Return the queries of the calls to an endpoint since they were last counted anew."""
        log = self.client.get("/__calls").json()["log"]
        return [call["query"] for call in log if call["endpoint"] == endpoint]

    def count_anew(self) -> None:
        """Forget the calls."""
        self.client.delete("/__calls")


@contextmanager
def changing(*faults: str, **options: Any) -> Iterator[Changing]:
    """Serve a sandbox of its own."""
    sandbox = create_sandbox(
        new_world(),
        clock=lambda: NOW,
        faults=[parse_fault(each) for each in faults],
        **options,
    )
    with serve(sandbox) as url, SandboxClient(url) as client:
        yield Changing(url, client)
