"""Lines that are written together: those of one turn of the event loop in one go."""

import asyncio
import atexit
import time
from collections import deque
from typing import Any, TextIO

import msgspec


class BufferedLogLines:
    """A stream before which lines may wait for their turn to end.

    Whatever else is written to it comes after those, at once: lines stay in their order.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: deque[str] = deque()
        atexit.register(self._write_waiting)

    def add(self, line: str) -> None:
        """Write a line soon; outside of an event loop at once."""
        self._waiting.append(line)
        if len(self._waiting) > 1:
            return
        try:
            asyncio.get_running_loop().call_soon(self._write_waiting)
        except RuntimeError:
            self._write_waiting()

    def write(self, text: str) -> int:
        """Write at once, what waits first."""
        self._write_waiting()
        return self._stream.write(text)

    def flush(self) -> None:
        """Write what waits, and hand all on to the system."""
        self._write_waiting()
        self._stream.flush()

    def isatty(self) -> bool:
        """Return whether somebody watches."""
        return self._stream.isatty()

    def _write_waiting(self) -> None:
        lines = []
        while self._waiting:  # another thread's loop may be here as well
            lines.append(self._waiting.popleft())
        if lines:
            self._stream.write("".join(lines))
            self._stream.flush()


class OperationLogLines:
    """Writes the lines named `operation`, with the fields that `logs.py` names, as JSON."""

    def __init__(self, waiting: BufferedLogLines) -> None:
        self._add = waiting.add
        self._encode = msgspec.json.Encoder().encode
        self._second, self._prefix = -1, ""

    def tell(self, request_id: str | None, fields: dict[str, Any]) -> None:
        """Write one line, soon."""
        line: dict[str, Any] = {} if request_id is None else {"request_id": request_id}
        line.update(fields)
        line["event"] = "operation"
        line["level"] = "info"
        line["timestamp"] = self._timestamp()
        self._add(self._encode(line).decode() + "\n")

    def _timestamp(self) -> str:
        """Return the time in UTC; its form is new only once a second."""
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second = second
            self._prefix = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
        return f"{self._prefix}{int((now - second) * 1_000_000):06}Z"
