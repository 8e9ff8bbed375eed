"""Limits and clocks of the cache; importing them loads no Redis client."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemoryLimits:
    """Maximum size of the first level, in each process."""

    max_entries: int = 10_000
    max_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SharedLimits:
    """Limits of the shared level; times in seconds.

    `timeout_s` bounds an operation, connecting included, and `acquire_timeout_s` the wait for one
    of `max_connections`. While an operation fails, one probe is sent every `probe_every_s`. An
    entry above `max_entry_bytes` is neither written nor read.
    """

    timeout_s: float = 0.1
    acquire_timeout_s: float = 0.025
    probe_every_s: float = 1.0
    max_connections: int = 20
    max_entry_bytes: int = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CacheClocks:
    """Clocks in seconds: `wall` since 1970, which the replicas share, and a monotonic one."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
