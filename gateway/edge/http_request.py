"""An HTTP request as the GraphQL endpoint sees it, whichever server path it came in by."""

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType

from starlette.requests import Request as StarletteRequest

from gateway.context import RequestContext
from gateway.random_numbers import getrandbits

REQUEST_ID = b"x-request-id"
_is_accepted_id = re.compile(rb"[A-Za-z0-9._-]{1,128}").fullmatch
_BLANKS = b" \t"
HeaderLines = Sequence[tuple[bytes, bytes]]


class ClientDisconnectedError(Exception):
    """The client has closed its connection: there is nobody to respond to."""


class HttpHeaders:
    """Header lines; servers pass their names in lower case.

    Blanks around a value are not part of it (RFC 9110 §5.5); not every server strips them:
    `by_name` has the first value of each name with them.
    """

    __slots__ = ("_has_repeated", "_lines", "by_name")

    def __init__(self, lines: HeaderLines) -> None:
        self._lines = lines
        self.by_name = dict(reversed(lines))
        self._has_repeated = len(self.by_name) != len(lines)

    def first(self, name: bytes) -> bytes | None:
        """Return the value of the first line of this name."""
        first = self.by_name.get(name)
        return None if first is None else first.strip(_BLANKS)

    def all(self, name: bytes) -> list[bytes]:
        """Return the values of all lines of this name."""
        first = self.by_name.get(name)
        if first is None:
            return []
        if self._has_repeated:
            return [value.strip(_BLANKS) for line, value in self._lines if line == name]
        return [first.strip(_BLANKS)]


class HttpRequest(ABC):
    """One HTTP request, whose body the server feeds while it arrives.

    `body` is None until it is complete. `client` is the address of the connection's other end, `id`
    the request id in logs, and `task` the task that handles the request.

    As a context manager it bounds the work that a disconnect of the client cancels: the task, and
    the upstream calls of `context`.
    """

    __slots__ = ("_arrival", "_is_cancellable", "_pieces", "body", "client", "context", "headers",
                 "id", "is_disconnected", "is_refused", "method", "query", "task")  # fmt: skip

    def __init__(  # noqa: PLR0913, PLR0917 - created in two places, and once for every request
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
        self.is_disconnected = self._is_cancellable = False
        self.is_refused = False  # by the server, which has responded: the client is still there
        self.task: asyncio.Task[None] | None = None
        self.context: RequestContext | None = None
        self._pieces: list[bytes] = []
        self._arrival: asyncio.Future[None] | None = None

    def feed(self, piece: bytes) -> None:
        """Add a piece of the body; the server has checked the length that the head announces."""
        self._pieces.append(piece)

    def complete(self) -> None:
        """Join the body after its last piece."""
        self.body = b"".join(self._pieces)
        self._pieces.clear()
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    async def receive(self, max_bytes: int) -> bytes:
        """Return the body once it is complete; a longer one may be truncated after `max_bytes`.

        Raise EOFError if the client disconnects before that.
        """
        if self.body is None and not self.is_disconnected:
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        if self.body is None:
            raise EOFError
        return self.body

    def disconnect(self) -> None:
        """Record that the client has disconnected, and cancel the work for it."""
        if self.is_disconnected:
            return
        self.is_disconnected = True
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)
        if self._is_cancellable and self.task is not None:
            if self.context is not None:
                self.context.abandon()
            self.task.cancel()

    @property
    def takes_pieces(self) -> bool:
        """Whether a response in pieces can be sent."""
        return True

    @abstractmethod
    async def begin(self, headers: HeaderLines, data: bytes) -> None:
        """Begin a response in pieces, with status 200 and no length; `data` is the first piece."""

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Send one more piece, without waiting for the client to read it."""

    def __enter__(self) -> None:
        if self.is_disconnected:
            raise ClientDisconnectedError
        self._is_cancellable = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self._is_cancellable = False
        is_cancelled = kind is not None and issubclass(kind, asyncio.CancelledError)
        if is_cancelled and self.is_disconnected and self.task is not None:
            self.task.uncancel()
            raise ClientDisconnectedError from None


def request_id_for(received: bytes | None) -> str:
    """Return the received ``X-Request-Id`` if it is safe in a log line, else a generated one."""
    if received is not None and _is_accepted_id(received):
        return received.decode("ascii")
    return f"{getrandbits(128):032x}"  # no secret, which would cost a system call


def request_id_of(request: StarletteRequest) -> str:
    """Return the id that the middleware has assigned to a request."""
    return str(request.state.request_id)
