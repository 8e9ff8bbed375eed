"""The metrics of the endpoints of definitions, and of what is kept of the successor."""

from gateway.telemetry.metric import Kind, Metric

OPTIONAL_ENDPOINTS = ("promotionById", "promotionsV3", "programs")
"""The endpoints that the gateway can do without."""

DEFINITION_METRICS = (
    Metric(
        "gateway_upstream_legacy_endpoint_gone_ratio",
        Kind.GAUGE,
        "1 where the legacy endpoint is probably phased out (410 or 404 for three programs, or for"
        " all that had answered before) or switched off, else 0; with passthrough the share of"
        " callers' credentials for which it is.",
        (),
        max,
    ),
    Metric(
        "gateway_upstream_endpoint_absent_ratio",
        Kind.GAUGE,
        "1 where an endpoint that the gateway can do without was not offered when it was last asked"
        " (401, 403, 404, 405 or 410, or nothing that is documented), else 0; with passthrough the"
        " share of callers' credentials to which it was not; absent where `GATEWAY_DEFINITIONS`"
        " excludes it.",
        (("endpoint", OPTIONAL_ENDPOINTS),),
        max,
    ),
    Metric(
        "gateway_catalogue_promotions",
        Kind.GAUGE,
        "Promotions of the successor in memory, of the credential and worker with the most; absent"
        " without any.",
        (),
        max,
    ),
    Metric(
        "gateway_catalogue_age_seconds",
        Kind.GAUGE,
        "Time since these were read from the platform, by this replica or another one; of the"
        " credential and worker with the oldest; absent without any.",
        (),
        max,
    ),
)
