"""Connections to Redis, and why there are none. Importing this module loads Redis' client."""

import asyncio
import ssl
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import AuthenticationError, ResponseError

from gateway.cache.options import SharedLimits
from gateway.config.urls import check_redis_url

_DIAGNOSIS_TIMEOUT_S = 3.0


def create_redis(url: str, limits: SharedLimits) -> Redis:
    """Create a client of the same Redis for other uses than caching; it connects at its first use.

    Raise ValueError, which does not repeat the URL, for a bad one.
    """
    return Redis.from_pool(create_pool(url, limits))


async def diagnose(url: str) -> Exception | None:
    """Return the error of a connection of its own that is given more time; None for success."""
    error = await _ping(url)
    parts = urlsplit(url)
    if error is not None and parts.scheme == "rediss":
        # A server without TLS may wait for the rest of what it takes for a command.
        plain = await _ping(f"redis://{parts.netloc.rpartition('@')[2]}")
        if plain is None or isinstance(plain, ResponseError | AuthenticationError):
            return ssl.SSLError("the server does not use TLS")
    return error


async def _ping(url: str) -> Exception | None:
    redis = create_redis(url, SharedLimits(timeout_s=_DIAGNOSIS_TIMEOUT_S, max_connections=1))
    try:
        async with asyncio.timeout(_DIAGNOSIS_TIMEOUT_S):
            await redis.ping()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        return error
    finally:
        await redis.aclose()
    return None


def create_pool(url: str, limits: SharedLimits) -> BlockingConnectionPool:
    """Create a pool for `redis://[user:password@]host[:port][/db]`, or `rediss://` over TLS."""
    try:
        check_redis_url(url)
    except ValueError:
        raise ValueError(
            "redis://[user:password@]host[:port][/database], or rediss:// over TLS"
        ) from None
    return BlockingConnectionPool.from_url(
        url,
        max_connections=limits.max_connections,
        timeout=limits.timeout_s,  # for a connection to become free
        socket_connect_timeout=limits.timeout_s,
        # Each operation has a timeout already, and with one here redis-py sends by
        # asyncio.wait_for, which in Python 3.11 sometimes swallows a cancellation.
        socket_timeout=None,
        protocol=2,  # version 3 costs each new connection two round trips, without any benefit here
        driver_info=None,  # nor is there a need to send the client's name and version
    )
