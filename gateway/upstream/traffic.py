"""What all calls to the platform share: places, breakers, retries and quotas."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.settings import Settings
from gateway.upstream.admission import Admission
from gateway.upstream.circuit_breaker import CircuitBreaker
from gateway.upstream.quota import Quotas, local_quota
from gateway.upstream.retries import RetryBudget, RetryPolicy
from gateway.upstream.statistics import UpstreamStatistics


@dataclass
class EndpointTraffic:
    """One endpoint's breaker, and what its retries may cost."""

    breaker: CircuitBreaker
    retry_budget: RetryBudget
    retries: RetryPolicy


@dataclass
class Traffic:
    """One process's traffic to the platform; `clock` gives the event loop's seconds."""

    admission: Admission
    quotas: Quotas
    clock: Callable[[], float] = time.monotonic
    dice: Callable[[], float] = random.random
    endpoints: dict[str, EndpointTraffic] = field(default_factory=dict)
    statistics: UpstreamStatistics = field(default_factory=UpstreamStatistics)

    def of(self, endpoint: str) -> EndpointTraffic:
        """Give the traffic to the endpoint of this documented name."""
        known = self.endpoints.get(endpoint)
        if known is None:
            budget = RetryBudget()
            known = self.endpoints[endpoint] = EndpointTraffic(
                CircuitBreaker(endpoint, clock=self.clock),
                budget,
                RetryPolicy(budget, random=self.dice),
            )
        return known


def create_traffic(settings: Settings) -> Traffic:
    """Make the traffic of a process; its quota is its share of what all workers may call."""
    per_minute = settings.upstream_calls_per_minute or None
    share = per_minute and max(1, per_minute // settings.workers)
    return Traffic(
        Admission(settings.upstream_max_connections),
        Quotas(lambda _identity: local_quota(share)),
    )
