"""All metrics: names, types, labels and meanings; `docs/metrics.md` is generated from them.

Every label has a fixed set of values: none is an identifier, a URL or a credential, and the number
of series does not grow with time. The name of an operation is a label's value where the operator's
manifest has it, and the name of a client where a setting does: else a client could make them up.
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import product

from gateway.errors import OUTCOMES, REFUSALS, codes
from gateway.telemetry.definition_metrics import DEFINITION_METRICS
from gateway.telemetry.eviction_metrics import EVICTION_METRICS, WEBHOOK
from gateway.telemetry.label_values import LabelValues, spare_name
from gateway.telemetry.metric import Kind, Metric

OTHER, NONE = "other", "none"
REDIS_USES = ("cache", "quota", "rate_limit", "evictions", "idempotency")
REDIS_REASONS = (
    *("authentication", "permission", "tls", "dns", "refused", "timeout", "connection"),
    *("out_of_memory", "read_only", "loading", "cluster_down", "no_master"),
    OTHER,
)
ENDPOINTS = (
    *("promotionData", "promotionsV2", "promotionById", "promotionsV3", "programs"),
    *("enrolAndEarn", "revokeEnrolAndEarn", "revokeDirectEarn", "enrol", "revoke"),
    *("oauthToken", OTHER),
)
ROUTES = (
    *("/graphql", "/graphql/schema.graphql", WEBHOOK),
    *("/healthz", "/readyz", "/metrics", OTHER),
)
STATUSES = ("2xx", "3xx", "4xx", "5xx")
STATES = ("reading", "running")
PERSISTED_OUTCOMES = ("trusted", "automatic", "stored", "not_found", "not_trusted")
CALL_OUTCOMES = (
    *("2xx", "3xx", "4xx", "429", "5xx"),
    *("unreachable", "timeout", "unreadable_body", "cancelled"),
)
WAITS = ("quota", "connection")
DROPS = ("malformed", "not_requested")
RESTART_REASONS = ("exit", "signal", "unresponsive")
SPAN_OUTCOMES = ("exported", "failed", "queue_full")
EFFECTS = ("converted", "null")
ACTIONS = ("enrol", "issue", "withdraw_enrolments", "withdraw_issues")
ACTION_OUTCOMES = ("done", "refused", "uncertain", "error", "repeated")
CODES = (*codes(), OTHER)
# All that is deprecated in the graph, sorted: the parent of workers does not load the schema.
DEPRECATED: tuple[str, ...] = ()

_ENDPOINT = ("endpoint", ENDPOINTS)
_OPERATION = ("operation", "names in the manifest of trusted documents, or other")
_CLIENT = ("client", "names in `GATEWAY_CLIENT_NAMES`, other, or none")
_FIELD_NEEDED = ("field", "documented fields without which there is no promotion, or none")
_PAGES = ("endpoint", "promotionData, promotionsV2, promotionById, promotionsV3, programs")
_ELEMENT = ("element", "schema coordinates of what is deprecated")
_OUTCOME = ("outcome", OUTCOMES)
_C, _G, _H = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM

_METRICS = (
    Metric(
        "gateway_operations_total",
        _C,
        "GraphQL operations, those included that did not run: ok without an error; partial with"
        " data and errors; without data by the gravest error: client_error where the request is at"
        " fault, refused by authentication, rate limit or load, upstream_error, internal_error.",
        (_OPERATION, _OUTCOME),
    ),
    Metric(
        "gateway_operations_refused_total",
        _C,
        "Operations with the outcome refused: 401 (unauthenticated), 429 (rate_limited), 503"
        " (overloaded; keys_unavailable while the keys of tokens cannot be fetched).",
        (("reason", REFUSALS),),
    ),
    Metric(
        "gateway_operation_duration_seconds",
        _H,
        "Duration of operations that ran, from the parsed request to the encoded data.",
        (_OPERATION,),
    ),
    Metric(
        "gateway_operations_in_flight",
        _G,
        "Operations that run, and requests whose body is being read.",
        (("state", STATES),),
    ),
    Metric(
        "gateway_client_operations_total",
        _C,
        "GraphQL operations by the name that the client sends (`apollographql-client-name` or"
        " `graphql-client-name`); none without such a header.",
        (_CLIENT, _OUTCOME),
    ),
    Metric(
        "gateway_deprecated_uses_total",
        _C,
        "Operations that ran or were served from the response cache and use a deprecated field,"
        " argument, input field or enum value, in the document or in a variable; once for each.",
        (_CLIENT, _ELEMENT),
    ),
    Metric(
        "gateway_client_disconnects_total",
        _C,
        "Requests whose client disconnected before the response; their operations have no outcome.",
    ),
    Metric(
        "gateway_http_requests_total",
        _C,
        "HTTP responses, those of requests included that were refused before GraphQL.",
        (("route", ROUTES), ("status", STATUSES)),
    ),
    Metric(
        "gateway_errors_total",
        _C,
        "Errors in responses, by extensions.code; of one response the first hundred.",
        (("code", CODES),),
    ),
    Metric("gateway_connections_open", _G, "Connections of clients, on the public listener."),
    Metric(
        "gateway_connections_refused_total",
        _C,
        "Connections that were refused with 503 because there were too many.",
    ),
    Metric(
        "gateway_log_lines_dropped_total",
        _C,
        "Log lines that were dropped because the reader of stderr did not keep up.",
    ),
    Metric(
        "gateway_persisted_operations_total",
        _C,
        "Persisted operations: found in the manifest (trusted) or registered by a client"
        " (automatic), not found, newly registered (stored), or rejected as not trusted.",
        (("outcome", PERSISTED_OUTCOMES),),
    ),
    Metric(
        "gateway_promotion_actions_total",
        _C,
        "Mutations that were allowed to write, by what became of them: error where nothing was"
        " written because of an outage, repeated where the key had been used for the same before.",
        (("action", ACTIONS), ("outcome", ACTION_OUTCOMES)),
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
        "Promotions that were dropped from a page: malformed, by the field that cannot be read, or"
        " not requested (field none).",
        (
            _PAGES,
            ("reason", DROPS),
            _FIELD_NEEDED,
        ),
    ),
    Metric(
        "gateway_upstream_undocumented_values_total",
        _C,
        "Values of an undocumented shape, by field: converted where their meaning is plain, else"
        " null.",
        (_PAGES, ("field", "documented fields"), ("effect", EFFECTS)),
    ),
    Metric(
        "gateway_upstream_unknown_enum_values_total",
        _C,
        "Words that are none of those that the gateway knows of a field, which is an enum in the"
        " graph: it is UNKNOWN there.",
        (_PAGES, ("field", "documented fields with the words of an enum")),
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
    Metric(
        "gateway_upstream_wait_seconds",
        _H,
        "Time that upstream calls waited for the quota or for a connection before they started or"
        " were refused; calls that started at once are not in it.",
        (("reason", WAITS),),
    ),
    Metric("gateway_upstream_quota_waits_total", _C, "Upstream calls that waited for the quota."),
    Metric(
        "gateway_upstream_quota_refusals_total",
        _C,
        "Upstream calls that were rejected because the quota would have let them start too late;"
        " those of the background do not count, as they are tried again or not needed.",
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
    *DEFINITION_METRICS,
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
    *EVICTION_METRICS,
    Metric("gateway_cache_entries", _G, "Entries in memory."),
    Metric("gateway_cache_bytes", _G, "Estimated size of the entries in memory."),
    Metric(
        "gateway_cache_shared_skipped_total",
        _C,
        "Reads and writes of the shared level that were not tried: Redis was unavailable, or all"
        " connections were busy.",
    ),
    Metric(
        "gateway_cache_shared_invalid_entries_total",
        _C,
        "Values in Redis that are not valid cache entries.",
    ),
    Metric(
        "gateway_redis_available",
        _G,
        "0 while a use of Redis fails, for any worker, else 1, checked every few seconds; absent"
        " for what does not use Redis.",
        (("use", REDIS_USES),),
        min,
    ),
    Metric(
        "gateway_redis_failures_total",
        _C,
        "Failed operations on Redis, those of the periodic check included: a wrong password or user"
        " (authentication), a right that the user lacks (permission), a certificate or protocol"
        " (tls), a name that does not resolve (dns), a closed port (refused), no answer in time"
        " (timeout), a lost connection, no master that sentinels know (no_master), and what Redis"
        " answers.",
        (("use", REDIS_USES), ("reason", REDIS_REASONS)),
    ),
    Metric("gateway_response_cache_hits_total", _C, "Operations served from the response cache."),
    Metric(
        "gateway_response_cache_misses_total",
        _C,
        "Operations that were executed; not counted while the response cache is off.",
    ),
    Metric("gateway_response_cache_entries", _G, "Responses in memory."),
    Metric("gateway_response_cache_bytes", _G, "Estimated size of the responses in memory."),
    Metric(
        "gateway_auth_keys_age_seconds",
        _G,
        "Time since the JWK set was fetched last, or since the start before the first time; of the"
        " worker with the oldest; absent without `GATEWAY_AUTH_JWKS_URL`.",
        (),
        max,
    ),
    Metric("gateway_auth_key_refreshes_total", _C, "Requests for the JWK set."),
    Metric("gateway_auth_key_refresh_failures_total", _C, "Requests for the JWK set that failed."),
    Metric(
        "gateway_trace_spans_total",
        _C,
        "Recorded spans that the collector accepted (exported), that it did not (failed), or that"
        " were dropped because too many waited for it (queue_full).",
        (("outcome", SPAN_OUTCOMES),),
    ),
    Metric(
        "gateway_event_loop_lag_seconds",
        _H,
        "Delay of a timer of the event loop, ten times a second: how long a request may have to"
        " wait for the loop; of all workers together.",
    ),
    Metric(
        "process_cpu_seconds_total",
        _C,
        "User and system CPU time, of all workers together, ended ones included.",
    ),
    Metric(
        "process_resident_memory_bytes",
        _G,
        "Resident memory, the sum of all workers: what they share counts for each.",
    ),
    Metric("process_virtual_memory_bytes", _G, "Virtual memory, the sum of all workers."),
    Metric("process_open_fds", _G, "Open file descriptors, of the worker with the most.", (), max),
    Metric("process_max_fds", _G, "Maximum of open file descriptors of one worker.", (), min),
    Metric(
        "process_start_time_seconds",
        _G,
        "Start time since the epoch, of the worker that started last.",
        (),
        max,
    ),
)


def metrics_of(values: LabelValues) -> tuple[Metric, ...]:
    """Return all metrics, each with the values of all of its labels."""
    spare = map(spare_name, range(values.spare_operations))
    operations = [*values.operations, *spare, OTHER]
    clients = [*values.clients, OTHER, NONE]
    fields, (malformed, not_requested) = values.fields, DROPS
    rows: dict[tuple[str, ...], Iterable[tuple[str, ...]]] = {
        ("operation", "outcome"): product(operations, OUTCOMES),
        ("operation",): product(operations),
        ("client", "outcome"): product(clients, OUTCOMES),
        ("endpoint", "reason", "field"): [
            *((endpoint, malformed, path) for endpoint, path in fields.needed),
            *((endpoint, not_requested, NONE) for endpoint in fields.endpoints),
        ],
        ("endpoint", "field", "effect"): fields.undocumented,
        ("endpoint", "field"): fields.enums,
        ("client", "element"): product(clients, values.deprecated),
    }
    series = {names: tuple(each) for names, each in rows.items()}
    return tuple(replace(each, rows=series.get(each.label_names)) for each in _METRICS)


METRICS = metrics_of(LabelValues())
"""All metrics of a gateway without a manifest and without names of clients."""

WORKERS = Metric("gateway_workers", _G, "Worker processes that these metrics cover.")
RESTARTS = Metric(
    "gateway_worker_restarts_total",
    _C,
    "Workers that were replaced: they ended by themselves (exit), by a signal, such as that of the"
    " system without memory (signal), or did not react for half a minute (unresponsive).",
    (("reason", RESTART_REASONS),),
)
BUILD = Metric(
    "gateway_build_info",
    _G,
    "Always 1; its labels are the versions.",
    (("version", ()), ("python", ())),
)
"""The labels' values are those of the running process."""

ALL_METRICS = (*METRICS, WORKERS, RESTARTS, BUILD)
"""What `/metrics` has: `METRICS` are counted by each worker."""
