"""The client is tested on asyncio and on uvloop, which the gateway uses where it is installed."""

import ssl
from typing import Any, NamedTuple

import pytest
import trustme


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio"),
        pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop"),
    ],
)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Run async tests on each loop."""
    return request.param


class Tls(NamedTuple):
    """The TLS contexts of both ends of a connection, or None for both."""

    server: ssl.SSLContext | None = None
    client: ssl.SSLContext | None = None
    host: str = "127.0.0.1"


@pytest.fixture(scope="session")
def secured() -> Tls:
    """Return contexts of a certificate authority made for the tests."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return Tls(server, client, "localhost")


@pytest.fixture(params=["plain", "tls"])
def tls(request: pytest.FixtureRequest, secured: Tls) -> Tls:
    """Run a test with TLS and without."""
    return secured if request.param == "tls" else Tls()
