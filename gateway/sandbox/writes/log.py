"""The writes that reached the sandbox, so that tests can count them."""

from collections import deque
from typing import Any

import msgspec

from gateway.sandbox.calls import LOG_LENGTH, Endpoint

Entry = dict[str, Any]


class WriteLog:
    """Keeps the last thousand writes, with what became of them."""

    def __init__(self) -> None:
        self._log: deque[Entry] = deque(maxlen=LOG_LENGTH)

    def record(self, endpoint: Endpoint, query: str, body: bytes) -> Entry:
        """Record a write that arrives; `applied` is set when it takes effect."""
        try:
            payload = msgspec.json.decode(body)
        except msgspec.DecodeError:
            payload = None
        entry: Entry = {"endpoint": endpoint, "query": query, "body": payload, "applied": False}
        self._log.append(entry)
        return entry

    def reset(self) -> None:
        """Forget all writes."""
        self._log.clear()

    def report(self) -> dict[str, Any]:
        """Return the body of `GET /__writes`."""
        log = list(self._log)
        return {
            "total": len(log),
            "applied": sum(entry["applied"] for entry in log),
            "log": log,
        }
