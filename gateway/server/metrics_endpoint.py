"""``/metrics``, for Prometheus."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from gateway.telemetry.exposition import CONTENT_TYPE
from gateway.telemetry.scrape import MetricsScrape


@dataclass(frozen=True, slots=True)
class MetricsEndpoint:
    """Tells what all workers have counted."""

    metrics: MetricsScrape

    async def answer(self, _request: Request) -> Response:
        """Return the metrics in the text format, whatever else the client would accept."""
        headers = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
        return Response(await self.metrics.text(), 200, headers)
