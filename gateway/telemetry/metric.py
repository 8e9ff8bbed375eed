"""What a metric is: its name, type, labels and meaning; `metrics.py` has all of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import product

BUCKETS_S = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1),
    *(0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)

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
    """One metric; `merge` combines a gauge's values of all workers (counters are added).

    A label's values are a fixed set; a text instead of them says what they are, where they are
    known only when the gateway starts: `rows` has them then, the values of all labels of a series.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[tuple[str, tuple[str, ...] | str], ...] = ()
    merge: Callable[[Iterable[float]], float] = sum
    rows: tuple[tuple[str, ...], ...] | None = None

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of the labels."""
        return tuple(name for name, _values in self.labels)

    @property
    def series(self) -> list[tuple[str, ...]]:
        """The label values of each series, in the order of samples."""
        if self.rows is not None:
            return list(self.rows)
        return list(product(*(v for _name, v in self.labels if not isinstance(v, str))))

    @property
    def cells(self) -> int:
        """The number of values in a sample."""
        return len(self.series) * (len(BUCKETS_S) + 2 if self.kind is Kind.HISTOGRAM else 1)
