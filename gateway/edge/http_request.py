"""A request as the endpoint sees it, whichever way it has come in."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from gateway.context import RequestContext

_BLANKS = b" \t"
HeaderLines = Sequence[tuple[bytes, bytes]]


class HttpHeaders:
    """Header lines by their names, which are in lower case, as servers hand them on.

    Blanks around a value are no part of it (RFC 9110 §5.5), which servers need not have seen to.
    """

    __slots__ = ("_first", "_has_repeated", "_lines")

    def __init__(self, lines: HeaderLines) -> None:
        self._lines = lines
        self._first = dict(reversed(lines))
        self._has_repeated = len(self._first) != len(lines)

    def first(self, name: bytes) -> bytes | None:
        """Return the value of the first line of that name."""
        first = self._first.get(name)
        return None if first is None else first.strip(_BLANKS)

    def count(self, name: bytes) -> int:
        """Count the lines of that name."""
        if not self._has_repeated:
            return int(name in self._first)
        return sum(line == name for line, _ in self._lines)

    def all(self, name: bytes) -> list[bytes]:
        """Return the values of all lines of that name."""
        first = self._first.get(name)
        if first is None:
            return []
        if self._has_repeated:
            return [value.strip(_BLANKS) for line, value in self._lines if line == name]
        return [first.strip(_BLANKS)]

    def get(self, name: str, /) -> str | None:
        """Return the first value of a name, in whichever case that is, as text."""
        first = self.first(name.lower().encode("latin-1"))
        return None if first is None else first.decode("latin-1")

    def getlist(self, name: str, /) -> list[str]:
        """Return all values of a name, in whichever case that is, as texts."""
        return [value.decode("latin-1") for value in self.all(name.lower().encode("latin-1"))]


class HttpRequest:
    """One request: `body` is all of it where it has arrived, else None and to be had by `chunks`.

    `client` is the address of the connection's other end, `id` what the request is called in logs,
    `task` the one that answers it.
    """

    __slots__ = ("_request", "body", "client", "headers", "id", "is_gone", "method", "query",
                 "task")  # fmt: skip

    def __init__(  # noqa: PLR0913, PLR0917 - made in two places, and once for every request
        self,
        method: str,
        query: bytes,
        headers: HttpHeaders,
        client: str | None,
        request_id: str,
        body: bytes | None = None,
    ) -> None:
        self.method, self.query, self.headers = method, query, headers
        self.client, self.id, self.body = client, request_id, body
        self.is_gone = False
        self.task: asyncio.Task[None] | None = None
        self._request: RequestContext | None = None

    def chunks(self) -> AsyncIterator[bytes]:
        """Read a body that has not all arrived. Raises EOFError where no more of it will come."""
        raise EOFError

    def begin(self, request: RequestContext) -> None:
        """From now on the client's leaving ends the task, and every call made for `request`."""
        self._request = request

    def end(self) -> None:
        """From now on it does not."""
        self._request = None

    def leave(self) -> None:
        """Note that nobody waits for the answer any more, and end what is done for it."""
        if self.is_gone:
            return
        self.is_gone = True
        if self._request is not None and self.task is not None:
            self._request.abandon()
            self.task.cancel()
