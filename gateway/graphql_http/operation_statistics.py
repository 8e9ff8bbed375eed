"""Counts of how operations and HTTP requests ended, for the metrics."""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from gateway.answer_budget import has_value
from gateway.errors import PersistedQueryNotFoundError
from gateway.errors.outcomes import (
    OK,
    OUTCOMES,
    PARTIAL,
    REFUSALS,
    REFUSED,
    outcome_of,
    refusal_of,
)
from gateway.execution.documents import Operation
from gateway.telemetry.counters import CounterVec, Histogram, HttpRequestCounts
from gateway.telemetry.masking import mask
from gateway.telemetry.metric import BUCKETS_S, Samples
from gateway.telemetry.metrics import CODES, OTHER
from gateway.telemetry.name_slots import NameSlots
from gateway.telemetry.operation_line import LogFields

_MAX_LOGGED_NAME = 80  # characters

OutcomeCounts = list[int]
"""The number of operations of each outcome, in the order of `OUTCOMES`."""


def no_outcomes() -> OutcomeCounts:
    """Return counts of nothing."""
    return [0] * len(OUTCOMES)


class OperationSeries:
    """The outcomes and durations of the operations of one name."""

    __slots__ = ("durations", "outcomes")

    def __init__(self) -> None:
        self.outcomes, self.durations = no_outcomes(), Histogram()


def logged_name(operation: Operation) -> str:
    """Return the name of an operation for log lines and spans, masked; "" for one without."""
    return mask(operation.name[:_MAX_LOGGED_NAME]) if operation.name else ""


class OperationRecord:
    """Where one operation is counted, and the fields that its log lines have in common."""

    __slots__ = ("durations", "log_fields", "outcomes")

    def __init__(self, series: OperationSeries, operation: Operation) -> None:
        self.outcomes, self.durations = series.outcomes, series.durations
        self.log_fields = LogFields(operation=logged_name(operation), document=operation.sha256)


class OperationStatistics:
    """Counts since the start, which only grow.

    Operations are counted by `names`, those of trusted operations; `name_of` returns the name of
    the one with a digest. All others, and those of which no document is known, are counted under
    one name. Of names that are added later, as many are counted apart as there are `slots`.
    """

    def __init__(
        self,
        names: Iterable[str] = (),
        name_of: Callable[[bytes], str | None] = lambda _digest: None,
        slots: NameSlots | None = None,
    ) -> None:
        self._name_of, self._slots = name_of, slots or NameSlots(0)
        self._series = {name: OperationSeries() for name in (*names, OTHER)}
        self.other = self._series[OTHER]
        spare = [OperationSeries() for _ in range(self._slots.number)]
        *named, other = self._series.values()
        self._spare, self._all = spare, [*named, *spare, other]
        self._codes, self._refusals = CounterVec(CODES), CounterVec(REFUSALS)
        self.http = HttpRequestCounts()
        self.disconnects = 0

    def add_names(self, names: Iterable[str]) -> None:
        """Count the operations of more names apart, while there are slots."""
        for name in names:
            if name not in self._series and (slot := self._slots.claim(name)) is not None:
                self._series[name] = self._spare[slot]

    def record_of(self, operation: Operation) -> OperationRecord:
        """Return where an operation is counted, and keep it there."""
        name = self._name_of(operation.digest)
        series = self._series.get(name or OTHER) or self.other
        operation.record = record = OperationRecord(series, operation)
        return record

    def count_executed(
        self,
        series: OperationSeries | OperationRecord,
        by_client: OutcomeCounts,
        data: dict[str, Any] | msgspec.Raw | None,
        errors: list[dict[str, Any]],
        duration_s: float,
    ) -> None:
        """Count an operation that was executed, by its result."""
        cells = series.durations.cells  # as `observe`, without its call
        cells[bisect_left(BUCKETS_S, duration_s)] += 1
        cells[-1] += duration_s
        if not errors:
            series.outcomes[OK] += 1
            by_client[OK] += 1
            return
        codes = [error["extensions"]["code"] for error in errors]
        self.count_errors(codes)
        outcome = PARTIAL if _has_value(data) else outcome_of(codes)
        self._count(outcome, series, by_client, codes)

    def count_rejected(
        self,
        by_client: OutcomeCounts,
        codes: list[str],
        status: int | None = None,
        number: int = 1,
    ) -> None:
        """Count a request to the endpoint, or `number` operations of one, that did not run.

        PERSISTED_QUERY_NOT_FOUND counts as an error and not as an operation: the client sends the
        same operation again with its text.
        """
        self.count_errors(codes)
        if codes != [PersistedQueryNotFoundError.code]:
            self._count(outcome_of(codes), self.other, by_client, codes, status, number)

    def count_errors(self, codes: Iterable[str]) -> None:
        """Count the errors of a response, also to a request without an operation."""
        for code in codes:
            self._codes.add(code)

    def _count(  # noqa: PLR0913, PLR0917 - for the two methods above alone
        self,
        outcome: int,
        series: OperationSeries | OperationRecord,
        by_client: OutcomeCounts,
        codes: list[str],
        status: int | None = None,
        number: int = 1,
    ) -> None:
        series.outcomes[outcome] += number
        by_client[outcome] += number
        if outcome == REFUSED:
            self._refusals.add(refusal_of(codes, status), number)

    def samples(self) -> Samples:
        """Return the samples of operations, of HTTP requests and of `gateway_errors_total`."""
        series = self._all
        return {
            "gateway_operations_total": [n for one in series for n in one.outcomes],
            "gateway_operations_refused_total": self._refusals.counts,
            "gateway_operation_duration_seconds": [
                n for one in series for n in one.durations.cells
            ],
            "gateway_client_disconnects_total": [self.disconnects],
            "gateway_http_requests_total": self.http.counts,
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
