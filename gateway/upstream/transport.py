"""The HTTP client beneath the platform's client: what httpx is, over aiohttp's connections."""

import ssl

import httpx
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from httpx_aiohttp import AiohttpTransport

from gateway.settings import Settings


def create_http_client(
    settings: Settings, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """Make the client: no proxy and no .netrc of the environment, no cookies, no redirects.

    The transport is the seam at which tests replace the platform.
    """
    return httpx.AsyncClient(
        base_url=settings.upstream_url,
        transport=transport
        or create_transport(settings.upstream_max_connections, settings.upstream_ca_file),
        trust_env=False,
        follow_redirects=False,
        timeout=None,  # noqa: S113 - the operation's deadline is around each call
    )


def create_transport(most_connections: int, ca_file: str = "") -> httpx.AsyncBaseTransport:
    """Make the transport: httpx's own pool rescans all connections at each call, aiohttp's not."""

    def session() -> ClientSession:
        tls: ssl.SSLContext | bool = True
        if ca_file:
            tls = ssl.create_default_context(cafile=ca_file)
        return ClientSession(
            connector=TCPConnector(limit=most_connections, ssl=tls),
            timeout=ClientTimeout(total=None),  # a deadline is around each call
            cookie_jar=DummyCookieJar(),
            trust_env=False,
        )

    return AiohttpTransport(client=session)
