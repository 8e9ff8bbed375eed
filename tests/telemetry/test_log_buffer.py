"""Log lines of operations: as structlog would write them, in order, and none is lost."""

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator

import pytest

from gateway.telemetry import (
    configure_logging,
    log,
    log_operation,
    request_id_scope,
    reset_logging,
)
from gateway.telemetry.operation_line import NO_FIELDS, LogFields

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


class Counting(io.StringIO):
    """Counts the writes."""

    writes = 0

    def write(self, text: str) -> int:
        """Write."""
        self.writes += 1
        return super().write(text)


@pytest.fixture
def stream() -> Iterator[Counting]:
    """Configure a log in memory, as JSON."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = Counting()
    configure_logging("json", stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    reset_logging()


def log_one(number: int, caller: str = "") -> None:
    """Log an operation."""
    more = {"caller": caller} if caller else None
    log_operation(LogFields(operation=f"Q{number}"), NO_FIELDS, 0, number, 1.5, more)


def test_a_line_is_the_one_that_structlog_would_write(stream: Counting) -> None:
    """The same fields in the same order; only the time differs."""
    fields = {"operation": "Q1", "errors": 0, "upstream_calls": 1, "duration_ms": 1.5}
    with request_id_scope("r-1"):
        log_one(1, "somebody")
        log.info("operation", **fields, caller="somebody")
    log_one(1)
    log.info("operation", **fields)
    lines = stream.getvalue().splitlines()
    assert [bool(TIMESTAMP.search(line)) for line in lines] == [True] * 4
    with_request, theirs, without, theirs_without = (TIMESTAMP.sub("", line) for line in lines)
    assert with_request == theirs
    assert without == theirs_without
    assert json.loads(with_request)["request_id"] == "r-1"
    assert json.loads(without).keys().isdisjoint({"request_id", "caller"})


def test_lines_of_one_turn_are_written_together_and_in_order(stream: Counting) -> None:
    """Another line is written after the buffered ones; the rest at the end of the turn."""

    async def turn() -> None:
        for number in range(5):
            log_one(number)
        assert stream.writes == 0
        log.warning("cache_invalid_entries", count=1)
        for number in range(5, 9):
            log_one(number)
        logging.getLogger("uvicorn").error("from a library")
        log_one(9)
        await asyncio.sleep(0)
        assert stream.getvalue().count("\n") == 12

    asyncio.run(turn())
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    told = [line.get("operation", line["event"]) for line in lines]
    assert told == [
        *(f"Q{number}" for number in range(5)),
        "cache_invalid_entries",
        *(f"Q{number}" for number in range(5, 9)),
        "from a library",
        "Q9",
    ]
    assert stream.writes < 8


def test_outside_of_an_event_loop_nothing_waits(stream: Counting) -> None:
    """Without a running event loop a line is written at once."""
    log_one(1)
    assert stream.getvalue().endswith("\n")


def test_people_read_the_line_too() -> None:
    """In the console format it is written by structlog."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    try:
        configure_logging("console", stream=stream)
        log_one(7)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        reset_logging()
    assert "operation=Q7" in stream.getvalue()
