"""Abandoned calls: their connection is closed, and the breaker counts the timeouts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest

from gateway.context import CallBudget, Caller, RequestContext
from gateway.errors import UpstreamTimeoutError
from gateway.upstream.call import UpstreamCall
from gateway.upstream.client import UpstreamClient
from gateway.upstream.credentials import FixedCredential
from gateway.upstream.resilience.circuit_breaker import CircuitState
from gateway.upstream.resilience.circuit_scope import FAILURES_TO_OPEN
from gateway.upstream.resilience.traffic_shaping import create_traffic_shaping
from tests.sandbox.client import NOW
from tests.support.graph import settings_for
from tests.support.raw_server import RawServer, Step, client_of, raw

pytestmark = pytest.mark.anyio

ENDPOINT = "promotionData"


class Call(UpstreamCall[bytes]):
    """A call to that endpoint."""

    endpoint = ENDPOINT

    def read(self, body: bytes, *, is_own: bool) -> bytes:
        """Return the body."""
        return body


class Gateway(NamedTuple):
    """A client, and a platform that accepts calls and sends nothing."""

    client: UpstreamClient
    server: RawServer

    async def get(self, within_s: float = 5.0) -> bytes:
        """Send a call with this time until its deadline."""
        deadline = asyncio.get_running_loop().time() + within_s
        request = RequestContext("1", NOW, Caller(), deadline, CallBudget(40))
        return await self.client.send(Call("/?a=b", request))

    @property
    def state(self) -> CircuitState:
        """Return the breaker's state."""
        return self.client.traffic.of(ENDPOINT).breaker.state


@asynccontextmanager
async def silent(deadline_s: float = 0.5) -> AsyncIterator[Gateway]:
    """Serve a platform that sends nothing to operations with this time."""
    async with raw([Step(b"")]) as server, client_of(server.url) as http:
        traffic = create_traffic_shaping(settings_for(server.url))
        client = UpstreamClient(http, FixedCredential({}), traffic, 1000, deadline_s)
        yield Gateway(client, server)


async def test_a_call_whose_client_has_gone_ends_its_connection() -> None:
    """The platform sees it, and the breaker counts no failure."""
    async with silent() as gateway:
        for number in range(FAILURES_TO_OPEN):
            leaving = asyncio.create_task(gateway.get())
            await gateway.server.request_on(number)
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving
            await gateway.server.end_of(number)
        assert gateway.state is CircuitState.CLOSED


async def test_a_call_whose_deadline_has_passed_ends_its_connection() -> None:
    """The platform sees it, and after five in a row the breaker opens."""
    async with silent() as gateway:
        for number in range(FAILURES_TO_OPEN):
            assert gateway.state is CircuitState.CLOSED
            with pytest.raises(UpstreamTimeoutError):
                await gateway.get(within_s=0.5)
            await gateway.server.end_of(number)
        assert gateway.state is CircuitState.OPEN


async def test_a_call_without_time_does_not_blame_the_endpoint() -> None:
    """A call that begins just before its deadline says nothing about the endpoint."""
    async with silent(deadline_s=5.0) as gateway:
        for _ in range(2 * FAILURES_TO_OPEN):
            with pytest.raises(UpstreamTimeoutError):
                await gateway.get(within_s=0.05)
        assert gateway.state is CircuitState.CLOSED
