"""The undocumented parts of uvicorn's HTTP protocol that the gateway relies on, one a test."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

pytestmark = pytest.mark.anyio

GET = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"


class Transport(asyncio.Transport):
    """A connection that records what is done with it."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.calls, self.closed = b"", list[str](), False

    def write(self, data: Any) -> None:
        """Record data."""
        self.written += bytes(data)

    def close(self) -> None:
        """Record the close."""
        self.closed = True

    def is_closing(self) -> bool:
        """Whether it has been closed."""
        return self.closed

    def pause_reading(self) -> None:
        """Record the pause."""
        self.calls.append("pause_reading")

    def resume_reading(self) -> None:
        """Record the end of the pause."""
        self.calls.append("resume_reading")


class Application:
    """Responds once it is told to, and records the scopes and messages that it gets."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.messages: list[Message] = []
        self.may_respond = asyncio.Event()
        self.headers: list[tuple[bytes, bytes]] = [(b"content-length", b"0")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        self.scopes.append(scope)
        self.messages.append(await receive())
        await self.may_respond.wait()
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def application() -> Application:
    """Return an application that does not respond yet."""
    return Application()


@pytest.fixture
async def protocol(application: Application) -> AsyncIterator[HttpToolsProtocol]:
    """Yield uvicorn's own protocol of one connection, made as its server makes it."""
    config = uvicorn.Config(application, log_config=None, access_log=False, ws="none")
    config.load()
    protocol = HttpToolsProtocol(config=config, server_state=ServerState(), app_state={"key": 1})
    protocol.connection_made(Transport())
    yield protocol
    protocol.connection_lost(None)
    for task in [*protocol.tasks]:
        task.cancel()


def transport_of(protocol: HttpToolsProtocol) -> Transport:
    """Return the recording transport."""
    transport = protocol.transport
    assert isinstance(transport, Transport)
    return transport


async def settle() -> None:
    """Run all tasks until they wait."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_complete_head_starts_a_cycle_in_a_task(
    protocol: HttpToolsProtocol, application: Application
) -> None:
    """Its scope comes from `url` and `headers`, and has a copy of the lifespan's state."""
    assert protocol.cycle is None
    protocol.data_received(GET)
    assert isinstance(protocol.cycle, RequestResponseCycle)
    assert len(protocol.tasks) == 1
    await settle()
    (scope,) = application.scopes
    assert (scope["path"], scope["query_string"]) == ("/a", b"b=c")
    assert scope["headers"] is protocol.headers
    assert (protocol.url, scope["state"]) == (b"/a?b=c", {"key": 1})


async def test_a_message_begins_without_what_the_one_before_has_set(
    protocol: HttpToolsProtocol,
) -> None:
    """The URL, the headers and the wish to be told to continue, in a new scope."""
    protocol.url, protocol.headers, protocol.expect_100_continue = b"/", [(b"a", b"b")], True
    protocol.on_message_begin()
    assert (protocol.url, protocol.headers, protocol.expect_100_continue) == (b"", [], False)
    assert protocol.scope["headers"] is protocol.headers


async def test_a_second_request_waits_in_the_pipeline(
    protocol: HttpToolsProtocol, application: Application
) -> None:
    """Until the response before is complete, for which uvicorn reads nothing of the cycle else."""
    protocol.data_received(GET * 2)
    assert [cycle for cycle, _application in protocol.pipeline] == [protocol.cycle]
    await settle()
    assert len(application.scopes) == 1
    protocol.on_response_complete()
    await settle()
    assert (len(application.scopes), len(protocol.pipeline)) == (2, 0)
    assert protocol.server_state.total_requests == 1


async def test_a_request_starts_at_once_after_a_complete_response(
    protocol: HttpToolsProtocol, application: Application
) -> None:
    """Whatever the cycle is that has `response_complete`."""
    protocol.cycle = Cycle(is_complete=True)
    protocol.data_received(GET)
    await settle()
    assert len(application.scopes) == 1


class Cycle(RequestResponseCycle):
    """No more of a cycle than what the fast path has."""

    def __init__(self, *, is_complete: bool) -> None:
        self.message_event = asyncio.Event()
        self.response_complete = is_complete
        self.disconnected = False
        self.keep_alive = True


@pytest.mark.parametrize("is_complete", [True, False])
async def test_a_cycle_learns_that_its_connection_is_lost(
    protocol: HttpToolsProtocol, *, is_complete: bool
) -> None:
    """By `disconnected`, unless its response is complete, and by `message_event`."""
    cycle = protocol.cycle = Cycle(is_complete=is_complete)
    protocol.connection_lost(None)
    assert cycle.disconnected is not is_complete
    assert cycle.message_event.is_set()


@pytest.mark.parametrize("is_complete", [True, False])
async def test_a_shutdown_closes_an_idle_connection_alone(
    protocol: HttpToolsProtocol, *, is_complete: bool
) -> None:
    """A cycle that is incomplete has its `keep_alive` unset instead."""
    cycle = protocol.cycle = Cycle(is_complete=is_complete)
    protocol.shutdown()
    assert transport_of(protocol).closed is is_complete
    assert cycle.keep_alive is is_complete


async def test_the_body_behind_a_complete_response_is_dropped(protocol: HttpToolsProtocol) -> None:
    """Also by a cycle that has no body."""
    protocol.cycle = Cycle(is_complete=True)
    protocol.on_body(b"{}")
    protocol.on_message_complete()
    assert not hasattr(protocol.cycle, "body")


async def test_a_cycle_closes_its_transport_after_a_last_response(
    protocol: HttpToolsProtocol, application: Application
) -> None:
    """Its own one: the connection's stays open where it has another."""
    protocol.data_received(GET)
    own = Transport()
    protocol.cycle.transport, protocol.cycle.keep_alive = own, False
    application.may_respond.set()
    await settle()
    assert (own.closed, transport_of(protocol).closed) == (True, False)
    assert own.written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nconnection: close\r\n" in own.written
    assert protocol.cycle.response_started
    assert protocol.cycle.response_complete


async def test_a_complete_response_starts_the_keep_alive_timer(protocol: HttpToolsProtocol) -> None:
    """It calls `timeout_keep_alive_handler`, which closes the connection."""
    protocol.on_response_complete()
    timer = protocol.timeout_keep_alive_task
    assert timer is not None
    protocol._unset_keepalive_if_required()  # noqa: SLF001 - the part that is relied on
    assert timer.cancelled()
    assert protocol.timeout_keep_alive_task is None
    protocol.timeout_keep_alive_handler()
    assert transport_of(protocol).closed


async def test_flow_waits_while_the_write_buffer_is_full(protocol: HttpToolsProtocol) -> None:
    """`write_paused` says so, and `drain` waits for its end."""
    assert not protocol.flow.write_paused
    await protocol.flow.drain()
    protocol.pause_writing()
    assert protocol.flow.write_paused
    draining = asyncio.create_task(protocol.flow.drain())
    await settle()
    assert not draining.done()
    protocol.resume_writing()
    await draining


async def test_flow_reads_on_where_the_pipeline_has_stopped_it(protocol: HttpToolsProtocol) -> None:
    """By `resume_reading`, once."""
    protocol.data_received(GET * 2)
    protocol.flow.resume_reading()
    protocol.flow.resume_reading()
    assert transport_of(protocol).calls == ["pause_reading", "resume_reading"]


async def test_the_parser_is_the_protocols_own(
    protocol: HttpToolsProtocol, application: Application
) -> None:
    """A new one of the same class goes on with the connection."""
    protocol.parser = type(protocol.parser)(protocol)
    protocol.data_received(POST + b"{}")
    await settle()
    assert application.messages == [{"type": "http.request", "body": b"{}", "more_body": False}]


async def test_the_servers_headers_are_another_list_when_they_change() -> None:
    """The date is in them, and what is encoded of them is kept as long as the list is the same."""
    server = uvicorn.Server(uvicorn.Config(Application(), log_config=None, server_header=False))
    server.config.load()
    await server.on_tick(0)
    first = server.server_state.default_headers
    await server.on_tick(1)
    assert server.server_state.default_headers is first
    await server.on_tick(10)
    assert server.server_state.default_headers is not first
    assert [name for name, _value in first] == [b"date"]
