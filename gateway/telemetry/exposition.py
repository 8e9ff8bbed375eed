"""The samples of all workers as text in Prometheus's format."""

import math
import platform
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import (
    Metric as Family,
)
from prometheus_client.registry import Collector

from gateway.telemetry.label_values import LabelValues, named
from gateway.telemetry.logs import VERSION
from gateway.telemetry.metric import BUCKETS_S, Kind, Metric, Samples
from gateway.telemetry.metrics import BUILD, RESTARTS, WORKERS, metrics_of

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

_NO_RESTARTS = (0.0,) * RESTARTS.cells
_Series = Sequence[tuple[str, ...] | None]
_BOUNDS = (*(str(bound) for bound in BUCKETS_S), "+Inf")


class MetricTable:
    """All metrics with the values of their labels: what the numbers of a process mean.

    All workers of a gateway have the same; it can be passed to a spawned process.
    """

    def __init__(self, values: LabelValues = LabelValues()) -> None:  # noqa: B008 - immutable
        self.values, self.metrics = values, metrics_of(values)
        self.is_gauge = tuple(
            metric.kind is Kind.GAUGE for metric in self.metrics for _ in range(metric.cells)
        )

    def __reduce__(self) -> tuple[type["MetricTable"], tuple[LabelValues]]:
        return MetricTable, (self.values,)

    @property
    def cells(self) -> int:
        """The number of values of all metrics."""
        return len(self.is_gauge)

    def flatten(self, samples: Samples) -> "array[float]":
        """Return samples as `cells` numbers in the order of `metrics`.

        Raise ValueError for a metric with another number of values, KeyError for a missing one.
        """
        cells = array("d")
        for metric in self.metrics:
            values = samples[metric.name]
            if len(values) != metric.cells:
                raise ValueError(metric.name)
            cells.extend(values)
        return cells

    def expose(
        self,
        ended: Iterable[Sequence[float]],
        running: Sequence[Sequence[float]],
        names: Sequence[str] = (),
        restarts: Sequence[float] = _NO_RESTARTS,
    ) -> bytes:
        """Return the cells of all workers as one text.

        Counters include workers that have ended; gauges are those of running workers alone. `names`
        are those of operations that have got a name since the start, `restarts` the counts of the
        parent.
        """
        return generate_latest(_Families(self.metrics, [*ended], running, names, restarts))


class _Families(Collector):
    def __init__(
        self,
        metrics: Sequence[Metric],
        ended: list[Sequence[float]],
        running: Sequence[Sequence[float]],
        names: Sequence[str],
        restarts: Sequence[float],
    ) -> None:
        self._metrics, self._ended, self._running = metrics, ended, running
        self._names, self._restarts = names, restarts

    def collect(self) -> Iterator[Family]:
        start = 0
        for metric in self._metrics:
            end = start + metric.cells
            running = [worker[start:end] for worker in self._running]
            if metric.kind is Kind.GAUGE:
                yield _gauge(
                    metric, [_merged(metric, values) for values in zip(*running, strict=True)]
                )
            else:
                ended = [worker[start:end] for worker in self._ended]
                sums = [sum(values) for values in zip(*running, *ended, strict=True)]
                series = [named(labels, self._names) for labels in metric.series]
                family = _counter if metric.kind is Kind.COUNTER else _histogram
                yield family(metric, series, sums)
            start = end
        yield _gauge(WORKERS, [len(self._running)])
        yield _counter(RESTARTS, RESTARTS.series, self._restarts)
        build = GaugeMetricFamily(BUILD.name, BUILD.help, labels=BUILD.label_names)
        build.add_metric([VERSION, platform.python_version()], 1)
        yield build


def _merged(metric: Metric, values: Iterable[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return metric.merge(known) if known else math.nan


def _gauge(metric: Metric, values: Sequence[float]) -> Family:
    family = GaugeMetricFamily(metric.name, metric.help, labels=metric.label_names)
    for labels, value in zip(metric.series, values, strict=True):
        if not math.isnan(value):
            family.add_metric(labels, value)
    return family


def _counter(metric: Metric, series: _Series, values: Sequence[float]) -> Family:
    family = CounterMetricFamily(metric.name, metric.help, labels=metric.label_names)
    for labels, value in zip(series, values, strict=True):
        if labels is not None:
            family.add_metric(labels, value)
    return family


def _histogram(metric: Metric, series: _Series, values: Sequence[float]) -> Family:
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.label_names)
    width = len(_BOUNDS) + 1
    for index, labels in enumerate(series):
        if labels is None:
            continue
        *counts, sum_s = values[index * width : (index + 1) * width]
        buckets = list(zip(_BOUNDS, accumulate(counts), strict=True))
        family.add_metric(labels, buckets, sum_s)
    return family
