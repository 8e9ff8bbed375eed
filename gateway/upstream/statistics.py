"""Outcomes of calls to the platform, as plain counts for the metrics."""

from dataclasses import dataclass, field

from gateway.telemetry.counters import CounterVec, Histogram
from gateway.telemetry.metrics import CALL_OUTCOMES, ENDPOINTS, OTHER
from gateway.upstream.decoding.drift import PayloadDrift


@dataclass(slots=True)
class EndpointStatistics:
    """Counts of one endpoint since the start; each only grows.

    `bad_payloads` are responses with status 200 that were rejected, `foreign_items` items of
    responses that are not shown because they were not requested, `drift` the values and items that
    are not as documented.
    """

    outcomes: CounterVec = field(default_factory=lambda: CounterVec(CALL_OUTCOMES))
    durations: Histogram = field(default_factory=Histogram)
    bad_payloads: int = 0
    foreign_items: int = 0
    drift: PayloadDrift = field(default_factory=PayloadDrift)


class UpstreamStatistics:
    """Counts of all endpoints, by their documented names."""

    def __init__(self) -> None:
        self.endpoints = {endpoint: EndpointStatistics() for endpoint in ENDPOINTS}
        self.quota_waits, self.connection_waits = Histogram(), Histogram()

    def of(self, endpoint: str) -> EndpointStatistics:
        """Return the counts of an endpoint; those without a name of their own share one."""
        return self.endpoints.get(endpoint) or self.endpoints[OTHER]


def status_class(status: int | None) -> str:
    """Return the label of a response's status; None: there was no response."""
    if status == 429:
        return "429"
    # Below 200 is interim and never the response; from 600 on nothing is defined.
    return f"{status // 100}xx" if status and 200 <= status < 600 else "unreachable"
