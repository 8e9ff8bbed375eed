"""The metrics of evictions, and of the webhook whose events cause them."""

from gateway.telemetry.metric import Kind, Metric

OTHER = "other"
WEBHOOK = "/webhooks/promotions"
WEBHOOK_EVENTS = (
    *("promotionCreated", "promotionUpdated", "promotionIssued", "promotionEarned"),
    *("revokeIssuedPromotion", "revokeEarnedPromotion", OTHER),
)
WEBHOOK_OUTCOMES = ("evicted", "repeated", "incomplete", "unknown", "not_kept")
EVICTED = ("customer", "definition", "program", "everything")
_C = Kind.COUNTER

EVICTION_METRICS = (
    Metric(
        "gateway_cache_evictions_total",
        _C,
        "What was dropped before its TTL, after an event or a write, per worker that dropped it: a"
        " customer's pages, a definition, a program's lists, or everything, where evictions were"
        " missed.",
        (("subject", EVICTED),),
    ),
    Metric(
        "gateway_webhook_events_total",
        _C,
        "Events of the webhook: what they name was dropped (evicted), they had been taken before"
        " (repeated), they do not name it (incomplete), their name is none of the six (unknown), or"
        " Redis was unavailable (not_kept).",
        (("event", WEBHOOK_EVENTS), ("outcome", WEBHOOK_OUTCOMES)),
    ),
)
