"""The webhook to which the platform sends its events, at least once each."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.sandbox.calls import LOG_LENGTH
from gateway.sandbox.responses import json_response

_TIMEOUT_S = 5
_FIRST_PAUSE_S = 0.05
_MAX_PAUSE_S = 5.0
_SETTLE_S = 10
_REFUSED = 400  # never sent again, as documented

_Delivery = dict[str, Any]


class WebhookTarget(msgspec.Struct, frozen=True):
    """The body of `PUT /__webhook`: where events go, with which secret in which header.

    `copies` is how often each event is sent, for a receiver that must take it once.
    """

    url: str
    header: str = "Authorization"
    secret: str = ""
    copies: int = 1


class Webhook:
    """Sends events in tasks of its own, again after anything but 2xx and 400."""

    def __init__(self, target: WebhookTarget | None = None) -> None:
        self._target = target
        self._deliveries: deque[_Delivery] = deque(maxlen=LOG_LENGTH)
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None

    def emit(self, event: dict[str, Any]) -> None:
        """Log an event, and send it where a webhook is configured."""
        delivery: _Delivery = {"event": event, "attempts": 0, "outcome": "unsent"}
        self._deliveries.append(delivery)
        if self._target is None:
            return
        delivery["outcome"] = "pending"
        if self._client is None:  # one for all events: each loads certificates
            self._client = httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False)
        task = asyncio.get_running_loop().create_task(
            self._deliver(self._client, self._target, delivery)
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(
        self, client: httpx.AsyncClient, target: WebhookTarget, delivery: _Delivery
    ) -> None:
        body = msgspec.json.encode(delivery["event"])
        headers = {"content-type": "application/json", target.header: target.secret}
        pause_s = _FIRST_PAUSE_S
        left = max(1, target.copies)
        while left:
            delivery["attempts"] += 1
            try:
                answer = await client.post(target.url, content=body, headers=headers)
                status = answer.status_code
            except httpx.HTTPError:
                status = 0
            if status == _REFUSED:
                delivery["outcome"] = "refused"
                return
            if 200 <= status < 300:
                left -= 1
                continue
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _MAX_PAUSE_S)
        delivery["outcome"] = "delivered"

    async def _stop(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @asynccontextmanager
    async def running(self, _app: object) -> AsyncIterator[None]:
        """End the deliveries that are under way when the application ends."""
        yield
        await self._stop()
        if self._client is not None:
            await self._client.aclose()

    def report(self) -> dict[str, Any]:
        """Return the body of `GET /__webhook`, which has no secret."""
        target = self._target
        return {
            "url": None if target is None else target.url,
            "header": None if target is None else target.header,
            "pending": len(self._tasks),
            "events": list(self._deliveries),
        }

    def routes(self) -> list[Route]:
        """Return the routes of the control endpoint, without authentication."""

        async def read(request: Request) -> Response:
            if request.query_params.get("settled") == "true" and self._tasks:
                await asyncio.wait(self._tasks, timeout=_SETTLE_S)
            return json_response(self.report())

        async def change(request: Request) -> Response:
            try:
                self._target = msgspec.json.decode(await request.body(), type=WebhookTarget)
            except msgspec.DecodeError as error:
                return json_response({"error": str(error)}, 400)
            return json_response(self.report())

        async def end(_request: Request) -> Response:
            self._target = None
            self._deliveries.clear()
            await self._stop()
            return Response(status_code=204)

        return [
            Route("/__webhook", read),
            Route("/__webhook", change, methods=["PUT"]),
            Route("/__webhook", end, methods=["DELETE"]),
        ]
