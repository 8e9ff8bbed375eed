"""One request on the direct way, in the shape in which uvicorn knows requests."""

import asyncio
from collections.abc import AsyncIterator

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gateway.edge.http_request import HttpHeaders, HttpRequest
from gateway.server.fast_path import FastPath
from gateway.server.write_timeout import WriteTimeoutProtocol

_NOBODY_WAITS = asyncio.Event()  # for uvicorn's messages


class FastPathRequest(HttpRequest):
    """A POST whose body comes from the protocol, all at once or in pieces."""

    __slots__ = ("_pieces", "_waiting")

    def __init__(self, headers: HttpHeaders, client: str | None, request_id: str) -> None:
        super().__init__("POST", b"", headers, client, request_id)
        self._pieces: list[bytes] = []
        self._waiting: asyncio.Future[None] | None = None

    def take(self, piece: bytes) -> None:
        """Keep a piece; all together are no more than the head has announced."""
        self._pieces.append(piece)

    def complete(self) -> None:
        """Put the body together, and wake who waits for it."""
        self.body = b"".join(self._pieces)
        self._pieces.clear()
        if self._waiting is not None:
            self._wake()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Wait for the body."""
        self._waiting = asyncio.get_running_loop().create_future()
        await self._waiting
        if self.body is None:
            raise EOFError
        yield self.body

    def leave(self) -> None:
        """Wake who waits for the body, which will not come."""
        super().leave()
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class FastPathCycle(RequestResponseCycle):
    """Has a request answered, and writes the answer at once."""

    def __init__(self, way: FastPath, asked: FastPathRequest, *, keep_alive: bool) -> None:
        # What uvicorn's protocol looks at, and nothing else of what its own cycles have.
        self.message_event = _NOBODY_WAITS
        self.disconnected = self.response_started = self.response_complete = False
        self.keep_alive = keep_alive
        self._way = way
        self._asked: FastPathRequest | None = asked

    def take(self, piece: bytes) -> None:
        """Take a piece of the body, or throw it away after an answer that did not wait for it."""
        if self._asked is not None:
            self._asked.take(piece)

    def complete(self) -> None:
        """Note that the body is whole."""
        if self._asked is not None:
            self._asked.complete()

    def leave(self) -> None:
        """End what is done for a client that is gone."""
        if self._asked is not None:
            self.disconnected = True
            self._asked.leave()

    async def answer(self, protocol: WriteTimeoutProtocol, asked: FastPathRequest) -> None:
        """Answer; where the server ends before that, or this fails, close the connection."""
        try:
            if self.disconnected:  # by what came after it in the same packet
                return
            answer = await self._way.answer(asked)
            flow: FlowControl = protocol.flow
            if flow.write_paused and not self.disconnected:
                await flow.drain()
            self._asked = None  # a connection that idles afterwards does not keep its last request
            if self.disconnected:
                return
            stamp = protocol.server_state.default_headers
            raw = self._way.write(asked, answer, stamp, closes=not self.keep_alive)
            self.response_started = True
            protocol.transport.write(raw)
            self.response_complete = True
            if not self.keep_alive:
                protocol.end_answer()
            protocol.on_response_complete()
        except BaseException:
            protocol.transport.close()
            raise
