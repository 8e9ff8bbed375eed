"""The metrics of a gateway, as Prometheus reads them."""

import time
from collections.abc import Iterator, Mapping

import httpx
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from gateway.telemetry.metrics import REDIS_USES
from tests.support.http_client import TLS

_PATIENCE_S = 20.0


def families(url: str) -> Iterator[Metric]:
    """Scrape a gateway over a connection of its own, and return its metric families."""
    answer = httpx.get(f"{url}/metrics", trust_env=False, timeout=10, verify=TLS)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    yield from text_string_to_metric_families(answer.text)


def scrape(url: str) -> dict[str, float]:
    """Scrape a gateway, and return each sample's value by its name and labels as written."""
    return {
        sample.name + _written(sample.labels): sample.value
        for family in families(url)
        for sample in family.samples
    }


def wait_for_redis(url: str, available: float) -> dict[str, float]:
    """Scrape a gateway until each use of Redis has this availability; return all metrics."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        metrics = scrape(url)
        names = {use: f'gateway_redis_available{{use="{use}"}}' for use in REDIS_USES}
        # The first ones are only with a webhook, or with writes.
        optional = {use for use in ("evictions", "idempotency") if names.get(use) not in metrics}
        known = {use: metrics[name] for use, name in names.items() if use not in optional}
        if set(known.values()) == {available}:
            return metrics
        assert time.monotonic() < until, known


def _written(labels: Mapping[str, str]) -> str:
    inner = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    return f"{{{inner}}}" if inner else ""


def changed(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Return by how much each counter has increased, without histograms and gauges.

    The scrapes themselves and the CPU time are left out.
    """
    return {
        name: value - before.get(name, 0.0)
        for name, value in after.items()
        if "_total" in name
        and not name.startswith("process_")
        and 'route="/metrics"' not in name
        and value != before.get(name, 0.0)
    }
