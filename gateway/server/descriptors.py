"""File descriptors: as many as the system allows, and how many of them are for clients."""

import resource
from contextlib import suppress

from gateway.config.cache import MEMORY_URL
from gateway.config.parsing import PREFIX
from gateway.config.settings import Settings, SettingsError
from gateway.config.urls import parse_redis_url
from gateway.server.connections import RESERVED

_MAX_DESCRIPTORS = 2**20  # some systems have no limit, and some programs try every number
_REDIS = 60  # connections for the cache, the quota and the rate limits, to each server
_MIN_MASTERS = 3  # of a cluster
_OTHERS = 64  # the admin listener's connections, files, pipes, listeners and event loops
_MIN_CONNECTIONS = 16


def raise_descriptor_limit() -> None:
    """Raise the process's soft limit of file descriptors to the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = _MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MAX_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < limit:
        with suppress(OSError, ValueError):  # the system allows less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def connection_limit(settings: Settings) -> int:
    """Return how many connections of clients a process may have.

    That is `MAX_CONNECTIONS`, or less where file descriptors are few: the platform, Redis and
    probes have theirs in any case. Raise SettingsError where that leaves next to none.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return settings.max_connections
    others = _redis_connections(settings) + RESERVED + _OTHERS
    available = soft - settings.upstream_max_connections - others
    if available < _MIN_CONNECTIONS:
        name, descriptors = f"{PREFIX}UPSTREAM_MAX_CONNECTIONS", f"{soft} file descriptors"
        line = f"{name}={settings.upstream_max_connections} leaves none of {descriptors}"
        raise SettingsError([f"{line} (ulimit -n) for connections of clients"])
    return min(settings.max_connections, available)


def _redis_connections(settings: Settings) -> int:
    """Return how many connections to Redis a process may have."""
    if settings.cache_url == MEMORY_URL:
        return _REDIS
    address = parse_redis_url(settings.cache_url)
    return _REDIS * max(_MIN_MASTERS, len(address.nodes)) if address.kind == "cluster" else _REDIS
