"""Calls through an HTTP proxy: a tunnel for https, absolute targets for http."""

from urllib.parse import urlsplit

import httpx
import pytest

from gateway.upstream.transport import create_transport
from tests.support.graph import settings_for
from tests.support.http_proxy import http_proxy
from tests.support.raw_server import OK, Step, client_of, get, raw
from tests.upstream.http1.conftest import Tls

pytestmark = pytest.mark.anyio

KEPT = [Step(OK)] * 3


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


async def test_https_goes_through_a_tunnel(secured: Tls) -> None:
    """The proxy resolves the host and sees no request; the connection is kept and reused."""
    async with (
        raw(KEPT, tls=secured.server) as server,
        http_proxy(_port(server.url)) as proxy,
        client_of("https://localhost:8443/base", tls=secured.client, proxy=proxy.url) as client,
    ):
        assert [(await get(client, "/a")).body for _ in range(2)] == [b"ok"] * 2
        (requests,) = server.requests
        assert [one.split(b"\r\n")[0] for one in requests] == [b"GET /base/a HTTP/1.1"] * 2
        assert all(b"Proxy" not in one and b"Host: localhost:8443\r\n" in one for one in requests)
        assert proxy.heads == [b"CONNECT localhost:8443 HTTP/1.1\r\nHost: localhost:8443\r\n\r\n"]


async def test_the_server_proves_who_it_is_through_the_tunnel(secured: Tls) -> None:
    """A proxy that connects to another server gains nothing by it."""
    async with (
        raw(KEPT, tls=secured.server) as server,
        http_proxy(_port(server.url)) as proxy,
        client_of("https://platform.example", tls=secured.client, proxy=proxy.url) as client,
    ):
        with pytest.raises(httpx.ConnectError):
            await get(client)
        assert server.requests == []


async def test_http_is_sent_to_the_proxy_itself() -> None:
    """The target has the origin, and the host is not resolved here."""
    async with (
        raw(KEPT) as server,
        http_proxy(_port(server.url), user="till:hunter2") as proxy,
        client_of("http://platform.invalid/base", proxy=proxy.url) as client,
    ):
        assert (await get(client, "/a?b=c")).body == b"ok"
        (head,) = proxy.heads
        assert head.startswith(b"GET http://platform.invalid/base/a?b=c HTTP/1.1\r\n")
        assert b"\r\nHost: platform.invalid\r\n" in head
        assert b"hunter2" not in head


async def test_the_proxys_credential_is_for_the_proxy_alone(secured: Tls) -> None:
    """User and password are sent with CONNECT, percent-decoded, and not to the server."""
    async with (
        raw(KEPT, tls=secured.server) as server,
        http_proxy(_port(server.url), user="till:p@ss") as proxy,
        client_of(
            "https://localhost",
            tls=secured.client,
            proxy=proxy.url.replace("p@ss", "p%40ss"),
        ) as client,
    ):
        assert (await get(client)).body == b"ok"
        assert all(b"Proxy-" not in request for request in server.requests[0])


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong",
        b"HTTP/1.1 200 OK\r\n\r\nmore\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"x" * 20_000,
        b" ",
    ],
    ids=["403", "407", "302", "half", "a response", "more", "version", "ssh", "large", "blank"],
)
async def test_a_proxy_that_opens_no_tunnel_is_an_error(secured: Tls, response: bytes) -> None:
    """Nothing of the call is sent, and nothing that the proxy said is read as a response."""
    async with (
        http_proxy(1, response=response) as proxy,
        client_of("https://localhost", tls=secured.client, proxy=proxy.url) as client,
    ):
        with pytest.raises(httpx.ProxyError):
            await get(client)
        assert len(proxy.heads) == 1


async def test_a_proxy_that_is_away_is_an_error(secured: Tls) -> None:
    """As a server is that cannot be connected to."""
    async with http_proxy(1) as proxy:
        pass
    async with client_of("https://localhost", tls=secured.client, proxy=proxy.url) as client:
        with pytest.raises(httpx.ConnectError):
            await get(client)


async def test_the_setting_alone_decides(environment: pytest.MonkeyPatch, secured: Tls) -> None:
    """The proxy variables of the environment are not read, and GATEWAY_UPSTREAM_PROXY is."""
    async with raw(KEPT) as server, http_proxy(_port(server.url)) as proxy, http_proxy(1) as other:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            environment.setenv(name, other.url)
        direct = create_transport(settings_for(server.url))
        assert (await get(direct)).body == b"ok"
        await direct.aclose()
        assert proxy.heads == []
        environment.setenv("NO_PROXY", "*")
        through = create_transport(settings_for(server.url, upstream_proxy=proxy.url))
        assert (await get(through)).body == b"ok"
        await through.aclose()
        assert (len(proxy.heads), other.heads) == (1, [])
