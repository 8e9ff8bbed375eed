"""What all calls to the platform share: places, breakers, retries and quotas."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from gateway.cache.keys import KeyMaker, secret_for
from gateway.cache.options import MEMORY_URL, SharedLimits
from gateway.config.settings import Settings
from gateway.upstream.resilience.circuit_breaker import CircuitBreaker
from gateway.upstream.resilience.concurrency import UpstreamConcurrency
from gateway.upstream.resilience.pacer import Pacer
from gateway.upstream.resilience.quota import Quota, Quotas, local_quota
from gateway.upstream.resilience.retries import RetryBudget, RetryPolicy
from gateway.upstream.statistics import UpstreamStatistics

if TYPE_CHECKING:
    from gateway.upstream.resilience.replicas import Replicas

_QUOTA_LIMITS = SharedLimits(timeout_s=0.25)
_QUOTA_PREFIX = "promotion-gateway:quota:1"


@dataclass
class EndpointTraffic:
    """One endpoint's breaker, and what its retries may cost."""

    breaker: CircuitBreaker
    retry_budget: RetryBudget
    retries: RetryPolicy


@dataclass
class TrafficShaping:
    """One process's traffic to the platform; `clock` gives the event loop's seconds.

    Within the block it is in touch with the `replicas` that share its quotas, if there are any.
    """

    admission: UpstreamConcurrency
    quotas: Quotas
    calls_per_minute: int | None = None
    replicas: "Replicas | None" = None
    clock: Callable[[], float] = time.monotonic
    dice: Callable[[], float] = random.random
    endpoints: dict[str, EndpointTraffic] = field(default_factory=dict)
    statistics: UpstreamStatistics = field(default_factory=UpstreamStatistics)
    _in_touch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Join the other replicas; nothing waits for it."""
        if self.replicas is not None:
            self._in_touch = asyncio.create_task(
                self.replicas.heartbeat_loop(), name="replicas in touch"
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave the share of the quotas to the other replicas."""
        if self.replicas is not None and self._in_touch is not None:
            self._in_touch.cancel()
            await asyncio.wait([self._in_touch])
            await self.replicas.leave()
            await self.replicas.redis.aclose()

    def has_calls_to_spare(self, identity: str) -> bool:
        """Return whether a background call may start: while half of the minute's calls are left."""
        left = self.quotas.of(identity).left()
        return left is None or self.calls_per_minute is None or 2 * left >= self.calls_per_minute

    def startable(self, settings: Settings) -> int | None:
        """Return how many calls could ever start in one operation's time; None: any number.

        What is more would be refused for now, at each new try, though it can never be had.
        """
        if self.calls_per_minute is None:
            return None
        idle = Pacer.of(self.calls_per_minute)
        idle.take(0.0)  # an even slot, behind which the others come
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
                RetryPolicy(budget, random=self.dice),
            )
        return known


def create_traffic_shaping(settings: Settings) -> TrafficShaping:
    """Make the traffic of a process.

    Its quota is that of all replicas where there is a Redis to share it by, otherwise its share of
    what all workers of this machine may call.
    """
    admission = UpstreamConcurrency(settings.upstream_max_connections)
    per_minute = settings.upstream_calls_per_minute or None
    if per_minute is None or settings.cache_url == MEMORY_URL:
        share = per_minute and max(1, per_minute // settings.workers)
        return TrafficShaping(admission, Quotas(lambda _identity: local_quota(share)), share)
    from gateway.cache.shared import create_redis  # noqa: PLC0415 - decision 22
    from gateway.upstream.resilience.replicas import Replicas  # noqa: PLC0415 - as above
    from gateway.upstream.resilience.shared_quota import shared_quota  # noqa: PLC0415 - as above

    redis = create_redis(settings.cache_url, _QUOTA_LIMITS)
    replicas = Replicas(redis, _QUOTA_PREFIX)
    keys = KeyMaker(secret_for("quota", settings.cache_key_secret.get_secret_value()))

    def quota(identity: str) -> Quota:
        key = keys.key(settings.upstream_url, identity)
        return shared_quota(replicas, key, per_minute)

    return TrafficShaping(admission, Quotas(quota), per_minute, replicas)
