"""Writes log lines in a thread of its own, so that a reader who stalls stops nothing else."""

import atexit
import os
import time
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread
from typing import TextIO

_MAX_BYTES = 1024 * 1024  # some thousand lines
_GATHER_S = 0.02  # lines of a busy process are written together
_DRAIN_S = 1.0  # at the end of the process


class LogWriter:
    """A text stream over a file descriptor that never blocks, and drops lines if it has to.

    `max_bytes` may wait to be written. `on_dropped` is called, in the thread, with the number of
    lines that have been dropped once the reader reads again.
    """

    def __init__(self, stream: TextIO, max_bytes: int = _MAX_BYTES) -> None:
        self._fd, self._is_terminal = stream.fileno(), stream.isatty()
        self._max_bytes = max_bytes
        self._texts: deque[bytes] = deque()
        self._bytes = 0  # of the texts, and of what is being written
        self._changed = Condition()
        self._thread: Thread | None = None
        self.lines_dropped = self._reported = 0
        self.on_dropped: Callable[[int], object] | None = None

    def write(self, text: str) -> int:
        """Add whole lines to those that wait, unless too many do."""
        data = text.encode("utf-8", "backslashreplace")
        with self._changed:
            if self._bytes + len(data) > self._max_bytes:
                self.lines_dropped += text.count("\n")
                return len(text)
            self._texts.append(data)
            self._bytes += len(data)
            if self._bytes == len(data):  # else the thread is at work
                self._changed.notify_all()
        if self._thread is None:
            self._thread = Thread(target=self._run, name="log", daemon=True)
            self._thread.start()
            atexit.register(self.drain)
        return len(text)

    def flush(self) -> None:
        """Return at once: the thread writes within a moment."""

    def drain(self, timeout_s: float = _DRAIN_S) -> None:
        """Wait until all is written, or until the time is over: the reader may have stalled."""
        with self._changed:
            self._changed.wait_for(lambda: not self._bytes, timeout_s)

    def isatty(self) -> bool:
        """Whether the file is a terminal."""
        return self._is_terminal

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._texts)
            time.sleep(_GATHER_S)
            with self._changed:
                data = b"".join(self._texts)
                self._texts.clear()
            written = self._write(data)
            with self._changed:
                self._bytes -= len(data)
                self.lines_dropped += data[written:].count(b"\n")
                dropped = self.lines_dropped
                self._changed.notify_all()
            if dropped > self._reported and written and self.on_dropped is not None:
                self.on_dropped(dropped - self._reported)
                self._reported = dropped

    def _write(self, data: bytes) -> int:
        """Write data, and return how much of it; less if there is no reader any more."""
        written = 0
        try:
            while written < len(data):
                written += os.write(self._fd, data[written : written + 65536])
        except OSError:
            pass
        return written
