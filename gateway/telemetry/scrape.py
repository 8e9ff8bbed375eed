"""Telling all metrics to whoever asks, those of the other workers included."""

import asyncio
import time
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Self

from gateway.telemetry.exposition import expose, flatten
from gateway.telemetry.logs import log
from gateway.telemetry.metrics import Samples
from gateway.telemetry.shared_metrics import SharedMetrics

_WRITE_EVERY_S = 0.1
_LOOK_EVERY_S = 0.02
_PATIENCE_S = 1.0  # with a worker that runs and does not write: its loop is blocked


class MetricsScrape:
    """The metrics of one process, or on a `board`, those of all workers.

    The `sources` return this process's numbers, and are called only for a scrape, or ten times a
    second on a board. Requests pay for counting alone.
    """

    def __init__(
        self, sources: Sequence[Callable[[], Samples]], board: SharedMetrics | None = None
    ) -> None:
        self._sources, self._board = sources, board
        self._writing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to write on the board."""
        if self._board is not None:
            if not self._board.claim_slot():
                log.warning("metrics_without_a_place")
            self._write(self._board)
            self._writing = asyncio.create_task(self._keep_writing(self._board), name="metrics")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Write for the last time."""
        if self._board is not None and self._writing is not None:
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing
            self._write(self._board)

    async def text(self) -> bytes:
        """Write all numbers in Prometheus's text format.

        All that any worker counted before this was asked is in it, but of one that is blocked.
        """
        if self._board is None:
            return expose([], [self._read()])
        asked_at = time.monotonic()
        self._write(self._board)
        give_up_at = asked_at + _PATIENCE_S
        while self._board.is_behind(asked_at) and time.monotonic() < give_up_at:  # noqa: ASYNC110 - other processes set no event
            await asyncio.sleep(_LOOK_EVERY_S)
        told = self._board.read(self._read)
        return expose(told.ended, told.running)

    async def _keep_writing(self, board: SharedMetrics) -> None:
        while True:
            await asyncio.sleep(_WRITE_EVERY_S)
            self._write(board)

    def _write(self, board: SharedMetrics) -> None:
        board.write(self._read(), time.monotonic())

    def _read(self) -> "array[float]":
        samples: dict[str, Sequence[float]] = {}
        for source in self._sources:
            samples.update(source())
        return flatten(samples)
