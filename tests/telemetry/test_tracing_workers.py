"""Traces of a gateway with several workers."""

import time

from tests.support.commands import free_port, post, running, wait_for
from tests.support.metrics import scrape
from tests.support.otlp_receiver import collector

QUERY = '{ customer(by: {externalId: "C-ONE"}) { customerId } }'


def test_each_worker_exports_its_spans_and_all_are_counted(sandbox_url: str) -> None:
    """Each is an instance of the service; at the end nothing is left in a queue."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    exported = 'gateway_trace_spans_total{outcome="exported"}'
    with collector() as (kept, collector_url):
        settings = {
            "GATEWAY_UPSTREAM_URL": sandbox_url,
            "GATEWAY_UPSTREAM_USERNAME": "sandbox",
            "GATEWAY_UPSTREAM_PASSWORD": "sandbox",
            "GATEWAY_PORT": str(port),
            "GATEWAY_WORKERS": "2",
            "GATEWAY_TRACING_URL": collector_url,
            "GATEWAY_TRACING_SAMPLE_RATIO": "1",
        }
        with running("serve", variables=settings) as command:
            wait_for(f"{url}/readyz", command)
            until, asked = time.monotonic() + 40, 0
            while len(instances := {each["service.instance.id"] for each in kept.resources}) < 2:
                assert time.monotonic() < until
                assert post(f"{url}/graphql", QUERY).json()["data"]["customer"]
                asked += 1
            assert len(instances) == 2
            assert 0 < scrape(url)[exported] <= len(kept.spans)
            assert command.end() == 0
        requests = [span for span in kept.spans if span.parent_id == ""]
    assert len(requests) >= asked
    assert len({span.trace_id for span in requests}) == len(requests)
