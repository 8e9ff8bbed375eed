"""The log lines of a gateway, as an operator of a container reads them."""

import io
import json
from typing import Any


class Lines:
    """The lines logged since the test began."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def lines(self) -> list[str]:
        """Return all lines."""
        return self.stream.getvalue().splitlines()

    def of(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of one event."""
        told = [json.loads(line) for line in self.lines]
        return [line for line in told if line["event"] == event]

    def unexpected(self) -> list[dict[str, Any]]:
        """Return the lines of unexpected errors."""
        return self.of("unexpected_error")


def startup_mistakes(stderr: str) -> list[str]:
    """Return the mistakes for which `serve` did not start; each is a line of the log."""
    lines = [json.loads(line) for line in stderr.splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [
        ("startup_failed", "error")
    ] * len(lines)
    return [line["reason"] for line in lines]
