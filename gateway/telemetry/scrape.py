"""The response to a scrape: the metrics of all workers."""

import asyncio
import time
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Self

from gateway.telemetry.exposition import MetricTable
from gateway.telemetry.logs import log
from gateway.telemetry.metric import Samples
from gateway.telemetry.name_slots import NameSlots
from gateway.telemetry.shared_metrics import SharedMetrics

_WRITE_INTERVAL_S = 0.1
_POLL_INTERVAL_S = 0.02
_BLOCKED_WORKER_TIMEOUT_S = 1.0


class MetricsScrape:
    """The metrics of one process by its `table`, or with `shared` those of all workers.

    `operation_names` are those that were added since the start.

    The `sources` return the samples of this process. They are called for a scrape, and with
    `shared` ten times a second, so that requests pay for counting alone.
    """

    def __init__(
        self,
        sources: Sequence[Callable[[], Samples]],
        table: MetricTable,
        shared: SharedMetrics | None = None,
        operation_names: NameSlots | None = None,
    ) -> None:
        self._sources, self._table, self._shared = sources, table, shared
        self._names = operation_names or NameSlots(0)
        self._writing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Claim a slot of the shared metrics and start to write to it."""
        if self._shared is not None:
            if not self._shared.claim_slot():
                log.warning("metrics_slots_exhausted")
            self._write(self._shared)
            self._writing = asyncio.create_task(self._keep_writing(self._shared), name="metrics")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write for the last time."""
        if self._shared is not None and self._writing is not None:
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing
            self._write(self._shared)

    async def text(self) -> bytes:
        """Return all metrics in Prometheus's text format.

        They include everything that any worker counted before this call, unless a worker's event
        loop is blocked for longer than a second.
        """
        if self._shared is None:
            return self._table.expose([], [self._read()], self._names.names())
        started_at = time.monotonic()
        self._write(self._shared)
        deadline = started_at + _BLOCKED_WORKER_TIMEOUT_S
        while self._shared.is_behind(started_at) and time.monotonic() < deadline:  # noqa: ASYNC110 - other processes set no event
            await asyncio.sleep(_POLL_INTERVAL_S)
        snapshot = self._shared.read(self._read)
        return self._table.expose(
            snapshot.ended, snapshot.running, self._names.names(), self._shared.restarts()
        )

    async def _keep_writing(self, shared: SharedMetrics) -> None:
        while True:
            await asyncio.sleep(_WRITE_INTERVAL_S)
            self._write(shared)

    def _write(self, shared: SharedMetrics) -> None:
        shared.write(self._read(), time.monotonic())

    def _read(self) -> "array[float]":
        samples: dict[str, Sequence[float]] = {}
        for source in self._sources:
            samples.update(source())
        return self._table.flatten(samples)
