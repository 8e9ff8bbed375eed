"""What a gateway logs, as an operator of a container reads it."""

import io
import json
from typing import Any


class Lines:
    """What has been logged since the test began."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def lines(self) -> list[str]:
        """Return the lines."""
        return self.stream.getvalue().splitlines()

    def of(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of one event."""
        told = [json.loads(line) for line in self.lines]
        return [line for line in told if line["event"] == event]

    def unexpected(self) -> list[dict[str, Any]]:
        """Return the lines about mistakes."""
        return self.of("unexpected_error")
