"""Incomplete TLS records, and ends without close_notify."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.raw_server import OK, WITHIN_S, client_of, get
from tests.upstream.http1.conftest import Tls
from tests.upstream.http1.records import Records, by_records

pytestmark = pytest.mark.anyio

ANOTHERS = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nanothers"
ENDLESS = b"HTTP/1.1 200 OK\r\n\r\nall of it"


def _server(secured: Tls) -> ssl.SSLContext:
    assert secured.server is not None
    return secured.server


async def _good(records: Records) -> None:
    while True:
        await records.request()
        await records.send(records.sealed(OK))


@pytest.mark.parametrize("cut", [1, 4, 5, 6, -1])
@pytest.mark.parametrize("at_once", [True, False])
async def test_half_a_record_that_nobody_asked_for_ends_the_connection(
    secured: Tls, cut: int, *, at_once: bool
) -> None:
    """The rest of an unrequested record would be read as the next call's response."""
    sent = asyncio.Event()

    async def bad(records: Records) -> None:
        await records.request()
        good, stray = records.sealed(OK), records.sealed(ANOTHERS)
        if at_once:
            await records.send(good + stray[:cut])
        else:
            await records.send(good)
            await records.send(stray[:cut])
        sent.set()
        await records.request()
        await records.send(stray[cut:])

    async with (
        by_records(_server(secured), bad, _good) as url,
        client_of(url, tls=secured.client) as client,
    ):
        assert (await get(client)).body == b"ok"
        await asyncio.wait_for(sent.wait(), WITHIN_S)
        for _ in range(9):  # the loop reads what has come
            await asyncio.sleep(0)
        assert (await get(client)).body == b"ok"


async def test_records_are_read_in_whatever_pieces_they_come(secured: Tls) -> None:
    """Records may arrive byte by byte, or several at once."""
    served: list[bytes] = []

    async def split(records: Records) -> None:
        served.append(await records.request())
        for byte in records.sealed(OK[:-1]) + records.sealed(OK[-1:]):
            await records.send(bytes([byte]))
        served.append(await records.request())
        await records.send(b"".join(records.sealed(OK[at : at + 1]) for at in range(len(OK))))
        await records.request()

    async with (
        by_records(_server(secured), split) as url,
        client_of(url, tls=secured.client) as client,
    ):
        assert [(await get(client)).body for _ in range(2)] == [b"ok"] * 2
        assert len(served) == 2
        assert client.idle == 1


async def test_an_answer_without_a_length_needs_the_other_sides_word_that_it_ends(
    secured: Tls,
) -> None:
    """Only close_notify ends such a response: anyone can close a TCP connection (RFC 9112 §9.8)."""

    async def whole(records: Records) -> None:
        await records.request()
        await records.send(records.sealed(ENDLESS) + records.farewell())

    async def cut(records: Records) -> None:
        await records.request()
        await records.send(records.sealed(ENDLESS))

    async with (
        by_records(_server(secured), whole, cut) as url,
        client_of(url, tls=secured.client) as client,
    ):
        assert (await get(client)).body == b"all of it"
        with pytest.raises(httpx.TransportError):
            await get(client)


@pytest.mark.parametrize("broken", [b"HTTP/1.1 200 OK\r\n\r\n", b"\x17\x03\x03\x00\x05aaaaa"])
async def test_what_is_no_record_is_an_error(secured: Tls, broken: bytes) -> None:
    """Plain text and records with a wrong tag are rejected."""

    async def bad(records: Records) -> None:
        await records.request()
        await records.send(records.sealed(OK[:-1]) + broken)
        await records.request()

    async with (
        by_records(_server(secured), bad) as url,
        client_of(url, tls=secured.client) as client,
    ):
        with pytest.raises(httpx.TransportError):
            await get(client)


@pytest.fixture
async def garbled() -> AsyncIterator[str]:
    """Serve bytes that end each handshake."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"


async def test_an_end_within_the_handshake_is_a_failure_to_connect(garbled: str) -> None:
    """It is a ConnectError, since no request was sent."""
    async with client_of(garbled) as client:
        with pytest.raises(httpx.ConnectError):
            await get(client)
