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

    httpx's own pool rescans all connections at each call; aiohttp's does not. The transport is the
    seam at which tests replace the platform.
    """

    def session() -> ClientSession:
        tls: ssl.SSLContext | bool = True
        if settings.upstream_ca_file:
            tls = ssl.create_default_context(cafile=settings.upstream_ca_file)
        return ClientSession(
            connector=TCPConnector(limit=settings.upstream_max_connections, ssl=tls),
            timeout=ClientTimeout(total=None),  # the operation's deadline is around each call
            cookie_jar=DummyCookieJar(),
            trust_env=False,
        )

    return httpx.AsyncClient(
        base_url=settings.upstream_url,
        transport=transport or AiohttpTransport(client=session),
        trust_env=False,
        follow_redirects=False,
        timeout=None,  # noqa: S113 - as above
    )
