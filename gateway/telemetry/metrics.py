"""Metrics: what each is called and which labels it may have, in one place.

=========================================  =========  ==================
name                                       kind       labels
=========================================  =========  ==================
gateway_operations_total                   counter    outcome
gateway_operation_duration_seconds         histogram
gateway_errors_total                       counter    code
gateway_persisted_operations_total         counter    outcome
gateway_upstream_calls_total               counter    endpoint, outcome
gateway_upstream_call_duration_seconds     histogram  endpoint
gateway_upstream_bad_payloads_total        counter    endpoint
gateway_upstream_items_left_out_total      counter    endpoint
gateway_upstream_undocumented_values_total counter    endpoint
gateway_upstream_retries_total             counter    endpoint
gateway_upstream_circuit_state             gauge      endpoint
gateway_upstream_circuit_openings_total    counter    endpoint
gateway_upstream_calls_waiting             gauge
gateway_upstream_calls_in_flight           gauge
gateway_upstream_quota_waits_total         counter
gateway_upstream_quota_refusals_total      counter
gateway_upstream_quota_left                gauge
gateway_upstream_pauses_total              counter
gateway_upstream_coalesced_total           counter
gateway_legacy_gone                        gauge
gateway_cache_hits_total                   counter    level
gateway_cache_negative_hits_total          counter
gateway_cache_misses_total                 counter
gateway_cache_stored_total                 counter
gateway_cache_refreshes_total              counter
gateway_cache_refreshes_failed_total       counter
gateway_cache_refreshes_refused_total      counter
gateway_cache_entries                      gauge
gateway_cache_bytes                        gauge
gateway_cache_shared_available             gauge
gateway_cache_shared_errors_total          counter
gateway_cache_shared_skipped_total         counter
gateway_cache_shared_garbage_total         counter
gateway_answer_cache_hits_total            counter
gateway_answer_cache_misses_total          counter
gateway_answer_cache_entries               gauge
gateway_answer_cache_bytes                 gauge
gateway_workers                            gauge
gateway_build_info                         gauge      version, python
=========================================  =========  ==================

Every label's values are a fixed set that stands here: no label can hold an identifier, a URL or a
credential, and a process has as many series after a year as at its start. An operation's name is
the client's, and therefore no label.
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
    *("unreachable", "timeout", "bad_payload", "cancelled"),
)
CODES = (*codes(), OTHER)
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

Samples = Mapping[str, Sequence[float]]
"""What there is to tell, by the metrics' names: a value for each of its series, in their order.

Of a histogram that are, series by series, how many fell into each bucket and above the last (each
counted once), and their sum. NaN is what is not known.
"""


class Kind(Enum):
    """What a metric's values are."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; `merge` makes one gauge of those of all workers, whose counters add up."""

    name: str
    kind: Kind
    help: str
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    merge: Callable[[Iterable[float]], float] = sum

    @property
    def label_names(self) -> tuple[str, ...]:
        """Name its labels."""
        return tuple(name for name, _values in self.labels)

    @property
    def series(self) -> list[tuple[str, ...]]:
        """Return each series by its labels' values, in the order of readings."""
        return list(product(*(values for _name, values in self.labels)))

    @property
    def cells(self) -> int:
        """How many numbers a reading of it has."""
        return len(self.series) * (len(BUCKETS_S) + 2 if self.kind is Kind.HISTOGRAM else 1)


_ENDPOINT = ("endpoint", ENDPOINTS)
_C, _G, _H = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM
_OUTCOME, _CALLED = ("outcome", OPERATION_OUTCOMES), ("outcome", CALL_OUTCOMES)
_LEVEL = ("level", ("memory", "shared", "stale"))

METRICS = (
    Metric(
        "gateway_operations_total",
        _C,
        "GraphQL operations: ok without an error, partial with data and errors, failed without"
        " data or refused.",
        (_OUTCOME,),
    ),
    Metric(
        "gateway_operation_duration_seconds", _H, "How long operations ran, the refused ones not."
    ),
    Metric(
        "gateway_errors_total",
        _C,
        "Errors in answers, by extensions.code; the first hundred of an answer.",
        (("code", CODES),),
    ),
    Metric(
        "gateway_persisted_operations_total",
        _C,
        "Operations named by an id: found in the manifest (trusted) or among those sent before"
        " (automatic), or not_found; those stored, and those refused as not_trusted.",
        (("outcome", PERSISTED_OUTCOMES),),
    ),
    Metric(
        "gateway_upstream_calls_total",
        _C,
        "Calls to the platform, retries included, by status or by what ended them; bad_payload is a"
        " body too large or badly compressed, cancelled a call that nobody waited for any more.",
        (_ENDPOINT, _CALLED),
    ),
    Metric(
        "gateway_upstream_call_duration_seconds",
        _H,
        "How long they took, body included, waiting for a turn not.",
        (_ENDPOINT,),
    ),
    Metric(
        "gateway_upstream_bad_payloads_total",
        _C,
        "Answers with status 200 that could not be read, or were about another customer.",
        (_ENDPOINT,),
    ),
    Metric(
        "gateway_upstream_items_left_out_total",
        _C,
        "Promotions that were not shown: they could not be read, or were not asked for.",
        (_ENDPOINT,),
    ),
    Metric(
        "gateway_upstream_undocumented_values_total",
        _C,
        "Values of another shape than documented: read as what they plainly are, else null.",
        (_ENDPOINT,),
    ),
    Metric("gateway_upstream_retries_total", _C, "Second attempts of failed calls.", (_ENDPOINT,)),
    Metric(
        "gateway_upstream_circuit_state",
        _G,
        "The circuit breaker: 0 closed, 1 half-open, 2 open, for all calls or for a caller or"
        " target; the worst of all workers.",
        (_ENDPOINT,),
        max,
    ),
    Metric(
        "gateway_upstream_circuit_openings_total",
        _C,
        "How often it opened, after a failed probe included.",
        (_ENDPOINT,),
    ),
    Metric("gateway_upstream_calls_waiting", _G, "Calls that wait for a connection."),
    Metric("gateway_upstream_calls_in_flight", _G, "Calls that hold one, or wait for their turn."),
    Metric("gateway_upstream_quota_waits_total", _C, "Calls that had to wait for their turn."),
    Metric(
        "gateway_upstream_quota_refusals_total", _C, "Calls refused, their turn being too late."
    ),
    Metric(
        "gateway_upstream_quota_left",
        _G,
        "Calls left of this minute, for the identity and worker with the fewest; absent without a"
        " limit.",
        (),
        min,
    ),
    Metric("gateway_upstream_pauses_total", _C, "Answers 429, each of which held back all calls."),
    Metric("gateway_upstream_coalesced_total", _C, "Answers shared with an equal call in flight."),
    Metric(
        "gateway_legacy_gone",
        _G,
        "1 where the legacy endpoint is gone or switched off; with passthrough, with which share of"
        " the callers' credentials.",
        (),
        max,
    ),
    Metric(
        "gateway_cache_hits_total",
        _C,
        "Answers from the cache: fresh from memory, fresh from the shared level, or stale.",
        (_LEVEL,),
    ),
    Metric(
        "gateway_cache_negative_hits_total",
        _C,
        'Fresh ones among them, of either level, that said "not here".',
    ),
    Metric("gateway_cache_misses_total", _C, "Look-ups that found nothing to serve."),
    Metric("gateway_cache_stored_total", _C, "Answers written to the cache."),
    Metric("gateway_cache_refreshes_total", _C, "Background refreshes that started."),
    Metric("gateway_cache_refreshes_failed_total", _C, "Those that brought nothing new."),
    Metric("gateway_cache_refreshes_refused_total", _C, "Those not started, too many running."),
    Metric("gateway_cache_entries", _G, "Entries in memory."),
    Metric("gateway_cache_bytes", _G, "Bytes they take, estimated."),
    Metric(
        "gateway_cache_shared_available",
        _G,
        "0 while Redis cannot be read or written, for any worker; absent without one.",
        (),
        min,
    ),
    Metric("gateway_cache_shared_errors_total", _C, "Operations on Redis that failed."),
    Metric(
        "gateway_cache_shared_skipped_total", _C, "Operations not tried, Redis being unavailable."
    ),
    Metric("gateway_cache_shared_garbage_total", _C, "Values in Redis that are no entry of ours."),
    Metric("gateway_answer_cache_hits_total", _C, "Operations answered whole from memory."),
    Metric("gateway_answer_cache_misses_total", _C, "Those that ran; none while nothing is kept."),
    Metric("gateway_answer_cache_entries", _G, "Whole answers in memory."),
    Metric("gateway_answer_cache_bytes", _G, "Bytes they take, estimated."),
)
WORKERS = Metric("gateway_workers", _G, "Processes that these numbers are of.")
BUILD = Metric(
    "gateway_build_info",
    _G,
    "Always 1; its labels say what is running.",
    (("version", ()), ("python", ())),
)
"""Whose values are fixed for a process's life, if not here."""
