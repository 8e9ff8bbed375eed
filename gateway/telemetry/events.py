"""All log events: levels, fields and meanings; `docs/logs.md` is generated from them.

No field holds a customer's identifier, a credential or a URL.
"""

from typing import NamedTuple


class Event(NamedTuple):
    """One log event; every line has `event`, `level` and `timestamp` as well.

    A line about a request has `request_id`.
    """

    name: str
    level: str
    fields: tuple[str, ...]
    meaning: str


EVENTS = (
    Event(
        "startup_failed",
        "error",
        ("reason",),
        "The gateway does not start: one line for each mistake, such as an invalid setting.",
    ),
    Event(
        "unknown_setting",
        "warning",
        ("reason",),
        "A variable that begins with `GATEWAY_` is not a setting.",
    ),
    Event(
        "listening",
        "info",
        ("host", "port", "unix_socket"),
        "The server accepts connections, at a port or at a Unix socket.",
    ),
    Event(
        "admin_listening",
        "info",
        ("host", "port"),
        "The server accepts connections for probes and metrics.",
    ),
    Event("stopping", "info", (), "A signal has arrived: `/readyz` is 503 from now on."),
    Event(
        "stopped",
        "info",
        ("requests_cut", "drain_s"),
        "The server has ended. `requests_cut` requests were still in flight after"
        " `GATEWAY_SHUTDOWN_GRACE_S`, or at a second signal, and got OVERLOADED.",
    ),
    Event(
        "worker_ended",
        "warning",
        ("pid", "status", "reason"),
        "A worker process has ended and is replaced; a negative status is a signal. The reason is"
        " exit, signal, or unresponsive for one that did not react for half a minute.",
    ),
    Event("reloaded", "info", (), "After SIGHUP, files and keys have been read."),
    Event(
        "reload_failed",
        "error",
        ("reason",),
        "After SIGHUP, a file is not valid: what was read before remains in use.",
    ),
    Event(
        "operation",
        "info",
        (
            *("operation", "document", "client", "client_version", "errors", "codes"),
            *("upstream_calls", "duration_ms", "quota_wait_ms", "caller"),
            *("parts", "first_part_ms"),
        ),
        "An operation ran. `document` is the SHA-256 of its text, `codes` those of its errors."
        " `quota_wait_ms` is how long its calls waited for the quota, one after the other or at the"
        " same time, if any did; `caller` a hash of the token's subject, if there is a token. Of a"
        " response with @defer, `parts` is the number of its parts, and `first_part_ms` when the"
        " first was sent.",
    ),
    Event(
        "promotion_action",
        "info",
        (
            *("action", "program_id", "promotion_id", "outcome", "reason"),
            *("repeated", "caller", "customer"),
        ),
        "A customer's promotion was to be changed: who did it, and what became of it. `reason` is"
        " the code of a refusal, `repeated` whether it was done under the same key before, `caller`"
        " a hash of the token's subject, `customer` a keyed hash of the customer's id, as in"
        " `webhook_event`.",
    ),
    Event(
        "request_rejected",
        "info",
        ("status", "code", "document", "client", "client_version"),
        "A request was rejected before its operation ran. `document` is the SHA-256 of the text, if"
        " that was the reason.",
    ),
    Event(
        "settings_files_changed",
        "info",
        ("settings",),
        "Files of secrets or certificates have changed, and are in use from now on unless"
        " `settings_restart_required` names them.",
    ),
    Event(
        "settings_files_rejected",
        "warning",
        ("settings", "reason"),
        "Files have changed and are not valid: what they held before stays in use.",
    ),
    Event(
        "settings_restart_required",
        "warning",
        ("settings",),
        "Files have changed whose settings are in use until a restart.",
    ),
    Event("token_rejected", "info", ("reason",), "A bearer token was invalid."),
    Event(
        "client_disconnected",
        "info",
        ("client", "client_version"),
        "The client disconnected before the response.",
    ),
    Event(
        "cors_origin_rejected",
        "warning",
        ("setting", "count"),
        "`GATEWAY_CORS_ORIGINS` does not allow an origin: the count since the last such line, at"
        " most one a minute.",
    ),
    Event(
        "unexpected_error",
        "error",
        ("path", "exception"),
        "A defect of the gateway: an exception, as its type and frames.",
    ),
    Event(
        "uncaught_exception",
        "critical",
        ("exception",),
        "An exception ends the process: its type and frames.",
    ),
    Event(
        "upstream_call_failed",
        "warning",
        ("endpoint", "reason"),
        "A call had no response: not connected, timed out or broken off.",
    ),
    Event(
        "upstream_error_status",
        "warning",
        ("endpoint", "status"),
        "A call failed, after its retry if it had one: the platform answered with an error status"
        " other than 429, and without an error body.",
    ),
    Event(
        "upstream_rate_limited",
        "warning",
        ("endpoint", "pause_s"),
        "The platform answered 429, and calls of its credential pause. One line per pause, however"
        " many calls in flight get a 429.",
    ),
    Event(
        "upstream_error_code",
        "error",
        ("endpoint", "upstream_code"),
        "The platform rejected a call with an error body whose code is neither about an argument"
        ' of the client nor "not found"; `upstream_code` is null for a body without a code.',
    ),
    Event(
        "upstream_bad_payload",
        "warning",
        ("endpoint", "reason"),
        "A response was malformed or about another customer.",
    ),
    Event(
        "upstream_write_warnings",
        "warning",
        ("endpoint", "codes"),
        "A write was done, and the platform's response has warnings, with these codes.",
    ),
    Event(
        "upstream_response_too_large",
        "warning",
        ("endpoint",),
        "A response exceeded `GATEWAY_UPSTREAM_MAX_RESPONSE_BYTES`.",
    ),
    Event(
        "upstream_items_dropped",
        "warning",
        ("endpoint", "count", "foreign", "fields"),
        "Promotions were dropped from a page: malformed in the `fields`, or not requested"
        " (`foreign`).",
    ),
    Event(
        "upstream_list_incomplete",
        "warning",
        ("endpoint",),
        "An object was not found in lists with unreadable items, or that ended before their total:"
        " its field failed, because null could be wrong.",
    ),
    Event(
        "upstream_undocumented_values",
        "warning",
        ("endpoint", "count", "fields"),
        "Values of a response had an undocumented shape, in the `fields`.",
    ),
    Event(
        "upstream_endpoint_gone",
        "warning",
        ("endpoint", "status"),
        "The legacy endpoint is probably phased out: it answered 410, or 404 without an error body,"
        " for three programs, or for all that had answered before; `status` is the last.",
    ),
    Event(
        "upstream_catalogue_incomplete",
        "warning",
        ("reason",),
        "Promotions of the successor are missing in the catalogue: the list was `moving` while it"
        " was read twice, or it is `too_large` for `GATEWAY_CATALOGUE_MAX_PROMOTIONS`.",
    ),
    Event(
        "upstream_catalogue_outdated",
        "info",
        ("endpoint",),
        "A write was refused for the version of a promotion that the catalogue has. The catalogue"
        " is dropped, once a minute at most, and read again when it is needed.",
    ),
    Event(
        "upstream_endpoint_absent",
        "warning",
        ("endpoint", "code"),
        "An endpoint that the gateway can do without is not offered to this credential: it answered"
        " 401, 403, 404, 405 or 410, or nothing that is documented; `code` is that of the error. It"
        " is asked again after five minutes.",
    ),
    Event(
        "upstream_endpoint_restored",
        "info",
        ("endpoint",),
        "An endpoint that was gone or absent answers again.",
    ),
    Event(
        "circuit_opened",
        "warning",
        ("endpoint", "scope", "failures"),
        "The circuit breaker rejects calls, of a scope: endpoint, caller, target or"
        " caller_and_target.",
    ),
    Event(
        "circuit_closed", "info", ("endpoint", "scope"), "The circuit breaker allows calls again."
    ),
    Event(
        "quota_redis_unavailable",
        "warning",
        ("replicas",),
        "This replica uses its share of the quota without Redis.",
    ),
    Event("quota_redis_available", "info", ("replicas",), "The quota is shared by Redis again."),
    Event(
        "redis_unavailable",
        "warning",
        ("use", "operation", "reason", "error"),
        "A use of Redis fails: `cache`, `quota`, `rate_limit` or"
        " `idempotency`. Its operations are skipped for a"
        " while. `reason` is that of `gateway_redis_failures_total`.",
    ),
    Event(
        "redis_available",
        "info",
        ("use", "operation", "unavailable_s"),
        "A use of Redis works again.",
    ),
    Event(
        "webhook_event",
        "info",
        ("name", "outcome", "program", "promotion", "customer"),
        "An event of the platform was taken, or could not be kept: name and outcome are those of"
        " `gateway_webhook_events_total`, the customer is a hash that all replicas with the same"
        " `GATEWAY_CACHE_KEY_SECRET` share.",
    ),
    Event("cache_invalid_entries", "warning", ("count",), "Values in Redis are not valid entries."),
    Event("cache_refresh_failed", "warning", ("reason",), "A stale entry could not be refreshed."),
    Event("auth_keys_unavailable", "warning", ("reason",), "The JWK set could not be fetched."),
    Event("auth_keys_changed", "info", ("count",), "The JWK set has other keys."),
    Event(
        "trace_export_failed",
        "warning",
        ("reason",),
        "The collector did not accept spans, which are dropped; one line until it does again.",
    ),
    Event("trace_export_restored", "info", (), "The collector accepts spans again."),
    Event(
        "metrics_slots_exhausted",
        "warning",
        (),
        "A worker has no slot, so that its metrics are only in the scrapes that it serves itself.",
    ),
    Event(
        "log_lines_dropped",
        "warning",
        ("count",),
        "The reader of stderr did not keep up: so many lines are missing before this one.",
    ),
    Event(
        "connections_limited",
        "warning",
        ("limit",),
        "File descriptors (`ulimit -n`) allow fewer connections than `GATEWAY_MAX_CONNECTIONS`.",
    ),
    Event(
        "connections_refused",
        "warning",
        ("count", "limit"),
        "There are too many connections: the count refused since the last such line, at most one a"
        " minute.",
    ),
)
