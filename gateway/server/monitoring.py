"""``/healthz``, ``/readyz`` and ``/metrics``, for what monitors the process."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.graphql_http.response import json_response, to_starlette
from gateway.server.app_lifecycle import AppLifecycle
from gateway.telemetry.exposition import CONTENT_TYPE
from gateway.telemetry.scrape import MetricsScrape


async def healthz(_request: Request) -> Response:
    """Return 200: the process responds."""
    return to_starlette(json_response({"status": "ok"}))


async def readyz(request: Request) -> Response:
    """Return 200 from the end of start-up to the first signal to end, else 503.

    The first JWK set belongs to the start-up, a later outage of its URL does not. The upstream is
    not called: an outage there is no reason to send traffic elsewhere, for errors are coded here
    and caches may have the data.
    """
    lifecycle: AppLifecycle = request.app.state.lifecycle
    if lifecycle.is_ready:
        return to_starlette(json_response({"status": "ready"}))
    body: dict[str, Any] = {"status": "not ready"}
    if waiting_for := lifecycle.waiting_for:
        body["waiting_for"] = waiting_for
    return to_starlette(json_response(body, 503))


async def metrics(request: Request) -> Response:
    """Return the metrics of all workers in Prometheus's text format, whatever `Accept` says."""
    scrape: MetricsScrape = request.app.state.metrics
    headers = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
    return Response(await scrape.text(), 200, headers)


ROUTES = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
"""On the admin listener if there is one, else on the public one."""
