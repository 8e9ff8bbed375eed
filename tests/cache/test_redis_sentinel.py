"""A Redis that is found by its sentinels."""

import asyncio
import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import redis

from gateway.cache.options import SharedLimits
from gateway.cache.redis_connections import RedisClient, create_redis, diagnose, ping
from gateway.cache.redis_server import RedisServer
from gateway.cache.redis_use import reason_of
from gateway.config.urls import parse_redis_url
from tests.cache.test_redis_rights import OPERATIONS
from tests.cache.uses import all_used, use_all
from tests.support.commands import free_port
from tests.support.graph import serve_gateway
from tests.support.metrics import wait_for_redis
from tests.support.valkey import Valkey, redis_at
from tests.support.valkey_sentinel import SERVICE, ValkeySentinel

HOST = "127.0.0.1"
WITHIN_S = 30.0  # a quarter of it alone; the requests of the test keep the gateway's process busy
SHARED: dict[str, Any] = {
    "cache_key_secret": "sixteen bytes at least",
    "upstream_calls_per_minute": 600,
    "rate_limit_per_minute": 10_000,
}


@pytest.fixture(scope="module")
def master() -> Iterator[Valkey]:
    """Return a master for the module."""
    valkey = Valkey()
    yield valkey
    valkey.stop()


@pytest.fixture(scope="module")
def sentinel(master: Valkey) -> Iterator[ValkeySentinel]:
    """Return its sentinel."""
    sentinel = ValkeySentinel(master.port)
    yield sentinel
    sentinel.stop()


def _documented() -> str:
    """Return the documented right of the sentinels' user."""
    (right,) = re.findall(r"their user needs `(\S+)`", OPERATIONS.read_text())
    return str(right)


def _keys(server: Valkey) -> set[bytes]:
    with redis.Redis(port=server.port, db=1) as client:
        return set(client.scan_iter())


async def _answers(client: RedisClient) -> bool:
    """Return whether an operation of a tenth of a second succeeds, as those of the gateway are."""
    with suppress(TimeoutError, redis.RedisError):
        async with asyncio.timeout(0.1):
            await ping(client)
            return True
    return False


def _url(*ports: int, service: str = SERVICE) -> str:
    nodes = ",".join(f"{HOST}:{port}" for port in ports)
    return f"redis+sentinel://{nodes}/{service}/1"


def test_every_use_finds_the_master(
    master: Valkey, sentinel: ValkeySentinel, sandbox_url: str
) -> None:
    """A sentinel that is down is passed over, and the database is that of the URL."""
    url = _url(free_port(), sentinel.port)
    with serve_gateway(sandbox_url, cache_url=url, **SHARED) as gateway:
        while not all_used(_keys(master)):
            use_all(gateway)


@pytest.mark.anyio
async def test_a_sentinel_that_hangs_costs_its_time_once(sentinel: ValkeySentinel) -> None:
    """Operations are shorter than its time: the discovery goes on without them."""
    with socket.create_server((HOST, 0)) as silent:
        server = redis_at(_url(silent.getsockname()[1], sentinel.port))
        client = create_redis(server, SharedLimits(timeout_s=0.1))
        attempts = 0
        while not await _answers(client):
            attempts += 1
        assert attempts
        await client.aclose()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("right password", None),
        ("least rights", None),
        ("no password", "authentication"),
        ("wrong password", "authentication"),
        ("another service", "no_master"),
        ("nobody", "refused"),
    ],
)
async def test_what_sentinels_say_has_its_reason(
    master: Valkey, kind: str, reason: str | None
) -> None:
    """Sentinels have a user of their own, which is not that of the servers."""
    least = f"user weak on >a-password -@all {_documented()}"
    sentinel = ValkeySentinel(master.port, "requirepass a-password", least)
    try:
        password = {"no password": "", "wrong password": "another"}.get(kind, "a-password")
        url = _url(sentinel.port, service="none" if kind == "another service" else SERVICE)
        if kind == "nobody":
            url = _url(free_port())
        user = "weak" if kind == "least rights" else ""
        error = await diagnose(RedisServer(parse_redis_url(url), sentinel_user=(user, password)))
    finally:
        sentinel.stop()
    assert (error and reason_of(error)) == reason


@pytest.mark.verify
@pytest.mark.alone
@pytest.mark.parametrize("kind", ["killed", "hanging"])
def test_a_promoted_replica_is_used_within_seconds(sandbox_url: str, kind: str) -> None:
    """Also where the old master hangs, whose connections stay open."""
    master, replica = Valkey(), Valkey()
    sentinel = ValkeySentinel(master.port)
    try:
        replica.execute("REPLICAOF", HOST, master.port)
        sentinel.wait_for_replica()
        with serve_gateway(
            sandbox_url, redis_min_timeout_s=0, cache_url=_url(sentinel.port), **SHARED
        ) as gateway:
            wait_for_redis(gateway, available=1)
            if kind == "killed":
                master.stop()
            else:
                master.pause()
            while replica.execute("ROLE")[0] != b"master":
                pass
            promoted = time.monotonic()
            replica.execute("FLUSHALL")
            while not all_used(_keys(replica)):
                use_all(gateway)
                assert time.monotonic() - promoted < WITHIN_S
    finally:
        if kind == "hanging":
            master.resume()
        sentinel.stop()
        for server in (master, replica):
            server.stop()
