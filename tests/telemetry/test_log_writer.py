"""The thread that writes the log: it never blocks the others, and counts what it drops."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TextIO

import pytest

from gateway.telemetry.log_writer import LogWriter

LINE = "x" * 99 + "\n"


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIO]]:
    """Open a pipe that nobody reads yet."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        yield reader, stream
        with suppress(OSError):  # a test has closed it
            os.close(reader)


def read_until(reader: int, size: int) -> bytes:
    """Read a number of bytes."""
    data = b""
    while len(data) < size:
        data += os.read(reader, 65536)
    return data


def test_lines_are_written_in_order(pipe: tuple[int, TextIO]) -> None:
    """Whole, and at the latest when they are waited for."""
    reader, stream = pipe
    writer = LogWriter(stream)
    for number in range(100):
        writer.write(f"line {number} \udc80\n")
        writer.flush()
    writer.drain()
    lines = read_until(reader, 100).decode().splitlines()
    assert lines == [f"line {number} \\udc80" for number in range(100)]
    assert writer.lines_dropped == 0


def test_a_reader_that_stalls_loses_lines_and_blocks_nobody(pipe: tuple[int, TextIO]) -> None:
    """What exceeds the buffer is counted, and reported once the reader reads again."""
    reader, stream = pipe
    writer = LogWriter(stream, max_bytes=200_000)
    reported, is_reported = [], threading.Event()

    def report(count: int) -> None:
        reported.append(count)
        is_reported.set()

    writer.on_dropped = report
    began = time.monotonic()
    for _ in range(5000):
        writer.write(LINE)
    assert time.monotonic() - began < 5.0
    dropped = writer.lines_dropped
    assert dropped >= 5000 - (200_000 + 65536) // 100
    writer.drain(0.1)  # gives up, since nobody reads
    data = read_until(reader, (5000 - dropped) * 100)
    assert data == LINE.encode() * (5000 - dropped)
    assert is_reported.wait(10)
    assert reported == [dropped]
    writer.write(LINE)
    assert read_until(reader, 100) == LINE.encode()


def test_lines_of_a_batch_that_failed_are_reported_after_the_next(
    pipe: tuple[int, TextIO],
) -> None:
    """Also if nothing of the batch was written, as to a full disk."""
    reader, stream = pipe
    writer = LogWriter(stream)
    reported, is_reported = [], threading.Event()

    def report(count: int) -> None:
        reported.append(count)
        is_reported.set()

    writer.on_dropped = report
    os.set_blocking(stream.fileno(), False)
    filled = 0
    with suppress(BlockingIOError):
        while True:
            filled += os.write(stream.fileno(), b"-" * 4096)
    writer.write(LINE * 2)
    writer.drain()
    assert writer.lines_dropped == 2
    assert not is_reported.is_set()
    read_until(reader, filled)
    writer.write(LINE)
    assert is_reported.wait(10)
    assert reported == [2]


def test_without_a_reader_lines_are_dropped(pipe: tuple[int, TextIO]) -> None:
    """A closed pipe is no error of the process."""
    reader, stream = pipe
    os.close(reader)
    writer = LogWriter(stream)
    writer.write(LINE)
    writer.drain()
    assert writer.lines_dropped == 1
