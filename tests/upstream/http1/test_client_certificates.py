"""Mutual TLS: the gateway proves to the platform who it is."""

import ssl
from pathlib import Path

import httpx
import pytest
import trustme

from gateway.upstream.transport import create_transport
from tests.support.graph import settings_for
from tests.support.raw_server import OK, Step, get, raw

pytestmark = pytest.mark.anyio

KEPT = [Step(OK)] * 3


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return the authority of both ends."""
    return trustme.CA()


@pytest.fixture
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    """Return the context of a server that requires a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    # With TLS 1.3 a client learns only after its handshake that its certificate is missing.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def files(
    authority: trustme.CA, folder: Path, name: str = "gateway.example", peer: str = "upstream"
) -> dict[str, str]:
    """Write the files of an authority and of a certificate by it; return their settings."""
    certificate = authority.issue_cert(name)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    (folder / "cert.pem").write_bytes(b"".join(one.bytes() for one in certificate.cert_chain_pems))
    return {
        f"{peer}_ca_file": str(folder / "ca.pem"),
        f"{peer}_client_cert_file": str(folder / "cert.pem"),
        f"{peer}_client_key_file": str(folder / "key.pem"),
    }


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_certificate_is_presented(
    authority: trustme.CA, server_tls: ssl.SSLContext, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    """The server sees the certificate of the files, with either version of TLS."""
    server_tls.maximum_version = version
    async with raw(KEPT, tls=server_tls, host="localhost") as server:
        client = create_transport(settings_for(server.url, **files(authority, tmp_path)))
        assert (await get(client)).body == b"ok"
        seen = server.writers[0].get_extra_info("peercert")
        await client.aclose()
    assert ("DNS", "gateway.example") in seen["subjectAltName"]


async def test_certificate_and_key_may_be_one_file(
    authority: trustme.CA, server_tls: ssl.SSLContext, tmp_path: Path
) -> None:
    """So some tools write them."""
    settings = files(authority, tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes((tmp_path / "key.pem").read_bytes() + (tmp_path / "cert.pem").read_bytes())
    settings |= {"upstream_client_cert_file": str(both), "upstream_client_key_file": ""}
    async with raw(KEPT, tls=server_tls, host="localhost") as server:
        client = create_transport(settings_for(server.url, **settings))
        assert (await get(client)).body == b"ok"
        await client.aclose()


async def test_without_it_there_is_no_connection(
    authority: trustme.CA, server_tls: ssl.SSLContext, tmp_path: Path
) -> None:
    """None, or one of another authority, ends in the handshake."""
    (tmp_path / "other").mkdir()
    foreign = files(trustme.CA(), tmp_path / "other")
    own = files(authority, tmp_path)["upstream_ca_file"]
    async with raw(KEPT, tls=server_tls, host="localhost") as server:
        for settings in ({}, foreign):
            client = create_transport(
                settings_for(server.url, **settings | {"upstream_ca_file": own})
            )
            with pytest.raises(httpx.ConnectError):
                await get(client)
            await client.aclose()
        assert server.requests == []
