"""What all calls to the platform share: concurrency, circuit breakers, retries and quotas."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from gateway import random_numbers
from gateway.cache.keys import KeyMaker, secret_for
from gateway.cache.redis_server import RedisServer
from gateway.config.settings import Settings
from gateway.upstream.resilience.circuit_breaker import CircuitBreaker
from gateway.upstream.resilience.concurrency import UpstreamConcurrency
from gateway.upstream.resilience.pacer import Pacer
from gateway.upstream.resilience.quota import Quota, Quotas, local_quota
from gateway.upstream.resilience.retries import RetryBudget, RetryPolicy
from gateway.upstream.statistics import EndpointStatistics, UpstreamStatistics

if TYPE_CHECKING:
    from gateway.upstream.resilience.replicas import Replicas

_QUOTA_PREFIX = "promotion-gateway:quota:1"


@dataclass
class EndpointTraffic:
    """One endpoint's circuit breaker, retries and statistics."""

    breaker: CircuitBreaker
    retry_budget: RetryBudget
    retry_policy: RetryPolicy
    statistics: EndpointStatistics


@dataclass
class TrafficShaping:
    """One process's traffic to the platform; `clock` has the event loop's seconds.

    As a context manager it keeps this process among the `replicas` that share its quotas.
    """

    concurrency: UpstreamConcurrency
    quotas: Quotas
    calls_per_minute: int | None = None
    replicas: "Replicas | None" = None
    clock: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random_numbers.random
    endpoints: dict[str, EndpointTraffic] = field(default_factory=dict)
    statistics: UpstreamStatistics = field(default_factory=UpstreamStatistics)
    _heartbeat: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Join the other replicas, without waiting for Redis."""
        if self.replicas is not None:
            self._heartbeat = asyncio.create_task(
                self.replicas.heartbeat_loop(), name="replica heartbeat"
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Release this replica's share to the others."""
        if self.replicas is not None and self._heartbeat is not None:
            self._heartbeat.cancel()
            await asyncio.wait([self._heartbeat])
            await self.replicas.leave()
            await self.replicas.redis.aclose()

    def has_calls_to_spare(self, identity: str) -> bool:
        """Whether a background call may start: while half of the minute's calls remain."""
        remaining = self.quotas.of(identity).remaining()
        return (
            remaining is None
            or self.calls_per_minute is None
            or 2 * remaining >= self.calls_per_minute
        )

    def startable(self, settings: Settings) -> int | None:
        """Return how many calls of one operation can ever start before its deadline; None: any.

        An operation that needs more would be refused at each retry, however idle the quota is.
        """
        if self.calls_per_minute is None:
            return None
        idle = Pacer.of(self.calls_per_minute)
        idle.try_acquire(0.0)  # an even slot, behind which the others come
        waits = idle.waits_s(0.0, settings.upstream_max_calls_per_operation)
        return 1 + sum(wait_s <= settings.upstream_deadline_s for wait_s in waits)

    def of(self, endpoint: str) -> EndpointTraffic:
        """Return the traffic to the endpoint of this documented name."""
        known = self.endpoints.get(endpoint)
        if known is None:
            budget = RetryBudget()
            known = self.endpoints[endpoint] = EndpointTraffic(
                CircuitBreaker(endpoint, clock=self.clock),
                budget,
                RetryPolicy(budget, random=self.random),
                self.statistics.of(endpoint),
            )
        return known


def create_traffic_shaping(
    settings: Settings, redis_server: RedisServer | None = None
) -> TrafficShaping:
    """Create the traffic of a process.

    Its quota is that of all replicas where they share a Redis, otherwise its share of what all
    workers of this machine may call. The Redis is that of the settings unless it is known already.
    """
    concurrency = UpstreamConcurrency(settings.upstream_max_connections)
    per_minute = settings.upstream_calls_per_minute or None
    server = redis_server or RedisServer.of(settings)
    if per_minute is None or server is None:
        share = per_minute and max(1, per_minute // settings.workers)
        return TrafficShaping(concurrency, Quotas(lambda _identity: local_quota(share)), share)
    from gateway.cache.redis_connections import create_redis  # noqa: PLC0415 - decision 22
    from gateway.upstream.resilience.replicas import (  # noqa: PLC0415 - as above
        TIMEOUT_S,
        Replicas,
    )
    from gateway.upstream.resilience.shared_quota import shared_quota  # noqa: PLC0415 - as above

    limits = server.limits(TIMEOUT_S)
    replicas = Replicas(create_redis(server, limits), _QUOTA_PREFIX, timeout_s=limits.timeout_s)
    keys = KeyMaker(secret_for("quota", settings.cache_key_secret.get_secret_value()))

    def quota(identity: str) -> Quota:
        key = keys.key(settings.upstream_url, identity)
        return shared_quota(replicas, key, per_minute)

    return TrafficShaping(concurrency, Quotas(quota), per_minute, replicas)
