"""Buffered log lines: the lines of one turn of the event loop are written together."""

import asyncio
import atexit
import time
from collections import deque
from typing import Any, TextIO

import msgspec


class BufferedLogLines:
    """A text stream with a buffer of lines named `operation`, which are JSON.

    Anything else is written after the buffered lines, at once.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._buffer: deque[str] = deque()
        self._encode = msgspec.json.Encoder().encode
        self._second, self._prefix = -1, ""
        atexit.register(self._write_buffer)

    def write_operation(self, request_id: str | None, fields: dict[str, Any]) -> None:
        """Write a line in the next turn of the event loop; without a running loop at once."""
        now = time.time()
        second = int(now)
        if second != self._second:  # the time up to the second is formatted once a second
            self._second = second
            self._prefix = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
        line: dict[str, Any] = {} if request_id is None else {"request_id": request_id}
        line.update(fields)
        line["event"] = "operation"
        line["level"] = "info"
        line["timestamp"] = f"{self._prefix}{int((now - second) * 1_000_000):06}Z"
        self._buffer.append(self._encode(line).decode() + "\n")
        if len(self._buffer) > 1:
            return
        try:
            asyncio.get_running_loop().call_soon(self._write_buffer)
        except RuntimeError:
            self._write_buffer()

    def write(self, text: str) -> int:
        """Write a text at once, after the buffered lines."""
        self._write_buffer()
        return self._stream.write(text)

    def flush(self) -> None:
        """Write the buffered lines and flush the stream."""
        self._write_buffer()
        self._stream.flush()

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream.isatty()

    def _write_buffer(self) -> None:
        lines = []
        while self._buffer:  # another thread's loop may do so at the same time
            lines.append(self._buffer.popleft())
        if lines:
            self._stream.write("".join(lines))
            self._stream.flush()
