"""The faults in force, and the control endpoint that changes them."""

from collections.abc import Callable, Iterable
from datetime import datetime
from random import Random
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.sandbox.auth import Authentication
from gateway.sandbox.calls import Endpoint
from gateway.sandbox.faults.mode import Call, FaultError, Handler
from gateway.sandbox.faults.spec import Fault, parse_fault
from gateway.sandbox.responses import json_response


class _ActiveFault:
    """A fault, with the numbers of calls it matched and of those to which it applied."""

    def __init__(self, fault: Fault, place: int) -> None:
        self.fault = fault
        self.matched = self.applied = 0
        # One generator for each fault, so that they are independent.
        self._random = Random(f"{fault.seed}/{place}/{fault.text}")  # noqa: S311 - no secret

    def applies(self, endpoint: Endpoint, target: str) -> bool:
        """Whether the fault applies to a call; count the call."""
        fault = self.fault
        if endpoint not in fault.endpoints or fault.match not in target:
            return False
        self.matched += 1
        exhausted = fault.count is not None and self.applied >= fault.count
        if exhausted or self.matched <= fault.after or self._random.random() >= fault.rate:
            return False
        self.applied += 1
        return True


class FaultPlan:
    """The faults in force; the first one that applies to a call decides its response."""

    def __init__(
        self,
        faults: Iterable[Fault],
        clock: Callable[[], datetime],
        authentication: Authentication,
    ) -> None:
        self._clock = clock
        self._authentication = authentication
        self.replace(faults)

    def replace(self, faults: Iterable[Fault]) -> None:
        """Replace all faults; their counts start at zero."""
        self._faults = [_ActiveFault(fault, place) for place, fault in enumerate(faults)]

    def report(self) -> list[dict[str, Any]]:
        """Return the body of `GET /__faults`."""
        return [
            {"fault": active.fault.text, "seen": active.matched, "struck": active.applied}
            for active in self._faults
        ]

    def wrap(self, endpoint: Endpoint, handler: Handler) -> Handler:
        """Return a handler that applies the faults to calls of an endpoint."""

        async def handle(request: Request) -> Response:
            query = request.scope["query_string"].decode("latin-1")
            target = f"{request.url.path}?{query}"
            for active in self._faults:
                if active.applies(endpoint, target):
                    fault = active.fault
                    call = Call(
                        endpoint,
                        request,
                        fault.options,
                        handler,
                        self._clock,
                        self._authentication,
                    )
                    return await fault.mode.respond(call)
            return await handler(request)

        return handle

    def routes(self) -> list[Route]:
        """Return the routes of the control endpoint."""

        async def read(_request: Request) -> Response:
            return json_response(self.report())

        async def change(request: Request) -> Response:
            try:
                texts = msgspec.json.decode(await request.body(), type=list[str])
                self.replace([parse_fault(text) for text in texts])
            except (msgspec.DecodeError, FaultError) as error:
                return json_response({"error": str(error)}, 400)
            return json_response(self.report())

        async def end(_request: Request) -> Response:
            self.replace([])
            return Response(status_code=204)

        return [
            Route("/__faults", read),
            Route("/__faults", change, methods=["PUT"]),
            Route("/__faults", end, methods=["DELETE"]),
        ]
