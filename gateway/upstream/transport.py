"""The transport of a process, made of its settings."""

import ssl

from gateway.config.settings import Settings
from gateway.config.tls import create_tls
from gateway.upstream.http1.client import Http1Client


def create_transport(settings: Settings) -> Http1Client:
    """Create the HTTP/1.1 client of the platform's origin; it connects at its first call.

    It follows no redirect, keeps no cookie, and reads no proxy and no .netrc of the environment. A
    call's deadline is its caller's.
    """
    return Http1Client(
        settings.upstream_url,
        max_connections=settings.upstream_max_connections,
        tls=platform_tls(settings),
        proxy=settings.upstream_proxy,
    )


def platform_tls(settings: Settings) -> ssl.SSLContext | None:
    """Return the TLS context of connections to the platform; None for http."""
    if not settings.upstream_url.startswith("https:"):
        return None
    return create_tls(
        settings.upstream_ca_file,
        settings.upstream_client_cert_file,
        settings.upstream_client_key_file,
    )
