"""Creates what writes of a process need, of its settings."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial

from gateway.cache.evictions import EvictionsUnavailableError
from gateway.cache.evictor import Evictor
from gateway.cache.idempotency import IdempotencyKeys, KeyClaims, LocalKeys
from gateway.cache.options import CacheClocks
from gateway.cache.redis_server import RedisServer
from gateway.config.settings import Settings
from gateway.upstream.cached_upstream import CachedUpstream
from gateway.upstream.writes.writing import Writing

_GRACE_S = 2.0  # an action ends at its deadline; its result is stored soon after


def create_writing(  # noqa: PLR0913, PLR0917 - each is a part of the app
    settings: Settings,
    cached: CachedUpstream,
    evictor: Evictor | None,
    server: RedisServer | None,
    clock: Callable[[], datetime],
    clocks: CacheClocks | None = None,
) -> Writing | None:
    """Return what writes, by the app's clock; None where writing is switched off."""
    if not settings.writes or evictor is None:
        return None
    clocks = clocks or CacheClocks()
    keys: IdempotencyKeys = LocalKeys(clocks.monotonic)
    if server is not None:
        from gateway.cache.redis_connections import create_redis  # noqa: PLC0415 - decision 22
        from gateway.cache.shared_idempotency import (  # noqa: PLC0415 - as above
            TIMEOUT_S,
            SharedKeys,
        )

        limits = server.limits(TIMEOUT_S)
        redis = create_redis(server, limits)
        keys = SharedKeys(redis, clock=clocks.monotonic, timeout_s=limits.timeout_s)
    claims = KeyClaims(keys, settings.upstream_deadline_s + _GRACE_S, clocks.wall)
    return Writing(
        cached.client,
        claims,
        cached.keys,
        partial(_evict, evictor),
        partial(_evict_definition, evictor),
        clock,
    )


async def _evict(evictor: Evictor, customer_id: str) -> None:
    """Drop what all replicas have cached of a customer; without Redis others do it later."""
    with suppress(EvictionsUnavailableError):
        await evictor.evict_customer(int(customer_id))


async def _evict_definition(evictor: Evictor, program_id: str, promotion_id: str) -> None:
    """Drop what all replicas have cached of a definition, as `_evict` does."""
    with suppress(EvictionsUnavailableError):
        await evictor.evict_definition(int(program_id), int(promotion_id))
