"""Buffered log lines: the lines of one turn of the event loop are written together."""

import asyncio
import atexit
from collections import deque
from typing import TextIO


class BufferedLogLines:
    """A text stream with a buffer of lines.

    Anything else is written after the buffered lines, at once.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._buffer: deque[str] = deque()
        atexit.register(self._write_buffer)

    def write_later(self, line: str) -> None:
        """Write a line in the next turn of the event loop; without a running loop at once."""
        self._buffer.append(line)
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
