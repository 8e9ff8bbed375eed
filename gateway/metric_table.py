"""The metrics of a gateway with its settings, which all of its workers have."""

from collections.abc import Iterable

from gateway.config.settings import Settings
from gateway.telemetry.exposition import MetricTable
from gateway.telemetry.label_values import LabelValues
from gateway.telemetry.metrics import DEPRECATED, OTHER
from gateway.upstream.payload_fields import payload_fields

_MAX_NAMES = 500  # of operations: each has some 25 series
_SPARE_NAMES = 100  # that a reload of the manifest may add


def create_metric_table(
    settings: Settings, operation_names: Iterable[str], deprecated: tuple[str, ...] = DEPRECATED
) -> MetricTable:
    """Return all metrics.

    Trusted operations, known clients, documented fields of payloads and what is `deprecated`
    have series of their own.
    """
    names = [name for name in dict.fromkeys(operation_names) if name != OTHER]
    operations = tuple(names[:_MAX_NAMES])
    return MetricTable(
        LabelValues(
            operations,
            settings.client_names,
            payload_fields(),
            deprecated,
            spare_operations=_SPARE_NAMES if settings.trusted_documents else 0,
        )
    )
