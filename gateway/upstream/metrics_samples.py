"""Values of the metrics of upstream calls, collected at a scrape."""

import math
from collections.abc import Callable, Iterable, Mapping

from gateway.telemetry.definition_metrics import OPTIONAL_ENDPOINTS
from gateway.telemetry.label_values import PayloadFields
from gateway.telemetry.metric import Samples
from gateway.telemetry.metrics import ENDPOINTS
from gateway.upstream.decoding.drift import UNDOCUMENTED, DriftKind
from gateway.upstream.resilience.absence import EndpointAbsence
from gateway.upstream.resilience.circuit_breaker import CircuitState
from gateway.upstream.resilience.phase_out import PhaseOut
from gateway.upstream.resilience.traffic_shaping import EndpointTraffic, TrafficShaping
from gateway.upstream.statistics import UpstreamStatistics
from gateway.upstream.successor.catalogues import Catalogues

_STATES = {CircuitState.CLOSED: 0, CircuitState.HALF_OPEN: 1, CircuitState.OPEN: 2}
_EFFECTS = {kind.value: kind for kind in UNDOCUMENTED}


def upstream_samples(
    traffic: TrafficShaping, phase_out: PhaseOut, fields: PayloadFields
) -> Samples:
    """Return the samples of all `gateway_upstream_…` metrics but the cache's.

    `fields` are those of the payloads in the order of the metrics' series.
    """
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
        **drift_samples(traffic.statistics, fields),
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


def definition_samples(
    absences: Mapping[str, EndpointAbsence], catalogues: Catalogues | None
) -> Samples:
    """Return the samples of the metrics of definitions; `absences` are by endpoint."""
    return {
        "gateway_upstream_endpoint_absent_ratio": [
            absences[endpoint].absent_share if endpoint in absences else math.nan
            for endpoint in OPTIONAL_ENDPOINTS
        ],
        "gateway_catalogue_promotions": [math.nan if catalogues is None else catalogues.promotions],
        "gateway_catalogue_age_seconds": [math.nan if catalogues is None else catalogues.age_s],
    }


def drift_samples(statistics: UpstreamStatistics, fields: PayloadFields) -> Samples:
    """Return the samples of the metrics by field of the payloads."""
    drifts = {endpoint: one.drift for endpoint, one in statistics.endpoints.items()}

    def each(kind: DriftKind, rows: Iterable[tuple[str, str]]) -> list[int]:
        return [drifts[endpoint].get((kind, path), 0) for endpoint, path in rows]

    return {
        "gateway_upstream_items_dropped_total": [
            *each(DriftKind.DROPPED, fields.needed),
            *(statistics.of(endpoint).foreign_items for endpoint in fields.endpoints),
        ],
        "gateway_upstream_undocumented_values_total": [
            drifts[endpoint].get((_EFFECTS[effect], path), 0)
            for endpoint, path, effect in fields.undocumented
        ],
        "gateway_upstream_unknown_enum_values_total": each(DriftKind.UNKNOWN, fields.enums),
    }
