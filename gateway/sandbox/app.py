"""The sandbox's HTTP application: routes, and what every call goes through before its endpoint."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.sandbox.answers import (
    LegacyErrorStyle,
    Refusal,
    errors_body,
    json_answer,
    status_body,
)
from gateway.sandbox.auth import Authentication, Credentials
from gateway.sandbox.calls import CallLog, Endpoint, Latency, LatencyOrder
from gateway.sandbox.customer_view import promotion_data
from gateway.sandbox.definitions import promotion_definitions
from gateway.sandbox.faults.plan import FaultPlan
from gateway.sandbox.faults.spec import Fault
from gateway.sandbox.world import World

CUSTOMER_VIEW_PATH = "/v2/customers/lookup/promotionData"
DEFINITIONS_PATH = "/api_gateway/loyalty/v1/programs/{program_id:int}/promotionsV2"
TOKEN_PATH = "/v3/oauth/token/generate"  # noqa: S105 - a path

# A step sees every call before its endpoint does, and may answer in its place. Faults are no steps:
# they stand around what follows, because most of them spoil the genuine answer (`faults/plan.py`).
Step = Callable[[Endpoint, Request], Awaitable[Response | None]]
Handler = Callable[[Request], Awaitable[Response]]


def utc_now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def create_sandbox(  # noqa: PLR0913 - each is one knob of the sandbox, by keyword and with a default
    world: World | None = None,
    *,
    clock: Callable[[], datetime] = utc_now,
    latency_ms: int = 0,
    credentials: Credentials | None = None,
    error_status: int = 400,
    legacy_error_style: LegacyErrorStyle = "errors",
    token_ttl_s: int = 300,
    faults: Sequence[Fault] = (),
) -> Starlette:
    """Build the sandbox: an ASGI application that plays the upstream.

    world: whose promotions it tells; generated for the clock's date when absent.
    clock: gives aware datetimes; token expiry and `promotionStatusForCustomer` go by it.
    latency_ms: how long both endpoints and the token endpoint wait, in milliseconds.
    credentials: what callers must bring; the published demo credentials when absent.
    error_status: the HTTP status beside the documented error codes (it is not documented).
    legacy_error_style: the body of a legacy error, `{"errors": …}` or `{"status": …}`.
    token_ttl_s: how long an OAuth token lives, in seconds.
    faults: what goes wrong from the start (`parse_fault`); `/__faults` changes it.
    """
    world = world or World.generate(today=clock().date())
    calls = CallLog()
    latency = Latency(latency_ms)
    authentication = Authentication(credentials or Credentials(), clock, token_ttl_s)
    plan = FaultPlan(faults, clock, authentication)
    arrival: list[Step] = [partial(_count, calls), partial(_wait, latency)]
    guards: list[Step] = [partial(_authenticate, authentication)]

    async def customer_view(request: Request) -> Response:
        try:
            return json_answer(promotion_data(world, clock, request.query_params))
        except Refusal as refusal:
            return json_answer(errors_body(refusal), error_status)

    async def definitions(request: Request) -> Response:
        program_id = request.path_params["program_id"]
        try:
            return json_answer(promotion_definitions(world, program_id, request.query_params))
        except Refusal as refusal:
            body = status_body if legacy_error_style == "status" else errors_body
            return json_answer(body(refusal), error_status)

    async def token(request: Request) -> Response:
        answer = authentication.generate_token(await request.body())
        return json_answer(answer) if answer else json_answer(_wrong_key(), 401)

    def played(endpoint: Endpoint, handler: Handler, guards: Sequence[Step]) -> Handler:
        """Put arrival, faults and guards before an endpoint, in this order."""
        genuine = _through(guards, endpoint, handler)
        return _through(arrival, endpoint, plan.around(endpoint, genuine))

    return Starlette(
        routes=[
            Route(CUSTOMER_VIEW_PATH, played("promotionData", customer_view, guards)),
            Route(DEFINITIONS_PATH, played("promotionsV2", definitions, guards)),
            Route(TOKEN_PATH, played("token", token, ()), methods=["POST"]),
            *_control_routes(world, calls, latency),
            *plan.routes(),
        ]
    )


def _through(steps: Sequence[Step], endpoint: Endpoint, handler: Handler) -> Handler:
    """Put the steps before a handler; the first one that answers has answered."""

    async def handle(request: Request) -> Response:
        for step in steps:
            answer = await step(endpoint, request)
            if answer is not None:
                return answer
        return await handler(request)

    return handle


async def _count(calls: CallLog, endpoint: Endpoint, request: Request) -> None:
    calls.record(endpoint, request.url.path, request.scope["query_string"].decode("latin-1"))


async def _wait(latency: Latency, endpoint: Endpoint, _request: Request) -> None:
    await latency.wait(endpoint)


async def _authenticate(
    authentication: Authentication, _endpoint: Endpoint, request: Request
) -> Response | None:
    if authentication.accepts(request.headers):
        return None
    return json_answer(errors_body(Refusal(401, "Unauthorized")), 401)


def _wrong_key() -> dict[str, object]:
    return {"data": None, "errors": [{"code": 401, "message": "Invalid key or secret"}]}


def _control_routes(world: World, calls: CallLog, latency: Latency) -> list[Route]:
    """List the sandbox's own endpoints, without authentication: nothing upstream has them."""

    async def read_calls(_request: Request) -> Response:
        return json_answer(calls.report())

    async def reset_calls(_request: Request) -> Response:
        calls.reset()
        return Response(status_code=204)

    async def change_latency(request: Request) -> Response:
        try:
            order = msgspec.json.decode(await request.body(), type=LatencyOrder)
        except msgspec.DecodeError as error:
            return json_answer({"error": str(error)}, 400)
        return json_answer(latency.obey(order))

    async def describe_world(_request: Request) -> Response:
        return json_answer(world.describe())

    return [
        Route("/__calls", read_calls),
        Route("/__calls", reset_calls, methods=["DELETE"]),
        Route("/__latency", change_latency, methods=["PUT"]),
        Route("/__world", describe_world),
    ]
