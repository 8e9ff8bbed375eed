"""The endpoints that write: their paths, and their responses or refusals."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.sandbox.endpoints import EndpointRoute
from gateway.sandbox.faults.mode import Handler
from gateway.sandbox.responses import Refusal, errors_body, json_response, unified_response
from gateway.sandbox.writes import bulk
from gateway.sandbox.writes.ledger import Ledger
from gateway.sandbox.writes.log import Entry
from gateway.sandbox.writes.single import issue
from gateway.sandbox.writes.unified_enrol import enrol
from gateway.sandbox.writes.unified_revoke import revoke

_BULK_PATH = "/v2/promotion/bulk/"


class WriteEndpoints:
    """The handlers of the endpoints that write.

    They find the entry of the log of writes in `request.state.write`. `error_status` is the HTTP
    status of the old endpoints' error codes.
    """

    def __init__(self, ledger: Ledger, error_status: int) -> None:
        self._ledger, self._error_status = ledger, error_status

    def routes(self) -> list[EndpointRoute]:
        """Return the endpoints, each with its path."""
        return [
            EndpointRoute("/v3/promotions/enrol", "enrol", self._enrol, "POST"),
            EndpointRoute("/v3/promotions/revoke", "revoke", self._revoke, "POST"),
            EndpointRoute("/v2/promotion/issue", "issue", self._issue, "POST"),
            EndpointRoute(
                _BULK_PATH + "enrolAndEarn",
                "enrolAndEarn",
                self._bulk(bulk.ENROL_AND_EARN),
                "POST",
            ),
            EndpointRoute(
                _BULK_PATH + "directEarn", "directEarn", self._bulk(bulk.DIRECT_EARN), "POST"
            ),
            EndpointRoute(
                _BULK_PATH + "revokeEnrolAndEarn",
                "revokeEnrolAndEarn",
                self._bulk(bulk.REVOKE_ENROL_AND_EARN),
                "POST",
            ),
            EndpointRoute(
                _BULK_PATH + "revokeDirectEarn",
                "revokeDirectEarn",
                self._bulk(bulk.REVOKE_DIRECT_EARN),
                "POST",
            ),
        ]

    async def _enrol(self, request: Request) -> Response:
        entry, body = await _write(request)
        return unified_response(lambda: enrol(self._ledger, entry, body))

    async def _revoke(self, request: Request) -> Response:
        entry, body = await _write(request)
        return unified_response(lambda: revoke(self._ledger, entry, body, request.query_params))

    async def _issue(self, request: Request) -> Response:
        entry, body = await _write(request)
        return self._old(lambda: issue(self._ledger, entry, body, request.query_params))

    def _bulk(self, endpoint: bulk.BulkEndpoint) -> Handler:
        async def handle(request: Request) -> Response:
            entry, body = await _write(request)
            return self._old(lambda: bulk.bulk(endpoint, self._ledger, entry, body))

        return handle

    def _old(self, respond: Callable[[], dict[str, Any]]) -> Response:
        try:
            return json_response(respond())
        except Refusal as refusal:
            return json_response(errors_body(refusal), self._error_status)


async def _write(request: Request) -> tuple[Entry, bytes]:
    entry: Entry = request.state.write
    return entry, await request.body()
