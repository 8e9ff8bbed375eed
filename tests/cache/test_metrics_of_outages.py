"""Metrics and log lines while Redis is down, hung, full or holds invalid values.

A gateway on the sandbox is served over HTTP, with a Valkey that the test breaks and repairs.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from tests.support.graph import serve_gateway
from tests.support.http_client import TLS
from tests.support.metrics import scrape
from tests.support.valkey import Valkey

_PATIENCE_S = 20.0
AVAILABLE = 'gateway_redis_available{use="cache"}'
CACHE: dict[str, Any] = {
    "cache_definition_ttl_s": 300,
    "cache_key_secret": "sixteen bytes at least",
}


class Client:
    """Sends queries that memory cannot answer."""

    def __init__(self, gateway: str) -> None:
        self._gateway = gateway
        self._sizes = itertools.cycle(range(1, 101))

    def ask(self) -> None:
        """Ask once more; whatever Redis does, the answer is right."""
        ask(self._gateway, next(self._sizes))

    def ask_until(self, available: float) -> dict[str, float]:
        """Send queries until the metric has this value, and return all metrics."""
        until = time.monotonic() + _PATIENCE_S
        while True:
            self.ask()
            told = scrape(self._gateway)
            if told[AVAILABLE] == available:
                return told
            assert time.monotonic() < until, f"it does not become {available}"


def failures(metrics: dict[str, float]) -> float:
    """Return the failed operations of the cache, whatever their reason."""
    return sum(
        value
        for name, value in metrics.items()
        if name.startswith("gateway_redis_failures_total{") and 'use="cache"' in name
    )


def ask(gateway: str, size: int) -> None:
    """Query a page of a program."""
    query = f'{{ program(programId: "9005") {{ promotions(first: {size}) {{ totalCount }} }} }}'
    answer = httpx.post(
        f"{gateway}/graphql", json={"query": query}, trust_env=False, verify=TLS
    ).json()
    assert "errors" not in answer
    assert answer["data"]["program"]["promotions"]["totalCount"] > 0


def fill(valkey: Valkey) -> None:
    """Make the server refuse writes, as a full one does."""
    valkey.execute("CONFIG", "SET", "maxmemory-policy", "noeviction")
    valkey.execute("CONFIG", "SET", "maxmemory", "1mb")


def empty(valkey: Valkey) -> None:
    """Make the server accept writes again."""
    valkey.execute("CONFIG", "SET", "maxmemory", 0)


@pytest.fixture
def own() -> Iterator[Valkey]:
    """Return a server for one test."""
    valkey = Valkey()
    yield valkey
    valkey.stop()


Change = Callable[[Valkey], None]


@pytest.mark.parametrize(
    ("broken", "mended"),
    [(Valkey.stop, Valkey.start), (Valkey.pause, Valkey.resume), (fill, empty)],
    ids=["down", "hung", "full"],
)
def test_an_outage_shows_and_ends_by_itself(
    own: Valkey, sandbox_url: str, broken: Change, mended: Change
) -> None:
    """Every response is right; a metric tells the outage, and a log line its reason and its end."""
    with (
        capture_logs() as lines,
        serve_gateway(sandbox_url, redis_min_timeout_s=1, cache_url=own.url, **CACHE) as gateway,
    ):
        client = Client(gateway)
        before = client.ask_until(available=1)
        assert failures(before) == 0
        broken(own)
        try:
            during = client.ask_until(available=0)
            for _ in range(3):
                client.ask()
        finally:
            mended(own)
        after = client.ask_until(available=1)
    assert failures(during) >= 1
    assert after["gateway_cache_shared_skipped_total"] >= 1
    told = [line for line in lines if line["event"].startswith("redis_")]
    # A busy machine may see a time-out before the reason: another one is another line.
    events = [event for event, _ in itertools.groupby(line["event"] for line in told)]
    assert events == ["redis_unavailable", "redis_available"]
    reasons = [line["reason"] for line in told if "reason" in line]
    assert len(reasons) == len(set(reasons))
    assert len(told) == len(reasons) + 1


def test_garbage_shows_and_is_mended(valkey: Valkey, sandbox_url: str) -> None:
    """A second replica counts the invalid values, calls the platform and replaces them."""
    with serve_gateway(sandbox_url, cache_url=valkey.url, **CACHE) as first:
        ask(first, 20)
    keys = valkey.keys()
    assert keys
    for key in keys:
        valkey.execute("SET", key, b"garbage")
    with (
        capture_logs() as lines,
        serve_gateway(sandbox_url, cache_url=valkey.url, **CACHE) as second,
    ):
        ask(second, 20)
        told = scrape(second)
    with serve_gateway(sandbox_url, cache_url=valkey.url, **CACHE) as third:
        ask(third, 20)
        mended = scrape(third)
    assert told["gateway_cache_shared_invalid_entries_total"] == len(keys)
    assert told[AVAILABLE] == 1
    assert [line["event"] for line in lines if line["event"].startswith("cache_")] == [
        "cache_invalid_entries"
    ]
    assert mended["gateway_cache_shared_invalid_entries_total"] == 0
    assert mended['gateway_cache_hits_total{level="shared"}'] == len(keys)
