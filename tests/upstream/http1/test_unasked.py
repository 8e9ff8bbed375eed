"""Unrequested bytes are no response (RFC 9112 §9.2)."""

import asyncio
import socket
import time
from contextlib import suppress

import httpx
import pytest

from tests.support.raw_server import (
    OK,
    WITHIN_S,
    RawServer,
    Step,
    Then,
    client_of,
    get,
    raw,
    raw_elsewhere,
    until,
)
from tests.upstream.http1.conftest import Tls

pytestmark = pytest.mark.anyio

KEPT = [Step(OK)] * 9
ANOTHERS = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nanothers"
TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n"
IDLE = TIMEOUT + b"Connection: close\r\n\r\n"
BIG = b"x" * 30_000_000  # more than two sockets hold


def _counts(server: RawServer) -> list[int]:
    return [len(requests) for requests in server.requests]


@pytest.mark.parametrize(
    ("unasked", "then"),
    [
        (ANOTHERS, "keep"),
        (ANOTHERS[:30], "keep"),
        (ANOTHERS * 3, "keep"),
        (IDLE, "close"),
        (b"\r\n", "keep"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "keep"),
        (b"", "close"),
    ],
)
async def test_what_lies_unread_in_a_kept_connection_is_no_answer(
    tls: Tls, unasked: bytes, then: Then
) -> None:
    """Unread bytes close an idle connection, however busy the event loop was."""
    with raw_elsewhere(KEPT, tls=tls.server, host=tls.host) as (server, say):
        async with client_of(server.url, tls=tls.client) as client:
            await get(client)
            say(0, unasked, then)  # and nothing is awaited before the next call
            assert (await get(client)).body == b"ok"
            assert (await get(client)).body == b"ok"
            assert _counts(server) == [1, 2]


async def test_each_kept_connection_is_looked_at(tls: Tls) -> None:
    """Each idle connection is checked until one is fit, and else a new one is opened."""
    with raw_elsewhere(KEPT, tls=tls.server, host=tls.host) as (server, say):
        async with client_of(server.url, tls=tls.client) as client:
            await asyncio.gather(*(get(client) for _ in range(3)))
            for number in (0, 1):
                say(number, ANOTHERS)
            assert [(await get(client)).body for _ in range(3)] == [b"ok"] * 3
            assert _counts(server) == [1, 1, 4]
            say(2, ANOTHERS)
            assert (await get(client)).body == b"ok"
            assert _counts(server) == [1, 1, 4, 1]
            assert client.idle == 1


async def test_what_comes_before_a_new_connections_request_is_no_answer() -> None:
    """A server that sends data before any request gets none."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)  # noqa: FBT003 - the standard library's own parameter
        async with client_of(f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
            asking = asyncio.create_task(get(client))
            accepted: list[socket.socket] = []
            while not accepted:  # as soon as it is connected, and before it can send
                await asyncio.sleep(0)
                with suppress(BlockingIOError):
                    accepted.append(listener.accept()[0])
            with accepted[0]:
                accepted[0].sendall(ANOTHERS)
                with pytest.raises(httpx.ConnectError):
                    await asking


async def test_what_comes_to_an_idle_connection_ends_it(tls: Tls) -> None:
    """Bytes that the event loop reads close the idle connection."""
    async with (
        raw(KEPT, tls=tls.server, host=tls.host) as server,
        client_of(server.url, tls=tls.client) as client,
    ):
        await get(client)
        await server.say(0, ANOTHERS)
        await until(lambda: not client.idle)
        assert (await get(client)).body == b"ok"
        assert _counts(server) == [1, 1]


@pytest.mark.parametrize(
    ("unfit", "body"),
    [
        (b"HTTP/1.1 204 No\r\nContent-Length: 99\r\n\r\n" + ANOTHERS, b""),
        (b"HTTP/1.1 204 No\r\nContent-Length: 99\r\n\r\n", b""),
        (b"HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n", b""),
        (b"HTTP/1.1 205 No\r\nContent-Length: 1\r\n\r\nx", b"x"),
        (b"HTTP/1.1 100 No\r\nContent-Length: 99\r\n\r\n" + OK, b"ok"),
        (OK + ANOTHERS, b"ok"),
        (OK + b"\r\n", b"ok"),
        (b"\r\n" + OK, b"ok"),
        (OK + b"\0", b"ok"),
    ],
)
async def test_more_than_an_answer_ends_its_connection(tls: Tls, unfit: bytes, body: bytes) -> None:
    """Bytes after a response are dropped with its connection."""
    async with (
        raw([Step(unfit)], KEPT, tls=tls.server, host=tls.host) as server,
        client_of(server.url, tls=tls.client) as client,
    ):
        assert (await get(client)).body == body
        await server.end_of(0)
        assert (await get(client)).body == b"ok"
        assert _counts(server) == [1, 1]


@pytest.mark.parametrize("early", [OK, b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nok"])
async def test_an_answer_before_the_end_of_its_request_ends_the_connection(
    tls: Tls, early: bytes
) -> None:
    """The rest of the request would be read as the beginning of the next one."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(early)
        writers.append(writer)
        await ended.wait()
        writer.transport.abort()

    writers: list[asyncio.StreamWriter] = []
    ended = asyncio.Event()
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls.server)
    url = f"http{'s' if tls.server else ''}://{tls.host}:{server.sockets[0].getsockname()[1]}"
    async with server, client_of(url, tls=tls.client) as client:
        async with asyncio.timeout(WITHIN_S):
            reply = await client.send("POST", "/", {}, body=BIG, max_bytes=9)
        assert reply.body == b"ok"
        assert client.idle == 0
        ended.set()


@pytest.mark.parametrize(
    "expired",
    [
        Step(IDLE),
        Step(IDLE, "close"),
        Step(TIMEOUT + b"\r\n"),
        Step(TIMEOUT.replace(b": 0", b": 9") + b"\r\nhalf", "close"),
        Step(TIMEOUT.replace(b": 0", b": 2000000") + b"\r\n"),
    ],
    ids=["announced", "closed", "kept", "cut short", "too large"],
)
async def test_a_kept_connection_that_times_out_costs_nobody_an_answer(
    tls: Tls, expired: Step
) -> None:
    """A 408 on an idle connection is for its idle time: the request is sent again."""
    async with (
        raw([Step(OK), expired], KEPT, tls=tls.server, host=tls.host) as server,
        client_of(server.url, tls=tls.client) as client,
    ):
        assert [(await get(client)).body for _ in range(3)] == [b"ok"] * 3
        assert _counts(server) == [2, 2]


@pytest.mark.parametrize(
    ("steps", "requests"),
    [
        ([[Step(IDLE)], KEPT], [1]),
        ([[Step(OK), Step(IDLE)], [Step(IDLE)], KEPT], [2, 1]),
    ],
    ids=["new", "twice"],
)
async def test_a_408_of_a_new_connection_is_an_answer(
    steps: list[list[Step]], requests: list[int]
) -> None:
    """Nothing is sent a third time, and the connection is not reused."""
    async with raw(*steps) as server, client_of(server.url) as client:
        if len(steps[0]) > 1:
            await get(client)
        assert (await get(client)).status == 408
        assert _counts(server) == requests
        assert client.idle == 0


async def test_a_post_that_times_out_is_not_sent_again() -> None:
    """A POST may have been processed."""
    async with raw(KEPT, [Step(IDLE)]) as server, client_of(server.url) as client:
        await get(client)
        reply = await client.send("POST", "/", {}, body=b"{}", max_bytes=9)
        assert reply.status == 408
        assert _counts(server) == [1, 1]


async def test_a_connection_that_has_ended_is_an_error_of_the_transport() -> None:
    """An exchange on a closed connection raises ReadError."""
    async with raw([Step(OK)]) as server, client_of(server.url) as client:
        await get(client)
        (connection,) = client._idle  # noqa: SLF001 - nothing outside has one
        connection.abort()
        await connection.closed
        with pytest.raises(httpx.TransportError):
            await connection.exchange(b"GET / HTTP/1.1\r\n\r\n", 9)


async def test_a_look_at_a_socket_costs_next_to_nothing() -> None:
    """Polling a socket is one system call; 50 µs would be a tenth of a call."""
    async with raw(KEPT) as server, client_of(server.url) as client:
        await get(client)
        (connection,) = client._idle  # noqa: SLF001 - nothing outside has one
        started = time.process_time()
        assert all(connection.is_quiet for _ in range(1000))
        assert time.process_time() - started < 0.05
