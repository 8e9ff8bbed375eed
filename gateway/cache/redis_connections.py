"""Connections to Redis, and why there are none. Importing this module loads Redis' client."""

import asyncio
import ssl
from typing import Any, cast

from redis.asyncio import BlockingConnectionPool, Connection, Redis, RedisCluster, SSLConnection
from redis.asyncio.connection import RedisSSLContext
from redis.asyncio.sentinel import SentinelManagedConnection
from redis.exceptions import AuthenticationError, ResponseError

from gateway.cache.options import SharedLimits
from gateway.cache.redis_cluster import Cluster
from gateway.cache.redis_sentinel import SentinelPool, Sentinels
from gateway.cache.redis_server import RedisServer

RedisClient = Redis | RedisCluster
_DIAGNOSIS_TIMEOUT_S = 3.0


def create_redis(server: RedisServer, limits: SharedLimits) -> RedisClient:
    """Create a client, which connects at its first use."""
    address = server.address
    options = _options(limits, address.username, address.password)
    connection = _connection(server, Connection, TlsConnection)
    if address.kind == "cluster":
        # A connection that is being closed counts as well.
        size = 2 * limits.max_connections
        return Cluster(address.nodes, limits.timeout_s, connection, max_connections=size, **options)
    options |= {
        "db": address.database,
        "max_connections": limits.max_connections,
        "timeout": limits.timeout_s,  # for a connection to become free
    }
    if address.kind == "sentinel":
        username, password = server.sentinel_user
        sentinels = Sentinels(
            address.nodes, _options(limits, username or None, password or None) | connection
        )
        connection = _connection(server, SentinelManagedConnection, _SentinelTlsConnection)
        return Redis.from_pool(SentinelPool(address.service, sentinels, **options, **connection))
    ((host, port),) = address.nodes
    return Redis.from_pool(BlockingConnectionPool(host=host, port=port, **options, **connection))


async def ping(redis: RedisClient) -> None:
    """Ping the server, or all masters of a cluster."""
    if isinstance(redis, RedisCluster):
        await redis.ping(target_nodes=RedisCluster.PRIMARIES)
    else:
        await redis.ping()


async def diagnose(server: RedisServer) -> Exception | None:
    """Return the error of a connection of its own that is given more time; None for success."""
    if server.address.tls:
        # First: a server without TLS may wait for the rest of what it takes for a command.
        plain = await _ping(server.without_tls())
        if plain is None or isinstance(plain, ResponseError | AuthenticationError):
            return ssl.SSLError("the server does not use TLS")
    return await _ping(server)


async def _ping(server: RedisServer) -> Exception | None:
    redis = create_redis(server, SharedLimits(timeout_s=_DIAGNOSIS_TIMEOUT_S, max_connections=1))
    try:
        async with asyncio.timeout(_DIAGNOSIS_TIMEOUT_S):
            await ping(redis)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        return error
    finally:
        await redis.aclose()
    return None


class TlsConnection(SSLConnection):
    """A connection with the context that the server has when it connects.

    redis-py would make a context of its own for each connection, which takes longer than the
    handshake, and could not replace the built-in authorities.
    """

    def __init__(self, *, server: RedisServer, **options: Any) -> None:
        super().__init__(**options)
        self.ssl_context = _Context(server)


class _Context(RedisSSLContext):
    """The context that the server has at present, for redis-py's connections."""

    def __init__(self, server: RedisServer) -> None:
        super().__init__()
        self.server = server

    def get(self) -> ssl.SSLContext:
        """Return it."""
        return cast("ssl.SSLContext", self.server.context)  # there is one, as there is TLS


class _SentinelTlsConnection(SentinelManagedConnection, TlsConnection):
    """A connection to the master by TLS."""


def _options(limits: SharedLimits, username: str | None, password: str | None) -> dict[str, Any]:
    """Return what all connections are created with."""
    return {
        "username": username,
        "password": password,
        "socket_connect_timeout": limits.timeout_s,
        # Each operation has a timeout already, and with one here redis-py sends by
        # asyncio.wait_for, which in Python 3.11 sometimes swallows a cancellation.
        "socket_timeout": None,
        "protocol": 2,  # version 3 costs each new connection two round trips, without any benefit
        "driver_info": None,  # nor is there a need to send the client's name and version
    }


def _connection(
    server: RedisServer, plain: type[Connection], tls: type[TlsConnection]
) -> dict[str, Any]:
    """Return the class of connections, and what only that class knows."""
    if server.address.tls:
        return {"connection_class": tls, "server": server}
    return {"connection_class": plain}
