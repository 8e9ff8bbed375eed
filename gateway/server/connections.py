"""The open connections of a process, which end together at shutdown."""

from typing import Protocol

CONNECTIONS = "connections"  # key of the state that the application's lifespan yields


class ClientConnection(Protocol):
    """A connection of a client."""

    def announce_close(self) -> None:
        """Close the connection after the response to its last request, which announces that."""

    def cut(self) -> int:
        """Respond 503 to the request in flight, and close; return the number of requests cut."""


class Connections:
    """All connections of the public listener."""

    def __init__(self) -> None:
        self.is_draining = False
        self._open: set[ClientConnection] = set()

    def add(self, connection: ClientConnection) -> None:
        """Count a connection that has been opened."""
        self._open.add(connection)

    def remove(self, connection: ClientConnection) -> None:
        """Count a connection that has been closed."""
        self._open.discard(connection)

    def drain(self) -> None:
        """Close each connection, present or future, after its next response."""
        self.is_draining = True
        for connection in self._open:
            connection.announce_close()

    def cut(self) -> int:
        """End all connections now; return the number of requests that are cut."""
        return sum(connection.cut() for connection in list(self._open))
