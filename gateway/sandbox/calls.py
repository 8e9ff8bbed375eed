"""The log of calls, and the latency of the endpoints."""

import asyncio
from collections import Counter, deque
from typing import Any, Literal, get_args

import msgspec

Endpoint = Literal[
    "promotionData",
    "promotionsV2",
    "promotionById",
    "promotionsV3",
    "promotionV3",
    "healthV3",
    "programs",
    "enrol",
    "revoke",
    "issue",
    "enrolAndEarn",
    "directEarn",
    "revokeEnrolAndEarn",
    "revokeDirectEarn",
    "token",
]
ENDPOINTS: tuple[Endpoint, ...] = get_args(Endpoint)
# Those under `/v3`, whose errors have the successor's form.
UNIFIED: tuple[Endpoint, ...] = ("promotionsV3", "promotionV3", "healthV3", "enrol", "revoke")
WRITES: tuple[Endpoint, ...] = (
    "enrol",
    "revoke",
    "issue",
    "enrolAndEarn",
    "directEarn",
    "revokeEnrolAndEarn",
    "revokeDirectEarn",
)
LOG_LENGTH = 1000


class CallLog:
    """Counts all calls, refused ones too, and keeps the last thousand."""

    def __init__(self) -> None:
        self._counts: Counter[Endpoint] = Counter()
        self._log: deque[dict[str, str]] = deque(maxlen=LOG_LENGTH)

    def record(self, endpoint: Endpoint, path: str, query: str) -> None:
        """Record a call; `query` is the raw query string as received."""
        self._counts[endpoint] += 1
        self._log.append({"endpoint": endpoint, "path": path, "query": query})

    def reset(self) -> None:
        """Remove all calls."""
        self._counts.clear()
        self._log.clear()

    def report(self) -> dict[str, Any]:
        """Return the body of `GET /__calls`."""
        counts: dict[str, int] = {endpoint: self._counts[endpoint] for endpoint in ENDPOINTS}
        return {"total": self._counts.total(), **counts, "log": list(self._log)}


class LatencyChange(msgspec.Struct):
    """The body of `PUT /__latency`: milliseconds for one endpoint, or for all without one."""

    ms: int
    endpoint: Endpoint | None = None


class Latency:
    """The delay of each endpoint, in milliseconds."""

    def __init__(self, ms: int) -> None:
        self._ms_by_endpoint: dict[Endpoint, int] = dict.fromkeys(ENDPOINTS, ms)

    def apply(self, change: LatencyChange) -> dict[Endpoint, int]:
        """Change the delay; return those of all endpoints."""
        for endpoint in ENDPOINTS if change.endpoint is None else (change.endpoint,):
            self._ms_by_endpoint[endpoint] = max(0, change.ms)
        return dict(self._ms_by_endpoint)

    async def wait(self, endpoint: Endpoint) -> None:
        """Wait for the delay of an endpoint."""
        ms = self._ms_by_endpoint[endpoint]
        if ms:
            await asyncio.sleep(ms / 1000)
