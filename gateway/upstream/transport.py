"""The transport of a process, made of its settings."""

import ssl

from gateway.config.settings import Settings
from gateway.upstream.http1.client import Http1Client
from gateway.upstream.http_transport import HttpTransport


def create_transport(settings: Settings) -> HttpTransport:
    """Create the HTTP/1.1 client of the platform's origin; it connects at its first call.

    It follows no redirect, keeps no cookie, and reads no proxy and no .netrc of the environment. A
    call's deadline is its caller's.
    """
    authorities = settings.upstream_ca_file or None
    is_https = settings.upstream_url.startswith("https:")
    return Http1Client(
        settings.upstream_url,
        max_connections=settings.upstream_max_connections,
        tls=ssl.create_default_context(cafile=authorities) if is_https else None,
    )
