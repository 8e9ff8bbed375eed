"""Counts of how operations ended, for the metrics."""

from collections.abc import Iterable
from typing import Any

import msgspec

from gateway.answer_budget import has_value
from gateway.errors import PersistedQueryNotFoundError
from gateway.telemetry.counters import CounterVec, Histogram
from gateway.telemetry.metrics import CODES, OPERATION_OUTCOMES, Samples


class OperationStatistics:
    """Counts since the start, which only grow."""

    def __init__(self) -> None:
        self._outcomes, self._codes = CounterVec(OPERATION_OUTCOMES), CounterVec(CODES)
        self._durations = Histogram()

    def count_executed(
        self,
        data: dict[str, Any] | msgspec.Raw | None,
        errors: list[dict[str, Any]],
        duration_s: float,
    ) -> None:
        """Count an operation that was executed, by its result."""
        self._durations.observe(duration_s)
        if not errors:
            self._outcomes.add("ok")
            return
        self._outcomes.add("partial" if _has_value(data) else "failed")
        self.count_errors(error["extensions"]["code"] for error in errors)

    def count_refused(self, errors: list[dict[str, Any]]) -> None:
        """Count an operation that was not executed.

        PERSISTED_QUERY_NOT_FOUND counts as an error and not as an operation: the client sends the
        same operation again with its text.
        """
        codes = [error["extensions"]["code"] for error in errors]
        if codes != [PersistedQueryNotFoundError.code]:
            self._outcomes.add("failed")
        self.count_errors(codes)

    def count_errors(self, codes: Iterable[str]) -> None:
        """Count the errors of a response, also to a request without an operation."""
        for code in codes:
            self._codes.add(code)

    def samples(self) -> Samples:
        """Return the samples of `gateway_operation…` and `gateway_errors_total`."""
        return {
            "gateway_operations_total": self._outcomes.counts,
            "gateway_operation_duration_seconds": self._durations.cells,
            "gateway_errors_total": self._codes.counts,
        }


def _has_value(data: object) -> bool:
    """Whether any leaf of a result's data is not null."""
    if isinstance(data, msgspec.Raw):
        return has_value(bytes(data))
    if isinstance(data, dict):
        return any(map(_has_value, data.values()))
    if isinstance(data, list) and data:
        return any(map(_has_value, data))
    return data is not None
