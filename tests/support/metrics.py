"""The metrics of a gateway, as Prometheus reads them."""

import time
from collections.abc import Mapping

import httpx
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from gateway.telemetry.metrics import REDIS_USES
from tests.support.http_client import TLS

_PATIENCE_S = 20.0


def exposition(url: str) -> str:
    """Scrape a gateway over a connection of its own, and return what it exposes."""
    answer = httpx.get(f"{url}/metrics", trust_env=False, timeout=10, verify=TLS)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return answer.text


def families(url: str) -> list[Metric]:
    """Scrape a gateway, and return its metric families as Prometheus' own parser reads them."""
    return list(text_string_to_metric_families(exposition(url)))


def scrape(url: str) -> dict[str, float]:
    """Scrape a gateway, and return each sample's value by its name and labels as written.

    Without Prometheus' parser, which takes thirty times as long.
    """
    lines = (line for line in exposition(url).splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


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
