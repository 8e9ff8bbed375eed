"""What no response may disclose, and a log that a test can read."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.telemetry import configure_logging, reset_logging

# Of the gateway and of what it is made of: modules, files, exceptions, hosts and URLs.
LEAKS = re.compile(
    r"Traceback|\.py\b|site-packages|\b(?!PromotionUserError\b)\w+(Error|Exception)\b|gateway\.\w|\b0x[0-9a-f]{6,}"
    r"|starlette|uvicorn|httptools|msgspec|pydantic|graphql[-_]core|strawberry|zlib|asyncio"
    r"|127\.0\.0\.1|://|hunter2",
    re.IGNORECASE,
)


class Lines(logging.Handler):
    """The lines that the log's own handler would write."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Format a line, and store it."""
        self.lines.append(self.format(record))


@contextmanager
def listening() -> Iterator[Lines]:
    """Return the lines that are logged within the block."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    configure_logging("json")
    lines = Lines()
    lines.setFormatter(root.handlers[0].formatter)
    root.handlers[:] = [lines]
    try:
        yield lines
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        reset_logging()
