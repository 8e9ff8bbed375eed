"""Calls in flight when what they are about is evicted, where nothing is cached."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gateway.sandbox.app import create_sandbox
from tests.sandbox.client import NOW, SandboxClient, new_world
from tests.support.commands import until
from tests.support.graph import Graph, graph_over
from tests.support.serving import serve
from tests.support.webhooks import SECRET, Sender, customer_event, definition_event

BY_NAME = '{ customer(by: {externalId: "C-TEN"}) { promotions(first: 1) { totalCount } } }'
ID = '{ customer(by: {externalId: "C-TEN"}) { customerId } }'
LIST = '{ program(programId: "9001") { promotions(first: 5) { totalCount } } }'


def _calls(platform: SandboxClient) -> int:
    total: int = platform.get("/__calls").json()["total"]
    return total


@pytest.mark.parametrize("is_known", [True, False], ids=["known id", "unknown id"])
@pytest.mark.parametrize("is_mine", [True, False], ids=["own event", "another's event"])
def test_a_call_from_before_an_event_is_not_joined_after_it(
    *, is_known: bool, is_mine: bool
) -> None:
    """Unless the event is known to be about someone else."""

    def event(customer_id: int) -> Any:
        return customer_event(customer_id if is_mine else customer_id + 1)

    joined = is_known and not is_mine
    assert _calls_of_two(BY_NAME, event, is_known=is_known) == (1 if joined else 2)


@pytest.mark.parametrize(("program_id", "calls"), [(9001, 2), (9002, 1)])
def test_a_list_from_before_an_event_is_not_joined_after_it(program_id: int, calls: int) -> None:
    """Lists of other programs are."""
    assert _calls_of_two(LIST, lambda _: definition_event(program_id, 1), is_known=False) == calls


def _calls_of_two(query: str, event: Callable[[int], Any], *, is_known: bool) -> int:
    """Return the calls of two equal queries at the same time, with an event in between."""
    with (
        serve(create_sandbox(new_world(), clock=lambda: NOW)) as sandbox,
        SandboxClient(sandbox) as platform,
        graph_over(sandbox, webhook_secret=SECRET) as graph,
        graph_over(sandbox) as other,
        Sender(str(graph.http.base_url)) as sender,
        ThreadPoolExecutor() as pool,
    ):
        customer_id = int(_ask(graph if is_known else other, ID)["customer"]["customerId"])
        platform.put("/__latency", json={"ms": 700})
        platform.delete("/__calls")
        first = pool.submit(_ask, graph, query)
        assert until(lambda: _calls(platform) == 1)
        sender.send(event(customer_id))
        second = pool.submit(_ask, graph, query)
        assert first.result() == second.result()
        return _calls(platform)


def _ask(graph: Graph, query: str) -> Any:
    answer = graph.http.post("/graphql", json={"query": query}).json()
    assert "errors" not in answer
    return answer["data"]
