"""Values of the metrics of upstream calls, collected at a scrape."""

import math
from collections.abc import Callable

from gateway.telemetry.metric import Samples
from gateway.telemetry.metrics import ENDPOINTS
from gateway.upstream.resilience.circuit_breaker import CircuitState
from gateway.upstream.resilience.phase_out import PhaseOut
from gateway.upstream.resilience.traffic_shaping import EndpointTraffic, TrafficShaping

_STATES = {CircuitState.CLOSED: 0, CircuitState.HALF_OPEN: 1, CircuitState.OPEN: 2}


def upstream_samples(traffic: TrafficShaping, phase_out: PhaseOut) -> Samples:
    """Return the samples of all `gateway_upstream_…` metrics but the cache's."""
    endpoints = [traffic.statistics.endpoints[endpoint] for endpoint in ENDPOINTS]
    quotas = traffic.quotas.statistics
    remaining = traffic.quotas.remaining()

    def each(number: Callable[[EndpointTraffic], int]) -> list[int]:
        """Return a number of each endpoint, 0 of one that was never called."""
        known = traffic.endpoints
        return [number(known[name]) if name in known else 0 for name in ENDPOINTS]

    return {
        "gateway_upstream_calls_total": [n for one in endpoints for n in one.outcomes.counts],
        "gateway_upstream_call_duration_seconds": [
            n for one in endpoints for n in one.durations.cells
        ],
        "gateway_upstream_bad_payloads_total": [one.bad_payloads for one in endpoints],
        "gateway_upstream_items_dropped_total": [
            n for one in endpoints for n in (one.malformed_items, one.foreign_items)
        ],
        "gateway_upstream_undocumented_values_total": [
            one.undocumented_values for one in endpoints
        ],
        "gateway_upstream_retries_total": each(lambda one: one.retry_policy.granted),
        "gateway_upstream_circuit_state": each(lambda one: _STATES[one.breaker.state]),
        "gateway_upstream_circuit_openings_total": each(lambda one: one.breaker.opened),
        "gateway_upstream_calls_waiting": [traffic.concurrency.waiting],
        "gateway_upstream_calls_in_flight": [traffic.concurrency.in_flight],
        "gateway_upstream_wait_seconds": [
            *traffic.statistics.quota_waits.cells,
            *traffic.statistics.connection_waits.cells,
        ],
        "gateway_upstream_quota_waits_total": [quotas.waits],
        "gateway_upstream_quota_refusals_total": [quotas.refusals],
        "gateway_upstream_quota_remaining": [math.nan if remaining is None else remaining],
        "gateway_upstream_rate_limited_total": [quotas.rate_limited],
        "gateway_upstream_legacy_endpoint_gone_ratio": [phase_out.gone_share],
    }
