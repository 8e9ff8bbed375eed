"""All metrics: names, types, labels and meanings; `docs/metrics.md` is generated from them.

Every label has a fixed set of values: none is an identifier, a URL or a credential, and the number
of series does not grow with time. The operation's name comes from the client, so it is no label.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import product

from gateway.errors import codes

OTHER = "other"
ENDPOINTS = ("promotionData", "promotionsV2", "oauthToken", OTHER)
OPERATION_OUTCOMES = ("ok", "partial", "failed")
PERSISTED_OUTCOMES = ("trusted", "automatic", "stored", "not_found", "not_trusted")
CALL_OUTCOMES = (
    *("2xx", "3xx", "4xx", "429", "5xx"),
    *("unreachable", "timeout", "unreadable_body", "cancelled"),
)
CODES = (*codes(), OTHER)
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

Samples = Mapping[str, Sequence[float]]
"""The values of metrics by name: one for each series, in the order of `Metric.series`.

A histogram has for each series the count of each bucket (not cumulative), the count above the last
one, and the sum. NaN is an unknown value.
"""


class Kind(Enum):
    """The type of a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; `merge` combines a gauge's values of all workers (counters are added)."""

    name: str
    kind: Kind
    help: str
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    merge: Callable[[Iterable[float]], float] = sum

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of the labels."""
        return tuple(name for name, _values in self.labels)

    @property
    def series(self) -> list[tuple[str, ...]]:
        """The label values of each series, in the order of samples."""
        return list(product(*(values for _name, values in self.labels)))

    @property
    def cells(self) -> int:
        """The number of values in a sample."""
        return len(self.series) * (len(BUCKETS_S) + 2 if self.kind is Kind.HISTOGRAM else 1)


_ENDPOINT = ("endpoint", ENDPOINTS)
_C, _G, _H = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM

METRICS = (
    Metric(
        "gateway_operations_total",
        _C,
        "GraphQL operations: ok without an error, partial with data and errors, failed without"
        " data or rejected.",
        (("outcome", OPERATION_OUTCOMES),),
    ),
    Metric(
        "gateway_operation_duration_seconds",
        _H,
        "Execution time of operations, without rejected ones.",
    ),
    Metric(
        "gateway_errors_total",
        _C,
        "Errors in responses, by extensions.code; of one response the first hundred.",
        (("code", CODES),),
    ),
    Metric(
        "gateway_persisted_operations_total",
        _C,
        "Persisted operations: found in the manifest (trusted) or registered by a client"
        " (automatic), not found, newly registered (stored), or rejected as not trusted.",
        (("outcome", PERSISTED_OUTCOMES),),
    ),
    Metric(
        "gateway_upstream_calls_total",
        _C,
        "Upstream calls, retries included, by status or failure; unreadable_body is a success"
        " whose body was too large or could not be decompressed, cancelled a call"
        " whose result was no longer needed.",
        (_ENDPOINT, ("outcome", CALL_OUTCOMES)),
    ),
    Metric(
        "gateway_upstream_call_duration_seconds",
        _H,
        "Duration of upstream calls, body included, without the wait for the quota.",
        (_ENDPOINT,),
    ),
    Metric(
        "gateway_upstream_bad_payloads_total",
        _C,
        "Responses whose body was read (outcome 2xx) and then rejected: malformed, about another"
        " customer, or without the promotion that was looked up.",
        (_ENDPOINT,),
    ),
    Metric(
        "gateway_upstream_items_dropped_total",
        _C,
        "Promotions that were dropped from a page: malformed, or not requested.",
        (_ENDPOINT,),
    ),
    Metric(
        "gateway_upstream_undocumented_values_total",
        _C,
        "Values of an undocumented shape: read where their meaning is plain, else null.",
        (_ENDPOINT,),
    ),
    Metric("gateway_upstream_retries_total", _C, "Retries of failed upstream calls.", (_ENDPOINT,)),
    Metric(
        "gateway_upstream_circuit_state",
        _G,
        "State of the circuit breaker: 0 closed, 1 half-open, 2 open, for all calls or for"
        " those of a caller or about a customer or program; the worst of all workers.",
        (_ENDPOINT,),
        max,
    ),
    Metric(
        "gateway_upstream_circuit_openings_total",
        _C,
        "Openings of the circuit breaker, after a failed probe included.",
        (_ENDPOINT,),
    ),
    Metric("gateway_upstream_calls_waiting", _G, "Upstream calls that wait for a connection."),
    Metric(
        "gateway_upstream_calls_in_flight",
        _G,
        "Upstream calls that hold a connection or wait for the quota.",
    ),
    Metric("gateway_upstream_quota_waits_total", _C, "Upstream calls that waited for the quota."),
    Metric(
        "gateway_upstream_quota_refusals_total",
        _C,
        "Upstream calls that were rejected because the quota would have let them start too late.",
    ),
    Metric(
        "gateway_upstream_quota_remaining",
        _G,
        "Upstream calls that the quota still allows in this minute, of the credential and worker"
        " with the fewest; absent without a quota.",
        (),
        min,
    ),
    Metric(
        "gateway_upstream_rate_limited_total",
        _C,
        "429 responses of the platform; while one's `Retry-After` lasts, no new call of its"
        " credential starts: in all replicas with a quota on Redis, else in the worker.",
    ),
    Metric(
        "gateway_upstream_coalesced_total",
        _C,
        "Upstream calls that were saved because an equal one was in flight.",
    ),
    Metric(
        "gateway_upstream_legacy_endpoint_gone_ratio",
        _G,
        "1 where the legacy endpoint is probably phased out (410 or 404 for three programs, or for"
        " all that had answered before) or switched off, else 0; with passthrough the share of"
        " callers' credentials for which it is.",
        (),
        max,
    ),
    Metric(
        "gateway_cache_hits_total",
        _C,
        "Cache hits: fresh from memory, fresh from the shared level, or stale.",
        (("level", ("memory", "shared", "stale")),),
    ),
    Metric(
        "gateway_cache_negative_hits_total",
        _C,
        'Fresh cache hits, of either level, of a "not found" response.',
    ),
    Metric("gateway_cache_misses_total", _C, "Cache misses."),
    Metric("gateway_cache_writes_total", _C, "Entries written to the cache."),
    Metric("gateway_cache_refreshes_total", _C, "Background refreshes that were started."),
    Metric("gateway_cache_refresh_failures_total", _C, "Background refreshes that failed."),
    Metric(
        "gateway_cache_refreshes_skipped_total",
        _C,
        "Background refreshes that were not started because too many were running.",
    ),
    Metric("gateway_cache_entries", _G, "Entries in memory."),
    Metric("gateway_cache_bytes", _G, "Estimated size of the entries in memory."),
    Metric(
        "gateway_cache_shared_available",
        _G,
        "0 while reads or writes of Redis fail, for any worker, else 1; absent without Redis.",
        (),
        min,
    ),
    Metric("gateway_cache_shared_errors_total", _C, "Redis operations that failed."),
    Metric(
        "gateway_cache_shared_skipped_total",
        _C,
        "Redis operations that were skipped because Redis was unavailable.",
    ),
    Metric(
        "gateway_cache_shared_invalid_entries_total",
        _C,
        "Values in Redis that are not valid cache entries.",
    ),
    Metric("gateway_response_cache_hits_total", _C, "Operations served from the response cache."),
    Metric(
        "gateway_response_cache_misses_total",
        _C,
        "Operations that were executed; not counted while the response cache is off.",
    ),
    Metric("gateway_response_cache_entries", _G, "Responses in memory."),
    Metric("gateway_response_cache_bytes", _G, "Estimated size of the responses in memory."),
)
WORKERS = Metric("gateway_workers", _G, "Worker processes that these metrics cover.")
BUILD = Metric(
    "gateway_build_info",
    _G,
    "Always 1; its labels are the versions.",
    (("version", ()), ("python", ())),
)
"""The labels' values are those of the running process."""
