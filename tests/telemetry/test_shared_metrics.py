"""The shared memory of the workers' metrics: slots, and counters that never decrease."""

import multiprocessing
from array import array
from collections.abc import Iterator
from multiprocessing.connection import Connection

import pytest

from gateway.telemetry.exposition import MetricTable
from gateway.telemetry.shared_metrics import SharedMetrics

TABLE = MetricTable()
COUNTER, GAUGE = TABLE.is_gauge.index(False), TABLE.is_gauge.index(True)


@pytest.fixture
def shared() -> Iterator[SharedMetrics]:
    """Return the parent's shared metrics, which has no slot."""
    shared = SharedMetrics(2, TABLE)
    yield shared
    shared.close()


def cells(value: float) -> "array[float]":
    """Return cells of the same value."""
    return array("d", [value] * TABLE.cells)


def work(shared: SharedMetrics, results: Connection, value: float) -> None:
    """Run a worker: claim a slot, write, report that, and wait until it is killed."""
    results.send(shared.claim_slot())
    shared.write(cells(value), 100.0)
    results.send("written")
    results.recv()


class Worker:
    """A worker in a process of its own."""

    def __init__(self, shared: SharedMetrics, value: float) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._results, other = spawn.Pipe()
        self._process = spawn.Process(target=work, args=(shared, other, value))
        self._process.start()
        assert self._results.recv() is True
        assert self._results.recv() == "written"

    def kill(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.join()
        self._results.close()


def test_a_killed_workers_counters_stay_and_go_on(shared: SharedMetrics) -> None:
    """They count as ended; the next worker that claims its slot adds to its counters."""
    first, second = Worker(shared, 3.0), Worker(shared, 4.0)
    snapshot = shared.read(lambda: cells(0.0))
    assert ([one[COUNTER] for one in snapshot.running[:2]], snapshot.ended) == ([3.0, 4.0], [])
    assert not shared.is_behind(100.0)
    assert shared.is_behind(100.5)
    first.kill()
    snapshot = shared.read(lambda: cells(0.0))
    assert ([one[COUNTER] for one in snapshot.ended], snapshot.running[0][COUNTER]) == ([3.0], 4.0)
    third = Worker(shared, 5.0)
    snapshot = shared.read(lambda: cells(0.0))
    assert [(one[COUNTER], one[GAUGE]) for one in snapshot.running[:2]] == [(8.0, 5.0), (4.0, 4.0)]
    second.kill()
    third.kill()
    assert not shared.is_behind(100.5)


def test_a_process_without_a_place_tells_of_itself(shared: SharedMetrics) -> None:
    """Its own cells are in its snapshot, whatever else is in the shared memory."""
    shared.write(cells(1.0), 100.0)
    assert shared.read(lambda: cells(7.0)).running == [cells(7.0)]
    assert shared.claim_slot()
    shared.write(cells(1.0), 100.0)
    assert [list(one) for one in shared.read(lambda: cells(7.0)).running] == [list(cells(1.0))]
