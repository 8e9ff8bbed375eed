"""What the metrics tell of the calls to the platform, read when somebody asks."""

import math
from collections.abc import Callable

from gateway.telemetry.metrics import ENDPOINTS, Samples
from gateway.upstream.resilience.circuit_breaker import CircuitBreaker, CircuitState
from gateway.upstream.resilience.phase_out import PhaseOut
from gateway.upstream.resilience.traffic_shaping import EndpointTraffic, TrafficShaping

_STATES = {CircuitState.CLOSED: 0, CircuitState.HALF_OPEN: 1, CircuitState.OPEN: 2}


def upstream_samples(traffic: TrafficShaping, phase_out: PhaseOut) -> Samples:
    """Return the numbers of all `gateway_upstream_…` metrics but the cache's, and the legacy's."""
    endpoints = [traffic.statistics.endpoints[endpoint] for endpoint in ENDPOINTS]
    quotas = traffic.quotas.statistics
    left = traffic.quotas.remaining()

    def each(number: Callable[[EndpointTraffic], int]) -> list[int]:
        """Ask what is known of each endpoint; one that was never called has nothing to tell."""
        known = traffic.endpoints
        return [number(known[name]) if name in known else 0 for name in ENDPOINTS]

    return {
        "gateway_upstream_calls_total": [n for one in endpoints for n in one.outcomes.counts],
        "gateway_upstream_call_duration_seconds": [
            n for one in endpoints for n in one.durations.cells
        ],
        "gateway_upstream_bad_payloads_total": [one.bad_payloads for one in endpoints],
        "gateway_upstream_items_dropped_total": [one.items_left_out for one in endpoints],
        "gateway_upstream_undocumented_values_total": [
            one.undocumented_values for one in endpoints
        ],
        "gateway_upstream_retries_total": each(lambda one: one.retry_policy.granted),
        "gateway_upstream_circuit_state": each(lambda one: _state(one.breaker)),
        "gateway_upstream_circuit_openings_total": each(lambda one: one.breaker.opened),
        "gateway_upstream_calls_waiting": [traffic.concurrency.waiting],
        "gateway_upstream_calls_in_flight": [traffic.concurrency.in_flight],
        "gateway_upstream_quota_waits_total": [quotas.waits],
        "gateway_upstream_quota_refusals_total": [quotas.refusals],
        "gateway_upstream_quota_remaining": [math.nan if left is None else left],
        "gateway_upstream_rate_limited_total": [quotas.pauses],
        "gateway_upstream_legacy_endpoint_gone_ratio": [phase_out.gone_share],
    }


def _state(breaker: CircuitBreaker) -> int:
    return _STATES[breaker.state]
