"""A write is sent once, whatever becomes of it: counted by a server of raw sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest

from gateway.context import CallBudget, Caller, RequestContext
from gateway.errors import (
    BudgetExceededError,
    UpstreamBadPayloadError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from gateway.upstream.call import UpstreamCall
from gateway.upstream.client import UpstreamClient
from gateway.upstream.credentials import Credential
from gateway.upstream.resilience.circuit_scope import FAILURES_TO_OPEN
from gateway.upstream.resilience.traffic_shaping import create_traffic_shaping
from gateway.upstream.response import UpstreamResponse
from tests.sandbox.client import NOW
from tests.support.graph import settings_for
from tests.support.raw_server import OK, RawServer, Step, client_of, get, raw

pytestmark = pytest.mark.anyio

BODY = b'{"a":1}'


def _status(status: str, headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: 2\r\n\r\n{{}}".encode()


class Call(UpstreamCall[bytes]):
    """A call to an endpoint of its own."""

    endpoint = "enrolAndEarn"

    def read(self, body: bytes, *, is_own: bool) -> bytes:
        """Return the body."""
        return body


class Renewable(Credential):
    """A credential for which there is always a newer one."""

    fixed: Mapping[str, str] | None = {"Authorization": "Basic x"}

    def rejected(self, headers: Mapping[str, str]) -> bool:
        """Return that other headers may be accepted."""
        return True


class Platform(NamedTuple):
    """A client, and a server that counts what it sends."""

    client: UpstreamClient
    server: RawServer

    def request(self, within_s: float = 5.0, calls: int = 40) -> RequestContext:
        """Return a request with this time and this many calls."""
        deadline = asyncio.get_running_loop().time() + within_s
        return RequestContext("1", NOW, Caller(), deadline, CallBudget(calls))

    async def post(self, within_s: float = 5.0, calls: int = 40) -> UpstreamResponse:
        """Send a write."""
        return await self.client.send_once(Call("/write", self.request(within_s, calls)), BODY)

    @property
    def writes(self) -> list[bytes]:
        """Return the bodies of the writes that have arrived."""
        requests = [request for each in self.server.requests for request in each]
        return [
            request.partition(b"\r\n\r\n")[2]
            for request in requests
            if request.startswith(b"POST /write HTTP/1.1\r\n")
        ]


@asynccontextmanager
async def platform(*scripts: Sequence[Step]) -> AsyncIterator[Platform]:
    """Serve these scripts, each for one connection."""
    async with raw(*scripts) as server, client_of(server.url) as http:
        traffic = create_traffic_shaping(settings_for(server.url))
        yield Platform(UpstreamClient(http, Renewable(), traffic, 1000, 5.0), server)


@pytest.mark.parametrize(
    ("step", "status"),
    [
        (Step(OK), 200),
        (Step(b"", "close"), None),
        (Step(b"", "reset"), None),
        (Step(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{", "close"), None),
        (Step(b"HTTP/1.1 200 OK\r\nContent-Le", "reset"), None),
        (Step(b"nonsense\r\n\r\n"), None),
        (Step(_status("302 Found", "Location: /write\r\n")), 302),
        (Step(_status("400 Bad Request")), 400),
        (Step(_status("401 Unauthorized")), 401),
        (Step(_status("403 Forbidden")), 403),
        (Step(_status("408 Request Timeout"), "close"), 408),
        (Step(_status("429 Too Many Requests", "Retry-After: 0\r\n")), 429),
        (Step(_status("498 Token Expired")), 498),
        (Step(_status("500 Internal Server Error")), 500),
        (Step(_status("502 Bad Gateway")), 502),
        (Step(_status("503 Service Unavailable", "Retry-After: 0\r\n")), 503),
        (Step(_status("504 Gateway Timeout")), 504),
        (Step(_status("521 Busy")), 521),
    ],
)
async def test_a_write_is_sent_once_whatever_is_answered(step: Step, status: int | None) -> None:
    """Not again on another connection, nor with the newer credential that there is."""
    async with platform([step], [Step(OK)]) as each:
        response = await each.post()
        assert (response.status, response.was_sent) == (status, True)
        assert each.writes == [BODY]


async def test_a_write_without_an_answer_ends_at_its_deadline() -> None:
    """It is the error of a time-out, and has been sent once."""
    async with platform([Step(b"")], [Step(OK)]) as each:
        request = each.request(within_s=0.2)
        with pytest.raises(UpstreamTimeoutError):
            await each.client.send_once(Call("/write", request), BODY)
        assert each.writes == [BODY]
        assert request.report.calls == 1


async def test_an_answer_that_cannot_be_read_does_not_repeat_a_write() -> None:
    """Here it is too large."""
    large = b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b" " * 2000
    async with platform([Step(large)], [Step(OK)]) as each:
        request = each.request()
        with pytest.raises(UpstreamBadPayloadError):
            await each.client.send_once(Call("/write", request), BODY)
        assert each.writes == [BODY]
        assert request.report.calls == 1


async def test_a_write_uses_no_connection_that_others_have_used() -> None:
    """The platform may close an idle one just then, and the write would be in doubt."""
    async with platform([Step(OK), Step(OK)], [Step(b"", "reset")]) as each:
        assert (await get(each.client.http)).status == 200  # type: ignore[arg-type]  # an Http1Client
        assert (await each.post()).status is None
        assert [len(requests) for requests in each.server.requests] == [1, 1]
        assert each.writes == [BODY]


async def test_a_write_that_finds_no_connection_was_not_sent() -> None:
    """So the platform knows nothing of it."""
    async with platform([Step(OK)]) as each:
        free = socket.create_server(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        async with client_of(f"http://127.0.0.1:{port}") as http:
            traffic = create_traffic_shaping(settings_for("http://127.0.0.1"))
            client = UpstreamClient(http, Renewable(), traffic, 1000, 5.0)
            response = await client.send_once(Call("/write", each.request()), BODY)
        assert (response.status, response.was_sent) == (None, False)


async def test_an_open_breaker_sends_no_write() -> None:
    """Failed writes open the breaker of their endpoint, and the next one does not leave."""
    async with platform([Step(_status("500 Internal Server Error"), "close")]) as each:
        for _ in range(FAILURES_TO_OPEN):
            await each.post()
        request = each.request()
        with pytest.raises(UpstreamUnavailableError):
            await each.client.send_once(Call("/write", request), BODY)
        assert len(each.writes) == FAILURES_TO_OPEN
        assert request.report.calls == 0


async def test_a_write_counts_in_the_call_budget_and_the_quota() -> None:
    """Without a call left it is not sent."""
    async with platform([Step(OK)]) as each:
        with pytest.raises(BudgetExceededError):
            await each.post(calls=0)
        assert each.writes == []
        request = each.request(calls=1)
        await each.client.send_once(Call("/write", request), BODY)
        assert (request.budget.spent, request.report.calls) == (1, 1)
