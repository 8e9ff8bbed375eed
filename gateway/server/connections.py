"""The open connections of a process: counted, limited, and ended together at shutdown."""

import time
from collections.abc import Callable, Iterator
from typing import Protocol

from gateway.telemetry import log
from gateway.telemetry.metric import Samples

CONNECTIONS = "connections"  # key of the state that the application's lifespan yields
RESERVED = 32
"""Connections beyond the limit, for probes and preflights: any other request is refused."""
RESERVED_PATHS = frozenset({b"/healthz", b"/readyz", b"/metrics"})
_LOG_INTERVAL_S = 60.0


class ClientConnection(Protocol):
    """A connection of a client."""

    def announce_close(self) -> None:
        """Close the connection after the response to its last request, which announces that."""

    def refuse(self) -> None:
        """Respond 503 because there are too many connections, and close."""

    def cut(self) -> int:
        """Respond 503 to the request in flight, and close; return the number of requests cut."""


class Connections:
    """All connections of the public listener, at most `limit` and `RESERVED` more.

    A new connection is always accepted, for it may be a probe. Where all are taken, the oldest
    reserved one is refused for it. `clock` returns monotonic seconds.
    """

    def __init__(
        self, limit: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.is_draining = False
        self._limit, self._clock = limit, clock
        self._open: set[ClientConnection] = set()
        self._reserved: dict[ClientConnection, None] = {}
        self._refused = self._unlogged = 0
        self._log_at = float("-inf")

    def add(self, connection: ClientConnection) -> bool:
        """Count a connection that has been opened; return whether it may only be a probe."""
        if self._limit is None or len(self._open) < self._limit:
            self._open.add(connection)
            return False
        if len(self._reserved) >= RESERVED:
            oldest = next(iter(self._reserved))
            del self._reserved[oldest]
            self.count_refused()
            oldest.refuse()
        self._reserved[connection] = None
        return True

    def remove(self, connection: ClientConnection) -> None:
        """Count a connection that has been closed."""
        self._open.discard(connection)
        self._reserved.pop(connection, None)

    def count_refused(self) -> None:
        """Count a connection that is refused, and log that at most once a minute."""
        self._refused += 1
        self._unlogged += 1
        now = self._clock()
        if now - self._log_at >= _LOG_INTERVAL_S:
            log.warning("connections_refused", count=self._unlogged, limit=self._limit)
            self._log_at, self._unlogged = now, 0

    def drain(self) -> None:
        """Close each connection, present or future, after its next response."""
        self.is_draining = True
        for connection in self._all():
            connection.announce_close()

    def cut(self) -> int:
        """End all connections now; return the number of requests that are cut."""
        return sum(connection.cut() for connection in list(self._all()))

    def samples(self) -> Samples:
        """Return the samples of `gateway_connections_…`."""
        return {
            "gateway_connections_open": [len(self._open) + len(self._reserved)],
            "gateway_connections_refused_total": [self._refused],
        }

    def _all(self) -> Iterator[ClientConnection]:
        yield from self._open
        yield from self._reserved
