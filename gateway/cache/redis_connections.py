"""Connections to Redis, and why there are none. Importing this module loads Redis' client."""

import asyncio
import ssl
from typing import Any, cast

from redis.asyncio import BlockingConnectionPool, Connection, Redis, SSLConnection
from redis.asyncio.connection import RedisSSLContext
from redis.exceptions import AuthenticationError, ResponseError

from gateway.cache.options import SharedLimits
from gateway.cache.redis_server import RedisServer

_DIAGNOSIS_TIMEOUT_S = 3.0


def create_redis(server: RedisServer, limits: SharedLimits) -> Redis:
    """Create a client, which connects at its first use."""
    ((host, port),) = server.address.nodes
    pool = BlockingConnectionPool(
        max_connections=limits.max_connections,
        timeout=limits.timeout_s,  # for a connection to become free
        host=host,
        port=port,
        db=server.address.database,
        **_options(server, limits),
    )
    return Redis.from_pool(pool)


async def diagnose(server: RedisServer) -> Exception | None:
    """Return the error of a connection of its own that is given more time; None for success."""
    error = await _ping(server)
    if error is not None and server.address.tls:
        # A server without TLS may wait for the rest of what it takes for a command.
        plain = await _ping(server.without_tls())
        if plain is None or isinstance(plain, ResponseError | AuthenticationError):
            return ssl.SSLError("the server does not use TLS")
    return error


async def _ping(server: RedisServer) -> Exception | None:
    redis = create_redis(server, SharedLimits(timeout_s=_DIAGNOSIS_TIMEOUT_S, max_connections=1))
    try:
        async with asyncio.timeout(_DIAGNOSIS_TIMEOUT_S):
            await redis.ping()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        return error
    finally:
        await redis.aclose()
    return None


class _TlsConnection(SSLConnection):
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


def _options(server: RedisServer, limits: SharedLimits) -> dict[str, Any]:
    """Return what all connections are created with."""
    options: dict[str, Any] = {
        "connection_class": Connection,
        "username": server.address.username,
        "password": server.address.password,
        "socket_connect_timeout": limits.timeout_s,
        # Each operation has a timeout already, and with one here redis-py sends by
        # asyncio.wait_for, which in Python 3.11 sometimes swallows a cancellation.
        "socket_timeout": None,
        "protocol": 2,  # version 3 costs each new connection two round trips, without any benefit
        "driver_info": None,  # nor is there a need to send the client's name and version
    }
    if server.address.tls:
        options |= {"connection_class": _TlsConnection, "server": server}
    return options
