"""What the server must prove before anything is sent to it."""

import asyncio
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import trustme

from gateway.upstream.http1.client import Http1Client
from gateway.upstream.transport import create_transport
from tests.support.graph import settings_for
from tests.support.raw_server import OK, Step, client_of, get, raw

pytestmark = pytest.mark.anyio

KEPT = [Step(OK)] * 3


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return an authority that the system does not trust."""
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA) -> Iterator[Path]:
    """Return the file of that authority's certificate."""
    with authority.cert_pem.tempfile() as path:
        yield Path(path)


def _server(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """Return the TLS context of a server with these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def _client(url: str, **settings: object) -> Http1Client:
    """Return the client that the gateway creates from its settings."""
    client = create_transport(settings_for(url, **settings))
    assert isinstance(client, Http1Client)
    return client


async def test_the_named_authority_is_trusted_and_its_connection_kept(
    authority: trustme.CA, ca_file: Path
) -> None:
    """UPSTREAM_CA_FILE suffices; SNI is the host of the URL, and there is no ALPN."""
    seen: list[str | None] = []
    tls = _server(authority, "localhost")
    tls.sni_callback = lambda _socket, name, _context: seen.append(name)
    tls.set_alpn_protocols(["h2", "http/1.1"])
    async with raw(KEPT, tls=tls, host="localhost") as server:
        client = _client(server.url, upstream_ca_file=str(ca_file))
        assert [(await get(client)).body for _ in range(2)] == [b"ok"] * 2
        assert len(server.requests) == 1
        chosen = server.writers[0].get_extra_info("ssl_object").selected_alpn_protocol()
        await client.aclose()
    assert (seen, chosen) == (["localhost"], None)


@pytest.mark.parametrize(
    ("names", "host", "trusted"),
    [
        pytest.param(["localhost"], "localhost", False, id="unknown authority"),
        pytest.param(["platform.example"], "localhost", True, id="another's name"),
        pytest.param(["localhost"], "127.0.0.1", True, id="a name for an address"),
    ],
)
async def test_who_cannot_prove_who_it_is_is_told_nothing(
    authority: trustme.CA, ca_file: Path, names: list[str], host: str, *, trusted: bool
) -> None:
    """The connection is closed before a request with its credential is sent."""
    settings = {"upstream_ca_file": str(ca_file)} if trusted else {}
    async with raw(KEPT, tls=_server(authority, *names), host=host) as server:
        client = _client(server.url, **settings)
        with pytest.raises(httpx.ConnectError) as caught:
            await get(client)
        assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
        await client.aclose()
        assert server.requests == []


async def test_an_expired_proof_is_none(authority: trustme.CA, ca_file: Path) -> None:
    """An expired certificate is rejected."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past = datetime(2020, 1, 1, tzinfo=UTC)
    authority.issue_cert("localhost", not_after=past).configure_cert(context)
    async with raw(KEPT, tls=context, host="localhost") as server:
        client = _client(server.url, upstream_ca_file=str(ca_file))
        with pytest.raises(httpx.ConnectError):
            await get(client)
        await client.aclose()


async def test_a_server_without_tls_is_told_nothing() -> None:
    """Nothing is sent in clear to an https URL."""
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(65_536))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = _client(f"https://127.0.0.1:{port}")
        with pytest.raises(httpx.ConnectError):
            await get(client)
        await client.aclose()
    assert len(heard) == 1
    assert b"HTTP/1.1" not in heard[0]


async def test_an_answer_is_cut_short_with_tls_too(authority: trustme.CA, ca_file: Path) -> None:
    """A truncated response is an error, and a cancelled call closes the connection."""
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    context = ssl.create_default_context(cafile=str(ca_file))
    tls = _server(authority, "localhost")
    async with (
        raw([Step(half, "close")], [Step(half)], tls=tls, host="localhost") as server,
        client_of(server.url, tls=context) as client,
    ):
        with pytest.raises(httpx.TransportError):
            await get(client)
        with pytest.raises(TimeoutError):
            await _get_within(client, 0.25)
        await server.end_of(1)


async def test_a_call_that_is_given_up_while_connecting_leaves_nothing_open() -> None:
    """A handshake that hangs is abandoned at the deadline."""
    ended = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            pass
        ended.set()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with client_of(f"https://127.0.0.1:{port}", max_connections=1) as client:
            for _ in range(2):
                ended.clear()
                with pytest.raises(TimeoutError):
                    await _get_within(client, 0.25)
                await asyncio.wait_for(ended.wait(), 5)


async def _get_within(client: Http1Client, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await get(client)
