"""The endpoints that only read: their paths, and their responses or refusals."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from gateway.sandbox.calls import Endpoint
from gateway.sandbox.customer_view import promotion_data
from gateway.sandbox.definitions import definition_by_id, promotion_definitions
from gateway.sandbox.faults.mode import Handler
from gateway.sandbox.organization import organization_programs
from gateway.sandbox.responses import (
    LegacyErrorStyle,
    Refusal,
    errors_body,
    json_response,
    status_body,
    unified_response,
)
from gateway.sandbox.successor.listing import HEALTH, unified_promotion, unified_promotions
from gateway.sandbox.world import World

CUSTOMER_VIEW_PATH = "/v2/customers/lookup/promotionData"
DEFINITIONS_PATH = "/api_gateway/loyalty/v1/programs/{program_id:int}/promotionsV2"
DEFINITION_BY_ID_PATH = (
    "/api_gateway/loyalty/v1/programs/{program_id:int}/promotions/{promotion_id:int}/get"
)
PROGRAMS_PATH = "/v2/organization/programs"
UNIFIED_PATH = "/v3/promotions"
UNIFIED_BY_ID_PATH = "/v3/promotions/{wanted}"
UNIFIED_HEALTH_PATH = "/v3/unifiedPromotions/health"


class EndpointRoute(NamedTuple):
    """An endpoint of the platform, before authentication, latency and faults."""

    path: str
    endpoint: Endpoint
    handler: Handler
    method: str = "GET"


class ReadEndpoints:
    """The handlers of the endpoints that only read.

    `error_status` is the HTTP status of the old endpoints' error codes, and `style` the body of a
    legacy error.
    """

    def __init__(
        self,
        world: World,
        clock: Callable[[], datetime],
        error_status: int,
        style: LegacyErrorStyle,
    ) -> None:
        self._world, self._clock = world, clock
        self._error_status, self._style = error_status, style

    def routes(self) -> list[EndpointRoute]:
        """Return the endpoints, each with its path."""
        return [
            EndpointRoute(CUSTOMER_VIEW_PATH, "promotionData", self._customer_view),
            EndpointRoute(DEFINITIONS_PATH, "promotionsV2", self._definitions),
            EndpointRoute(DEFINITION_BY_ID_PATH, "promotionById", self._definition),
            EndpointRoute(PROGRAMS_PATH, "programs", self._programs),
            EndpointRoute(UNIFIED_PATH, "promotionsV3", self._unified),
            EndpointRoute(UNIFIED_BY_ID_PATH, "promotionV3", self._unified_by_id),
            EndpointRoute(UNIFIED_HEALTH_PATH, "healthV3", self._health),
        ]

    async def _customer_view(self, request: Request) -> Response:
        try:
            return json_response(promotion_data(self._world, self._clock, request.query_params))
        except Refusal as refusal:
            return json_response(errors_body(refusal), self._error_status)

    def _legacy(self, respond: Callable[[], dict[str, Any]]) -> Response:
        try:
            return json_response(respond())
        except Refusal as refusal:
            body = status_body if self._style == "status" else errors_body
            return json_response(body(refusal), self._error_status)

    async def _definitions(self, request: Request) -> Response:
        program_id = request.path_params["program_id"]
        return self._legacy(
            lambda: promotion_definitions(self._world, program_id, request.query_params)
        )

    async def _definition(self, request: Request) -> Response:
        return self._legacy(lambda: definition_by_id(self._world, **request.path_params))

    async def _programs(self, _request: Request) -> Response:
        return json_response(organization_programs(self._world))

    async def _unified(self, request: Request) -> Response:
        promotions = self._world.unified
        return unified_response(lambda: unified_promotions(promotions, request.query_params))

    async def _unified_by_id(self, request: Request) -> Response:
        promotions, wanted = self._world.unified, request.path_params["wanted"]
        return unified_response(lambda: unified_promotion(promotions, wanted, request.query_params))

    async def _health(self, _request: Request) -> Response:
        return json_response(HEALTH)
