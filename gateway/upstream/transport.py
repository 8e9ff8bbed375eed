"""How the platform is reached: over HTTP/1.1, or by whatever a test puts in its place."""

import ssl

import httpx

from gateway.config.settings import Settings
from gateway.upstream.http1.client import Http1Client
from gateway.upstream.http_transport import HttpTransport, HttpxTransport


def create_transport(
    settings: Settings, transport: httpx.AsyncBaseTransport | None = None
) -> HttpTransport:
    """Return the way to the platform; a `transport` is the seam at which tests replace it.

    No proxy and no .netrc of the environment, no cookies, no redirects. Each call's deadline is its
    caller's.
    """
    if transport is not None:
        return HttpxTransport(settings.upstream_url, transport)
    authorities = settings.upstream_ca_file or None
    is_https = settings.upstream_url.startswith("https:")
    return Http1Client(
        settings.upstream_url,
        most_connections=settings.upstream_max_connections,
        tls=ssl.create_default_context(cafile=authorities) if is_https else None,
    )
