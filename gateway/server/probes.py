"""``/healthz`` and ``/readyz``, for whoever watches over the container."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.graphql_http.response import json_response, to_starlette


async def healthz(_request: Request) -> Response:
    """Say that the process answers."""
    return to_starlette(json_response({"status": "ok"}))


async def readyz(request: Request) -> Response:
    """Say whether the gateway takes requests: from the end of its start to the start of its end.

    It does not ask the platform: an outage there is no reason to stop sending traffic here, where
    errors are coded and caches may answer.
    """
    if getattr(request.app.state, "ready", False):
        return to_starlette(json_response({"status": "ready"}))
    return to_starlette(json_response({"status": "not ready"}, 503))
