"""A platform that holds calls until a test releases them."""

import asyncio
from threading import Event

from starlette.requests import Request
from starlette.responses import Response

from tests.support.scripted_platform import Platform


class Held:
    """An upstream that holds calls until released, and records a cancelled one."""

    def __init__(self, scripted: Platform, endpoint: str) -> None:
        self.arrived, self.given_up, self.let_go = Event(), Event(), Event()
        scripted.responses[endpoint] = self._hold

    async def _hold(self, request: Request) -> Response | None:
        self.arrived.set()
        leaving = asyncio.create_task(self._leaving(request))
        while not (self.let_go.is_set() or leaving.done()):
            await asyncio.wait([leaving], timeout=0.01)
        leaving.cancel()
        return None if self.let_go.is_set() else Response("")

    async def _leaving(self, request: Request) -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        self.given_up.set()
