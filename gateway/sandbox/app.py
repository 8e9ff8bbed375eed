"""The HTTP application of the sandbox: its routes, and what precedes each endpoint."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.sandbox.auth import Authentication, Credentials
from gateway.sandbox.calls import UNIFIED, WRITES, CallLog, Endpoint, Latency, LatencyChange
from gateway.sandbox.definition_changes import DefinitionEditor
from gateway.sandbox.endpoints import ReadEndpoints
from gateway.sandbox.faults.mode import Handler
from gateway.sandbox.faults.plan import FaultPlan
from gateway.sandbox.faults.spec import Fault
from gateway.sandbox.responses import (
    LegacyErrorStyle,
    Refusal,
    errors_body,
    json_response,
    unified_errors_body,
)
from gateway.sandbox.webhook import Webhook, WebhookTarget
from gateway.sandbox.world import World
from gateway.sandbox.writes.endpoints import WriteEndpoints
from gateway.sandbox.writes.ledger import Ledger
from gateway.sandbox.writes.log import WriteLog

TOKEN_PATH = "/v3/oauth/token/generate"  # noqa: S105 - a path


def utc_now() -> datetime:
    """Return the present, in UTC."""
    return datetime.now(UTC)


def create_sandbox(  # noqa: PLR0913 - each is an option, by keyword and with a default
    world: World | None = None,
    *,
    clock: Callable[[], datetime] = utc_now,
    latency_ms: int = 0,
    credentials: Credentials | None = None,
    error_status: int = 400,
    legacy_error_style: LegacyErrorStyle = "errors",
    token_ttl_s: int = 300,
    faults: Sequence[Fault] = (),
    webhook: WebhookTarget | None = None,
    more_routes: Sequence[Route] = (),
) -> Starlette:
    """Create an ASGI application that stands in for the upstream.

    world: customers and programs; generated for the clock's date if absent.
    clock: returns aware datetimes, for token expiry and `promotionStatusForCustomer`.
    latency_ms: delay of all endpoints, in milliseconds.
    credentials: accepted credentials; the published demo credentials if absent.
    error_status: HTTP status of the documented error codes (it is not documented).
    legacy_error_style: body of a legacy error, `{"errors": …}` or `{"status": …}`.
    token_ttl_s: lifetime of an OAuth token, in seconds.
    faults: faults in force from the start (`parse_fault`); `/__faults` changes them.
    webhook: where the events of writes and changes go; `/__webhook` changes it.
    more_routes: routes beside the platform's own, such as those of an issuer of tokens.
    """
    world = world or World.generate(today=clock().date())
    calls = CallLog()
    latency = Latency(latency_ms)
    authentication = Authentication(credentials or Credentials(), clock, token_ttl_s)
    plan = FaultPlan(faults, clock, authentication)
    events = Webhook(webhook)
    ledger = Ledger(world, clock, events.emit)
    writes = WriteLog()
    endpoints = [
        *ReadEndpoints(world, clock, error_status, legacy_error_style).routes(),
        *WriteEndpoints(ledger, error_status).routes(),
    ]

    async def token(request: Request) -> Response:
        return json_response(*authentication.generate_token(await request.body()))

    def route(path: str, endpoint: Endpoint, handler: Handler, method: str = "GET") -> Route:
        async def authenticate(request: Request) -> Response:
            if endpoint != "token" and not authentication.accepts(request.headers):
                body = unified_errors_body if endpoint in UNIFIED else errors_body
                return json_response(body(Refusal(401, "Unauthorized")), 401)
            return await handler(request)

        # Most faults change the original response, so they wrap the authentication too.
        with_faults = plan.wrap(endpoint, authenticate)

        async def handle(request: Request) -> Response:
            query = request.scope["query_string"].decode("latin-1")
            calls.record(endpoint, request.url.path, query)
            if endpoint in WRITES:
                body = await request.body()
                request.state.write = writes.record(endpoint, query, body)
            await latency.wait(endpoint)
            return await with_faults(request)

        return Route(path, handle, methods=[method])

    return Starlette(
        routes=[
            *(route(*each) for each in endpoints),
            route(TOKEN_PATH, "token", token, "POST"),
            *_control_routes(world, calls, writes, latency),
            *plan.routes(),
            *events.routes(),
            *DefinitionEditor(world, clock, events.emit).routes(),
            *more_routes,
        ],
        lifespan=events.running,
    )


def _control_routes(
    world: World, calls: CallLog, writes: WriteLog, latency: Latency
) -> list[Route]:
    """Return the routes that control the sandbox, without authentication."""

    async def read_calls(_request: Request) -> Response:
        return json_response(calls.report())

    async def reset_calls(_request: Request) -> Response:
        calls.reset()
        return Response(status_code=204)

    async def read_writes(_request: Request) -> Response:
        return json_response(writes.report())

    async def reset_writes(_request: Request) -> Response:
        writes.reset()
        return Response(status_code=204)

    async def change_latency(request: Request) -> Response:
        try:
            change = msgspec.json.decode(await request.body(), type=LatencyChange)
        except msgspec.DecodeError as error:
            return json_response({"error": str(error)}, 400)
        return json_response(latency.apply(change))

    async def describe_world(_request: Request) -> Response:
        return json_response(world.describe())

    return [
        Route("/__calls", read_calls),
        Route("/__calls", reset_calls, methods=["DELETE"]),
        Route("/__writes", read_writes),
        Route("/__writes", reset_writes, methods=["DELETE"]),
        Route("/__latency", change_latency, methods=["PUT"]),
        Route("/__world", describe_world),
    ]
