"""TLS to Redis: who may read the cache, and certificates that are rotated."""

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from gateway.app import create_app
from gateway.cache.options import SharedLimits
from gateway.cache.redis_connections import create_redis, diagnose
from gateway.cache.redis_server import RedisServer
from gateway.cache.redis_use import reason_of
from gateway.config.settings import Settings
from gateway.upstream.credentials import credential_from
from gateway.upstream.reloading import watch_files
from gateway.upstream.transport import create_transport
from tests.support.graph import REDIS_MIN_TIMEOUT_S, settings_for
from tests.support.logged import Lines
from tests.support.metrics import wait_for_redis
from tests.support.serving import serve
from tests.support.tls_proxy import tls_proxy
from tests.support.valkey import Valkey
from tests.support.valkey_cluster import ValkeyCluster
from tests.support.valkey_sentinel import SERVICE, ValkeySentinel
from tests.upstream.http1.test_client_certificates import files

HOST = "127.0.0.1"
PATIENT = SharedLimits(timeout_s=5.0)
SHARED: dict[str, Any] = {
    "cache_key_secret": "sixteen bytes at least",
    "upstream_calls_per_minute": 600,
    "rate_limit_per_minute": 600,
}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return the authority of both ends."""
    return trustme.CA()


@pytest.fixture
def mutual(authority: trustme.CA) -> ssl.SSLContext:
    """Return the context of a server that requires a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _settings(port: int, **overrides: Any) -> Settings:
    at = {"cache_url": f"rediss://{HOST}:{port}"}
    return settings_for("http://platform.example", **at | SHARED | overrides)


async def _error_of(settings: Settings) -> Exception | None:
    """Connect as the settings say; return the error."""
    server = RedisServer.of(settings)
    assert server is not None
    return await diagnose(server)


def test_every_use_presents_the_certificate(
    valkey: Valkey,
    authority: trustme.CA,
    mutual: ssl.SSLContext,
    sandbox_url: str,
    tmp_path: Path,
) -> None:
    """Cache, quota and rate limits connect with the same context, and Redis is available to all."""
    with tls_proxy(valkey.port, mutual) as proxy:
        settings = settings_for(
            sandbox_url,
            cache_url=f"rediss://{HOST}:{proxy.port}",
            **SHARED | files(authority, tmp_path, peer="cache"),
        )
        with serve(create_app(settings, redis_min_timeout_s=REDIS_MIN_TIMEOUT_S)) as gateway:
            wait_for_redis(gateway, available=1)
            while not valkey.keys():
                pass
        assert len(proxy.peers) >= 3
        assert set(proxy.peers) == {"gateway.example"}


@pytest.mark.anyio
async def test_without_a_certificate_of_that_authority_there_is_no_connection(
    valkey: Valkey, authority: trustme.CA, mutual: ssl.SSLContext, tmp_path: Path
) -> None:
    """None, or a foreign one, is refused; a server of a foreign authority is the reason `tls`."""
    (tmp_path / "other").mkdir()
    foreign = files(trustme.CA(), tmp_path / "other", peer="cache")
    own = files(authority, tmp_path, peer="cache")
    trusting = {"cache_ca_file": own["cache_ca_file"]}
    # A server that closes a connection may take its alert with it.
    refused = {"tls", "connection"}
    with tls_proxy(valkey.port, mutual) as proxy:
        for given, reasons in (
            (trusting, refused),
            (foreign | trusting, refused),
            (own | {"cache_ca_file": ""}, {"tls"}),
        ):
            error = await _error_of(_settings(proxy.port, **given))
            assert error is not None
            assert reason_of(error) in reasons
        assert proxy.peers == []


@pytest.mark.anyio
async def test_a_cluster_is_reached_with_the_certificate(
    authority: trustme.CA, mutual: ssl.SSLContext, tmp_path: Path
) -> None:
    """Nodes announce the ports at which they speak TLS."""
    cluster = ValkeyCluster(1)
    (node,) = cluster.nodes
    try:
        with tls_proxy(node.port, mutual) as proxy:
            node.execute("CONFIG", "SET", "cluster-announce-port", proxy.port)
            url = f"rediss+cluster://{HOST}:{proxy.port}"
            settings = _settings(0, **files(authority, tmp_path, peer="cache"), cache_url=url)
            assert await _error_of(settings) is None
            assert set(proxy.peers) == {"gateway.example"}
    finally:
        cluster.stop()


@pytest.mark.anyio
async def test_sentinels_and_master_are_reached_with_the_certificate(
    valkey: Valkey, authority: trustme.CA, mutual: ssl.SSLContext, tmp_path: Path
) -> None:
    """Both speak TLS."""
    with tls_proxy(valkey.port, mutual) as master:
        # Which does not speak TLS with the master, and must not find that soon.
        sentinel = ValkeySentinel(master.port, f"sentinel down-after-milliseconds {SERVICE} 600000")
        try:
            with tls_proxy(sentinel.port, mutual) as proxy:
                url = f"rediss+sentinel://{HOST}:{proxy.port}/{SERVICE}"
                settings = _settings(0, **files(authority, tmp_path, peer="cache"), cache_url=url)
                assert await _error_of(settings) is None
                assert set(proxy.peers) == set(master.peers) == {"gateway.example"}
        finally:
            sentinel.stop()


@pytest.mark.anyio
async def test_new_connections_have_the_new_certificate(
    valkey: Valkey, authority: trustme.CA, mutual: ssl.SSLContext, tmp_path: Path, log: Lines
) -> None:
    """A kept connection stays; while only one file of the pair is new, the old pair is used."""
    paths = files(authority, tmp_path, "first.example", peer="cache")
    with tls_proxy(valkey.port, mutual) as proxy:
        settings = _settings(proxy.port, **paths)
        server = RedisServer.of(settings)
        assert server is not None
        watch = watch_files(settings, create_transport(settings), credential_from(settings), server)
        kept = create_redis(server, PATIENT)
        assert await kept.ping()
        (tmp_path / "second").mkdir()
        files(authority, tmp_path / "second", "second.example")
        for name, peer in (("cert.pem", "first.example"), ("key.pem", "second.example")):
            (tmp_path / "second" / name).replace(tmp_path / name)
            watch.check()
            assert await kept.ping()
            another = create_redis(server, PATIENT)
            assert await another.ping()
            await another.aclose()
            assert proxy.peers[-1] == peer
        await kept.aclose()
        assert proxy.peers == ["first.example", "first.example", "second.example"]
    assert len(log.of("settings_files_rejected")) == 1
    (line,) = log.of("settings_files_changed")
    assert line["settings"] == [
        "GATEWAY_CACHE_CLIENT_CERT_FILE", "GATEWAY_CACHE_CLIENT_KEY_FILE"
    ]  # fmt: skip
