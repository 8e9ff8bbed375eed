"""One request on the direct way, in the shape in which uvicorn knows requests."""

import asyncio

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gateway.http.asked import Asked
from gateway.http.direct import DirectWay

_NOBODY_WAITS = asyncio.Event()  # for messages: a request that goes this way has arrived whole


class DirectCycle(RequestResponseCycle):
    """Has a request answered, and writes the answer at once."""

    def __init__(self, way: DirectWay, asked: Asked, *, keep_alive: bool) -> None:
        # What uvicorn's protocol looks at, and nothing else of what its own cycles have.
        self.message_event = _NOBODY_WAITS
        self.disconnected = self.response_started = self.response_complete = False
        self.keep_alive = keep_alive
        self._way, self._asked = way, asked

    def leave(self) -> None:
        """End what is done for a client that is gone."""
        if not self.response_complete:
            self.disconnected = True
            self._asked.leave()

    async def answer(self, protocol: HttpToolsProtocol) -> None:
        """Answer; a server that ends before that closes the connection."""
        flow: FlowControl = protocol.flow
        try:
            answer = await self._way.answer(self._asked)
            if flow.write_paused and not self.disconnected:
                await flow.drain()
        except asyncio.CancelledError:
            protocol.transport.close()
            raise
        if self.disconnected:
            return
        stamp = protocol.server_state.default_headers
        raw = self._way.write(self._asked, answer, stamp, closes=not self.keep_alive)
        self.response_started = True
        protocol.transport.write(raw)
        self.response_complete = True
        if not self.keep_alive:
            protocol.transport.close()
        protocol.on_response_complete()
