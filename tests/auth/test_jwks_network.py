"""The JWK set of an issuer behind a proxy, or with a private certificate authority."""

import json
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import trustme

from gateway.auth.jwks import create_http, fetch_keys
from tests.support.http_proxy import http_proxy
from tests.support.raw_server import Step, raw
from tests.support.tokens import Issuer

pytestmark = pytest.mark.anyio

_BODY = json.dumps({"keys": [Issuer().jwk()]}).encode()
SET = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)


@pytest.fixture
def authority() -> trustme.CA:
    """Return an authority that the system does not trust."""
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """Return the context of its server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


async def test_a_private_authority_is_trusted_by_setting(
    authority: trustme.CA, tls: ssl.SSLContext, tmp_path: Path
) -> None:
    """Without it the issuer's certificate is rejected."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with raw([Step(SET, "close")], tls=tls, host="localhost") as server:
        async with create_http(ca_file=str(tmp_path / "ca.pem")) as http:
            assert len(await fetch_keys(http, f"{server.url}/keys")) == 1
        async with create_http() as http:
            with pytest.raises(httpx.ConnectError):
                await fetch_keys(http, f"{server.url}/keys")


async def test_the_proxy_of_the_setting_is_used(
    authority: trustme.CA, tls: ssl.SSLContext, tmp_path: Path
) -> None:
    """As a tunnel, with the proxy's credential for the proxy alone."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with raw([Step(SET, "close")], tls=tls, host="localhost") as server:
        port = urlsplit(server.url).port
        assert port is not None
        async with (
            http_proxy(port, user="till:hunter2") as proxy,
            create_http(proxy.url, str(tmp_path / "ca.pem")) as http,
        ):
            assert len(await fetch_keys(http, "https://localhost:8443/keys")) == 1
        assert proxy.heads[0].startswith(b"CONNECT localhost:8443 HTTP/1.1\r\n")
        assert b"Proxy-Authorization" not in server.requests[0][0]
