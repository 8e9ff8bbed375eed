"""Which connection a call uses, and what happens to it afterwards."""

import asyncio

import httpx
import pytest

from tests.support.raw_server import OK, RawServer, Step, Then, client_of, get, raw, reset, until

pytestmark = pytest.mark.anyio

KEPT = [Step(OK)] * 9
LAST = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"


def _counts(server: RawServer) -> list[int]:
    """Return the number of requests on each connection."""
    return [len(requests) for requests in server.requests]


async def test_calls_one_after_the_other_share_a_connection() -> None:
    """Sequential calls reuse one connection."""
    async with raw(KEPT) as server, client_of(server.url) as client:
        assert [(await get(client)).body for _ in range(3)] == [b"ok"] * 3
        assert _counts(server) == [3]


async def test_calls_at_once_have_a_connection_each_and_the_latest_is_used_again() -> None:
    """The connection used last is reused, so that the others time out."""
    async with raw(KEPT) as server, client_of(server.url) as client:
        await asyncio.gather(*(get(client) for _ in range(3)))
        assert _counts(server) == [1, 1, 1]
        for _ in range(3):
            await get(client)
        assert sorted(_counts(server)) == [1, 1, 4]


async def test_there_are_never_more_calls_than_connections_may_be() -> None:
    """A call beyond the maximum raises PoolTimeout."""
    async with raw([], [], KEPT) as server, client_of(server.url, max_connections=2) as client:
        hanging = [asyncio.create_task(get(client)) for _ in range(2)]
        await until(lambda: len(server.requests) == 2)
        with pytest.raises(httpx.PoolTimeout):
            await get(client)
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        assert (await get(client)).body == b"ok"
        assert len(server.requests) == 3


async def test_a_kept_connection_gives_way_to_a_new_one() -> None:
    """Idle connections count towards the maximum."""
    async with raw(KEPT) as server, client_of(server.url, max_connections=1) as client:
        await get(client)
        await client.send("POST", "/", {}, body=b"{}", max_bytes=9)
        await server.end_of(0)
        assert client.idle == 1


async def test_an_idle_connection_is_ended_after_its_time() -> None:
    """It is closed by a timer, without a further call."""
    async with raw(KEPT) as server, client_of(server.url, max_idle_s=0.02) as client:
        await get(client)
        await server.end_of(0)
        await get(client)
        assert _counts(server) == [1, 1]


async def test_a_connection_past_its_time_is_not_used() -> None:
    """It is not reused even if the event loop was too busy to run the timer."""
    now = [0.0]
    async with raw(KEPT) as server, client_of(server.url, clock=lambda: now[0]) as client:
        await get(client)
        now[0] = 14.0
        await get(client)
        now[0] += 15.0
        await get(client)
        assert _counts(server) == [2, 1]
        await server.end_of(0)


@pytest.mark.parametrize("then", ["close", "reset"])
@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 408 Timeout\r\n"])
async def test_a_kept_connection_that_the_server_ends_is_noticed(then: str, said: bytes) -> None:
    """The next call uses a new connection, and is sent once."""
    async with raw(KEPT) as server, client_of(server.url) as client:
        await get(client)
        writer = server.writers[0]
        writer.write(said)
        if then == "reset":
            reset(writer)
        else:
            writer.close()
        await until(lambda: not client.idle)
        await get(client)
        assert _counts(server) == [1, 1]


@pytest.mark.parametrize("then", ["close", "reset"])
async def test_a_call_on_a_connection_that_just_ended_is_sent_once_more(then: Then) -> None:
    """A GET that an idle connection lost is sent again on a new one."""
    async with raw([Step(OK), Step(b"", then)], KEPT) as server, client_of(server.url) as client:
        await get(client)
        assert (await get(client)).body == b"ok"
        assert _counts(server) == [2, 1]


@pytest.mark.parametrize(
    ("steps", "requests"),
    [
        ([[Step(b"", "close")]], [1]),
        ([[Step(b"", "reset")]], [1]),
        ([[Step(OK), Step(b"", "close")], [Step(b"", "close")]], [2, 1]),
        ([[Step(OK), Step(b"H", "close")]], [2]),
        ([[Step(OK), Step(HALF, "close")]], [2]),
        ([[Step(OK), Step(HALF, "reset")]], [2]),
        ([[Step(OK), Step(b"<html>")]], [2]),
    ],
)
async def test_no_other_call_is_sent_once_more(
    steps: list[list[Step]], requests: list[int]
) -> None:
    """Not on a new connection, not after a part of a response, and never a third time."""
    async with raw(*steps) as server, client_of(server.url) as client:
        if len(steps[0]) > 1:
            await get(client)
        with pytest.raises(httpx.TransportError):
            await get(client)
        assert _counts(server) == requests


async def test_a_post_is_never_sent_twice() -> None:
    """A POST always uses a new connection."""
    async with raw(KEPT, [Step(b"", "close")]) as server, client_of(server.url) as client:
        await get(client)
        with pytest.raises(httpx.TransportError):
            await client.send("POST", "/", {}, body=b"{}", max_bytes=9)
        assert _counts(server) == [1, 1]
        assert b"Content-Length: 2\r\n" in server.requests[1][0]
        assert server.requests[1][0].endswith(b"\r\n\r\n{}")


@pytest.mark.parametrize(
    "unfit", [LAST, OK + b"more", OK + OK, b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"]
)
async def test_an_unfit_connection_is_ended(unfit: bytes) -> None:
    """A connection in an unknown state is closed."""
    async with raw([Step(unfit)], KEPT) as server, client_of(server.url) as client:
        assert [(await get(client)).body for _ in range(2)] == [b"ok"] * 2
        await server.end_of(0)
        assert _counts(server) == [1, 1]


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\n", HALF])
async def test_a_cancelled_calls_connection_is_ended(said: bytes) -> None:
    """A cancelled call closes its connection."""
    async with raw([Step(said)], KEPT) as server, client_of(server.url) as client:
        leaving = asyncio.create_task(get(client))
        await server.request_on(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        await server.end_of(0)
        assert (await get(client)).body == b"ok"
        assert _counts(server) == [1, 1]


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 99,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n63\r\n" + b"x" * 99,
    ],
)
async def test_an_answer_past_the_limit_ends_its_connection(said: bytes) -> None:
    """A response beyond the limit has no body, and closes its connection."""
    async with raw([Step(said)]) as server, client_of(server.url) as client:
        assert (await get(client, max_bytes=98)).body is None
        await server.end_of(0)


async def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    """The body ends with the connection."""
    endless = b"HTTP/1.1 200 OK\r\n\r\nall of it"
    async with raw([Step(endless, "close")]) as server, client_of(server.url) as client:
        assert (await get(client)).body == b"all of it"
    async with raw([Step(endless, "reset")]) as server, client_of(server.url) as client:
        with pytest.raises(httpx.ReadError):
            await get(client)


async def test_the_end_ends_all_connections() -> None:
    """Closing aborts idle and busy connections, and further calls fail."""
    async with raw([Step(OK)], []) as server, client_of(server.url) as client:
        await get(client)
        kept, hanging = (asyncio.create_task(get(client)) for _ in range(2))
        await until(lambda: len(server.requests) == 2)
        await client.aclose()
        for task in (kept, hanging):
            with pytest.raises(httpx.TransportError):
                await task
        with pytest.raises(httpx.PoolTimeout):
            await get(client)
        assert {await server.ended.get(), await server.ended.get()} == {0, 1}
        assert len(server.requests) == 2
