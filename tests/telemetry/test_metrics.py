"""The table of metrics, their names and labels, and their values of all workers."""

import re

import pytest

from gateway.auth.authenticator import Anonymous
from gateway.cache.evictor import eviction_samples
from gateway.cache.redis_monitor import RedisMonitor
from gateway.cache.statistics import cache_samples
from gateway.cache.store import create_cache
from gateway.edge.clients import Clients
from gateway.edge.cors import Origins
from gateway.edge.request_guard import create_request_guard
from gateway.errors import codes
from gateway.graphql_http.operation_statistics import OperationStatistics
from gateway.graphql_http.persisted_queries.persisted_documents import PersistedDocuments
from gateway.server.connections import Connections
from gateway.server.webhook_route import webhook_samples
from gateway.telemetry import log_samples
from gateway.telemetry.counters import CounterVec, Histogram
from gateway.telemetry.exposition import MetricTable
from gateway.telemetry.label_values import PayloadFields
from gateway.telemetry.metric import BUCKETS_S, Kind
from gateway.telemetry.metrics import ALL_METRICS, ENDPOINTS, METRICS
from gateway.telemetry.process import EventLoopLag, ProcessMetrics
from gateway.telemetry.tracing import SpanCounts
from gateway.upstream.customer_view import endpoint as customer_view_endpoint
from gateway.upstream.definitions import endpoint as definition_endpoint
from gateway.upstream.metrics_samples import definition_samples, upstream_samples
from gateway.upstream.resilience.phase_out import PhaseOut
from gateway.upstream.resilience.traffic_shaping import create_traffic_shaping
from gateway.upstream.writes.writing import no_action_samples
from tests.support.graph import settings_for
from tests.support.response_caches import standalone_response_cache

TABLE = MetricTable()


def test_a_metrics_name_follows_the_conventions() -> None:
    """A counter ends in `_total` and nothing else does; a histogram ends in its unit."""
    for metric in ALL_METRICS:
        assert metric.name.endswith("_total") is (metric.kind is Kind.COUNTER)
        assert metric.name.endswith("_seconds") or metric.kind is not Kind.HISTOGRAM
        assert re.fullmatch(r"[A-Z0-9].*\.", metric.help)


def test_every_endpoint_has_its_own_series() -> None:
    """The name of each endpoint is a value of the label."""
    called = {customer_view_endpoint.ENDPOINT, definition_endpoint.ENDPOINT, "oauthToken"}
    assert called <= set(ENDPOINTS)


def test_every_code_has_its_own_series() -> None:
    """Each code that an error can have is a value of the label, and so is `other`."""
    (metric,) = (m for m in METRICS if m.name == "gateway_errors_total")
    assert metric.labels == (("code", (*codes(), "other")),)
    assert {"INTERNAL_SERVER_ERROR", "GRAPHQL_PARSE_FAILED", "CURSOR_INVALID"} <= set(codes())


def test_what_the_parts_tell_is_all_that_there_is() -> None:
    """All sources together have exactly one sample for each metric."""
    readings = {
        **OperationStatistics().samples(),
        **Clients().samples(),
        **create_request_guard(settings_for("http://x"), Origins(())).samples(),
        **Anonymous(frozenset(), ()).samples(),
        **EventLoopLag().samples(),
        **ProcessMetrics().samples(),
        **log_samples(),
        **SpanCounts().samples(),
        **Connections().samples(),
        **PersistedDocuments().samples(),
        **upstream_samples(
            create_traffic_shaping(settings_for("http://x")),
            PhaseOut("promotionsV2"),
            PayloadFields(),
        ),
        **definition_samples({}, None),
        **RedisMonitor().samples(),
        **cache_samples(create_cache(None, b"sixteen bytes at least")),
        **standalone_response_cache().samples(),
        **eviction_samples(None),
        **webhook_samples(None),
        **no_action_samples(),
    }
    assert readings.keys() == {metric.name for metric in METRICS}
    assert len(TABLE.flatten(readings)) == TABLE.cells


def test_a_reading_that_does_not_fit_is_refused() -> None:
    """An additional value would shift all that follow."""
    readings = {metric.name: [0.0] * metric.cells for metric in METRICS}
    readings["gateway_upstream_legacy_endpoint_gone_ratio"] = [0.0, 0.0]
    with pytest.raises(ValueError, match="gateway_upstream_legacy_endpoint_gone_ratio"):
        TABLE.flatten(readings)


def test_a_word_that_is_none_of_the_labels_makes_no_series() -> None:
    """Unknown values are counted as `other`."""
    tally = CounterVec(("a", "other"))
    for word in ("a", "919876543210", "http://x", "a"):
        tally.add(word)
    assert tally.counts == [2, 2]


def test_a_duration_falls_into_one_bucket() -> None:
    """A bucket includes its bound; longer durations are counted above the last bucket."""
    durations = Histogram()
    for seconds in (0.0, BUCKETS_S[0], BUCKETS_S[-1] + 1):
        durations.observe(seconds)
    *counts, sum_s = durations.cells
    assert (counts[0], counts[-1], sum(counts)) == (2, 1, 3)
    assert sum_s == pytest.approx(BUCKETS_S[0] + BUCKETS_S[-1] + 1)


def exposed(name: str, ended: list[float], running: list[list[float]]) -> list[str]:
    """Return the exposed lines of a metric without labels for these values of workers."""

    def cells(value: float) -> list[float]:
        readings = {m.name: [value if m.name == name else 0.0] * m.cells for m in METRICS}
        return list(TABLE.flatten(readings))

    text = TABLE.expose([cells(value) for value in ended], [cells(*values) for values in running])
    return [line for line in text.decode().splitlines() if line.startswith(name + " ")]


@pytest.mark.parametrize(
    ("name", "ended", "running", "told"),
    [
        ("gateway_cache_misses_total", [5.0], [[1.0], [2.0]], ["8.0"]),
        ("gateway_upstream_calls_in_flight", [5.0], [[1.0], [2.0]], ["3.0"]),
        ("gateway_upstream_legacy_endpoint_gone_ratio", [1.0], [[0.0], [0.0]], ["0.0"]),
        ("gateway_upstream_legacy_endpoint_gone_ratio", [], [[0.0], [1.0]], ["1.0"]),
        ("gateway_upstream_quota_remaining", [], [[3.0], [7.0]], ["3.0"]),
        ("gateway_upstream_quota_remaining", [], [[float("nan")], [7.0]], ["7.0"]),
        ("gateway_upstream_quota_remaining", [3.0], [[float("nan")]], []),
    ],
)
def test_workers_are_told_as_one(
    name: str, ended: list[float], running: list[list[float]], told: list[str]
) -> None:
    """Counters of all workers are added, ended ones included; gauges are of running ones."""
    assert exposed(name, ended, running) == [f"{name} {value}" for value in told]
