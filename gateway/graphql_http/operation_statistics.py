"""How operations ended, as plain counts for the metrics."""

from collections.abc import Iterable
from typing import Any

import msgspec

from gateway.answer_budget import has_value
from gateway.errors import PersistedQueryNotFoundError
from gateway.telemetry.counters import CounterVec, Histogram
from gateway.telemetry.metrics import CODES, OPERATION_OUTCOMES, Samples


class OperationStatistics:
    """Counts since the start; each only grows."""

    def __init__(self) -> None:
        self._outcomes, self._codes = CounterVec(OPERATION_OUTCOMES), CounterVec(CODES)
        self._durations = Histogram()

    def ran(
        self,
        data: dict[str, Any] | msgspec.Raw | None,
        errors: list[dict[str, Any]],
        seconds: float,
    ) -> None:
        """Count an operation that ran, by the data and errors of its answer."""
        self._durations.observe(seconds)
        if not errors:
            self._outcomes.add("ok")
            return
        self._outcomes.add("partial" if _has_value(data) else "failed")
        self.errors(error["extensions"]["code"] for error in errors)

    def refused(self, errors: list[dict[str, Any]]) -> None:
        """Count an operation that did not run.

        A hash that is not known is none: its operation comes with the next request.
        """
        codes = [error["extensions"]["code"] for error in errors]
        if codes != [PersistedQueryNotFoundError.code]:
            self._outcomes.add("failed")
        self.errors(codes)

    def errors(self, codes: Iterable[str]) -> None:
        """Count the errors of an answer, also of one to a request that has no operation."""
        for code in codes:
            self._codes.add(code)

    def readings(self) -> Samples:
        """Return the numbers of `gateway_operation…` and `gateway_errors_total`."""
        return {
            "gateway_operations_total": self._outcomes.counts,
            "gateway_operation_duration_seconds": self._durations.cells,
            "gateway_errors_total": self._codes.counts,
        }


def _has_value(data: object) -> bool:
    """Whether there is anything but null in an answer's data: objects of nulls are nothing."""
    if isinstance(data, msgspec.Raw):
        return has_value(bytes(data))
    if isinstance(data, dict):
        return any(map(_has_value, data.values()))
    if isinstance(data, list) and data:
        return any(map(_has_value, data))
    return data is not None
