"""Which call is struck by which fault, and the endpoint that changes the faults."""

from collections.abc import Callable, Iterable
from datetime import datetime
from random import Random
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.sandbox.answers import json_answer
from gateway.sandbox.auth import Authentication
from gateway.sandbox.calls import Endpoint
from gateway.sandbox.faults.call import Call, Handler
from gateway.sandbox.faults.parameter import FaultError
from gateway.sandbox.faults.spec import Fault, parse_fault


class _Counted:
    """A fault, how many calls it has looked at and how many it has struck."""

    def __init__(self, fault: Fault, place: int) -> None:
        self.fault = fault
        self.seen = self.struck = 0
        # Of its own, so that one fault's dice say nothing of another's.
        self._dice = Random(f"{fault.seed}/{place}/{fault.text}")  # noqa: S311 - no secret

    def strikes(self, endpoint: Endpoint, target: str) -> bool:
        fault = self.fault
        if endpoint not in fault.endpoints or fault.match not in target:
            return False
        self.seen += 1
        over = fault.count is not None and self.struck >= fault.count
        if over or self.seen <= fault.after or self._dice.random() >= fault.rate:
            return False
        self.struck += 1
        return True


class FaultPlan:
    """The faults in force: the first of them that is due strikes a call, and no other does."""

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
        """Put other faults in force, all counts at zero."""
        self._faults = [_Counted(fault, place) for place, fault in enumerate(faults)]

    def report(self) -> list[dict[str, Any]]:
        """Return the body of `GET /__faults`."""
        return [
            {"fault": counted.fault.text, "seen": counted.seen, "struck": counted.struck}
            for counted in self._faults
        ]

    def around(self, endpoint: Endpoint, genuine: Handler) -> Handler:
        """Put the faults before an endpoint."""

        async def handle(request: Request) -> Response:
            query = request.scope["query_string"].decode("latin-1")
            target = f"{request.url.path}?{query}"
            for counted in self._faults:
                if counted.strikes(endpoint, target):
                    fault = counted.fault
                    call = Call(
                        endpoint,
                        request,
                        fault.options,
                        genuine,
                        self._clock,
                        self._authentication,
                    )
                    return await fault.mode.act(call)
            return await genuine(request)

        return handle

    def routes(self) -> list[Route]:
        """List the control endpoint's routes."""

        async def read(_request: Request) -> Response:
            return json_answer(self.report())

        async def change(request: Request) -> Response:
            try:
                texts = msgspec.json.decode(await request.body(), type=list[str])
                self.replace([parse_fault(text) for text in texts])
            except (msgspec.DecodeError, FaultError) as error:
                return json_answer({"error": str(error)}, 400)
            return json_answer(self.report())

        async def end(_request: Request) -> Response:
            self.replace([])
            return Response(status_code=204)

        return [
            Route("/__faults", read),
            Route("/__faults", change, methods=["PUT"]),
            Route("/__faults", end, methods=["DELETE"]),
        ]
