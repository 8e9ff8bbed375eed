"""A request's trace and id are sent with each of its calls, and affect nothing."""

import asyncio
import json
from threading import Event
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from tests.support.graph import graph_over
from tests.support.raw_http import POST, connect, until_closed
from tests.support.scripted_platform import platform

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
TRACE = {"traceparent": PARENT, "tracestate": "rojo=1,congo=t61rcWkgMzE", "x-request-id": "mine-1"}
CUSTOMER = '{customer(by:{externalId:"C-ONE"}){customerId}}'
PROGRAM = '{program(programId:"973"){promotions(first:1){nodes{name}}}}'
OAUTH: dict[str, Any] = {
    "upstream_auth": "oauth",
    "upstream_oauth_key": "sandbox-key",
    "upstream_oauth_secret": "sandbox-secret",
}


def _trace(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name in TRACE}


@pytest.mark.parametrize("query", [CUSTOMER, PROGRAM])
def test_every_call_carries_the_trace_of_its_request(query: str) -> None:
    """The token request has them, too."""
    with platform() as (scripted, url), graph_over(url, **OAUTH) as graph:
        graph.answer(query, None, **TRACE)
        assert len(scripted.requests) >= 2
        assert scripted.requests[0].url.path.endswith("/token/generate")
        assert [_trace(request) for request in scripted.requests] == [TRACE] * len(
            scripted.requests
        )


def test_an_id_that_was_made_here_goes_upstream() -> None:
    """The response has the same id; an invalid id or trace is not passed on."""
    with platform() as (scripted, url), graph_over(url) as graph:
        for headers in ({}, {"X-Request-Id": "a b", "traceparent": "00-1", "tracestate": "a=b"}):
            graph.http.delete("/__calls")
            scripted.requests.clear()
            answer = graph.http.post("/graphql", json={"query": CUSTOMER}, headers=headers)
            (request,) = scripted.requests
            assert _trace(request) == {"x-request-id": answer.headers["x-request-id"]}
            assert len(answer.headers["x-request-id"]) == 32


def test_each_request_has_its_own_on_a_connection_that_is_kept() -> None:
    """Nothing of the previous request is sent again."""
    with platform() as (scripted, url), graph_over(url) as graph:
        seen = []
        for headers in (TRACE, {"traceparent": OTHER, "x-request-id": "mine-2"}, TRACE):
            graph.answer(CUSTOMER, None, **headers)
            seen += [_trace(request) for request in scripted.requests]
        assert seen == [TRACE, {"traceparent": OTHER, "x-request-id": "mine-2"}, TRACE]


def test_what_is_kept_is_kept_for_every_trace() -> None:
    """A trace is part of no cache key."""
    kept = {"cache_customer_ttl_s": 60, "cache_definition_ttl_s": 60}
    with platform() as (scripted, url), graph_over(url, **kept) as graph:
        for query in (CUSTOMER, PROGRAM):
            graph.answer(query, None, **TRACE)
            assert len(scripted.requests) > 0
            graph.answer(query, None, traceparent=OTHER)
            assert scripted.requests == []


def test_a_call_that_two_share_has_the_trace_of_the_first() -> None:
    """Equal calls with different traces are one call."""
    reached, both_wait = Event(), Event()

    async def held(_: Request) -> Response | None:
        reached.set()
        await asyncio.to_thread(both_wait.wait, 5)
        return None

    with platform() as (scripted, url), graph_over(url) as graph:
        scripted.responses["promotionData"] = held
        with (
            connect(str(graph.http.base_url)) as first,
            connect(str(graph.http.base_url)) as second,
        ):
            first.sendall(_posted(TRACE))
            assert reached.wait(5)
            second.sendall(_posted({"traceparent": OTHER, "x-request-id": "mine-2"}))
            for _ in range(3):  # what has been sent before is under way when these are answered
                graph.http.post("/graphql", json={"query": "{__typename}"})
            both_wait.set()
            assert '"coalesced":0' in until_closed(first).decode()
            assert '"coalesced":1' in until_closed(second).decode()
        assert [_trace(request) for request in scripted.requests] == [TRACE]


def _posted(headers: dict[str, str]) -> bytes:
    """Encode a request that closes its connection."""
    body = json.dumps({"query": CUSTOMER})
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    length = f"Content-Length: {len(body)}\r\nConnection: close\r\n"
    return f"{POST.decode()}{length}{lines}\r\n{body}".encode()
