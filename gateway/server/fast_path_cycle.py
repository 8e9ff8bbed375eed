"""One request on the direct way, in the shape in which uvicorn knows requests."""

import asyncio

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gateway.edge.http_request import HttpRequest
from gateway.server.fast_path import FastPath
from gateway.server.write_timeout import WriteTimeoutProtocol

_NOBODY_WAITS = asyncio.Event()  # for uvicorn's messages


class FastPathCycle(RequestResponseCycle):
    """Has a request answered, and writes the answer at once."""

    def __init__(self, way: FastPath, asked: HttpRequest, *, keep_alive: bool) -> None:
        # What uvicorn's protocol looks at, and nothing else of what its own cycles have.
        self.message_event = _NOBODY_WAITS
        self.disconnected = self.response_started = self.response_complete = False
        self.keep_alive = keep_alive
        self._way = way
        self._asked: HttpRequest | None = asked

    def take(self, piece: bytes) -> None:
        """Take a piece of the body, or throw it away after an answer that did not wait for it."""
        if self._asked is not None:
            self._asked.feed(piece)

    def complete(self) -> None:
        """Note that the body is whole."""
        if self._asked is not None:
            self._asked.complete()

    def leave(self) -> None:
        """End what is done for a client that is gone."""
        if self._asked is not None:
            self.disconnected = True
            self._asked.disconnect()

    async def answer(self, protocol: WriteTimeoutProtocol, asked: HttpRequest) -> None:
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
