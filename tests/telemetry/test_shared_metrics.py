"""The board on which workers write: each has a place, and no counter goes back."""

import multiprocessing
from array import array
from collections.abc import Iterator
from multiprocessing.connection import Connection

import pytest

from gateway.telemetry.exposition import CELLS, IS_GAUGE
from gateway.telemetry.shared_metrics import SharedMetrics

COUNTER, GAUGE = IS_GAUGE.index(False), IS_GAUGE.index(True)


@pytest.fixture
def board() -> Iterator[SharedMetrics]:
    """Return the parent's board, which takes no place on it."""
    board = SharedMetrics(2)
    yield board
    board.close()


def cells(value: float) -> "array[float]":
    """Return numbers that are all the same."""
    return array("d", [value] * CELLS)


def work(board: SharedMetrics, told: Connection, value: float) -> None:
    """Be a worker: take a place, write, say so, and stay until the other side is told to end."""
    told.send(board.claim_slot())
    board.write(cells(value), 100.0)
    told.send("written")
    told.recv()


class Worker:
    """A worker in a process of its own."""

    def __init__(self, board: SharedMetrics, value: float) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._told, other = spawn.Pipe()
        self._process = spawn.Process(target=work, args=(board, other, value))
        self._process.start()
        assert self._told.recv() is True
        assert self._told.recv() == "written"

    def kill(self) -> None:
        """End it without notice."""
        self._process.kill()
        self._process.join()
        self._told.close()


def test_a_killed_workers_counters_stay_and_go_on(board: SharedMetrics) -> None:
    """Its gauges are told as those of one that has ended; who takes its place adds to them."""
    first, second = Worker(board, 3.0), Worker(board, 4.0)
    told = board.read(lambda: cells(0.0))
    assert ([one[COUNTER] for one in told.running[:2]], told.ended) == ([3.0, 4.0], [])
    assert not board.is_behind(100.0)
    assert board.is_behind(100.5)
    first.kill()
    told = board.read(lambda: cells(0.0))
    assert ([one[COUNTER] for one in told.ended], told.running[0][COUNTER]) == ([3.0], 4.0)
    third = Worker(board, 5.0)
    told = board.read(lambda: cells(0.0))
    assert [(one[COUNTER], one[GAUGE]) for one in told.running[:2]] == [(8.0, 5.0), (4.0, 4.0)]
    second.kill()
    third.kill()
    assert not board.is_behind(100.5)


def test_a_process_without_a_place_tells_of_itself(board: SharedMetrics) -> None:
    """Whatever else is on the board, its own numbers are in what it tells."""
    board.write(cells(1.0), 100.0)
    assert board.read(lambda: cells(7.0)).running == [cells(7.0)]
    assert board.claim_slot()
    board.write(cells(1.0), 100.0)
    assert [list(one) for one in board.read(lambda: cells(7.0)).running] == [list(cells(1.0))]
