"""A gateway on a sandbox that plays faults, over real sockets."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from gateway.sandbox.app import create_sandbox
from gateway.sandbox.faults.spec import parse_fault
from tests.sandbox.client import NOW, shared_world
from tests.support.graph import Graph, graph_over
from tests.support.http_client import client
from tests.support.serving import serve

WORLD = shared_world()
QUERY = '{ customer(by: {externalId: "C-ONE"}) { promotions(first: 1) { totalCount } } }'


@contextmanager
def faulty(*faults: str, **overrides: Any) -> Iterator[tuple[Graph, httpx.Client]]:
    """Serve a gateway on a sandbox with these faults; return a client of each."""
    sandbox = create_sandbox(WORLD, clock=lambda: NOW, faults=[parse_fault(f) for f in faults])
    with (
        serve(sandbox) as url,
        graph_over(url, **overrides) as graph,
        client(url) as platform,
    ):
        yield graph, platform


def ask(graph: Graph) -> str:
    """Send a query as one of many clients; return its error code, or "ok"."""
    answer = graph.http.post("/graphql", json={"query": QUERY}).json()
    errors = answer.get("errors")
    return errors[0]["extensions"]["code"] if errors else "ok"


def calls(platform: httpx.Client) -> int:
    """Count the platform's calls since it started."""
    total: int = platform.get("/__calls").json()["total"]
    return total
