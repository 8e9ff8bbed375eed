"""Redis down, hung, full or holding garbage: the gateway goes on, says so, and comes back.

Over real HTTP: a gateway on the sandbox with a Valkey that is broken and mended under it.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from tests.cache.valkey import Valkey
from tests.support.graph import serve_gateway
from tests.support.metrics import scrape

_PATIENCE_S = 20.0
AVAILABLE = "gateway_cache_shared_available"
CACHE: dict[str, Any] = {
    "cache_definition_ttl_s": 300,
    "cache_key_secret": "sixteen bytes at least",
}


class Client:
    """Asks each time for something that the first level cannot have."""

    def __init__(self, gateway: str) -> None:
        self._gateway = gateway
        self._sizes = itertools.cycle(range(1, 101))

    def ask(self) -> None:
        """Ask once more; whatever Redis does, the answer is right."""
        ask(self._gateway, next(self._sizes))

    def ask_until(self, available: float) -> dict[str, float]:
        """Ask until the metrics say so of Redis, and give them."""
        until = time.monotonic() + _PATIENCE_S
        while True:
            self.ask()
            told = scrape(self._gateway)
            if told[AVAILABLE] == available:
                return told
            assert time.monotonic() < until, f"it does not become {available}"


def ask(gateway: str, size: int) -> None:
    """Ask for a page of a program."""
    query = f'{{ program(programId: "9005") {{ promotions(first: {size}) {{ totalCount }} }} }}'
    answer = httpx.post(f"{gateway}/graphql", json={"query": query}, trust_env=False).json()
    assert "errors" not in answer
    assert answer["data"]["program"]["promotions"]["totalCount"] > 0


def fill(valkey: Valkey) -> None:
    """Let it refuse whatever is to be kept."""
    valkey.execute("CONFIG", "SET", "maxmemory-policy", "noeviction")
    valkey.execute("CONFIG", "SET", "maxmemory", "1mb")


def empty(valkey: Valkey) -> None:
    """Return it room again."""
    valkey.execute("CONFIG", "SET", "maxmemory", 0)


@pytest.fixture
def own() -> Iterator[Valkey]:
    """Return a server that no other test has."""
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
    """Every answer is right; the metric and one line say when it went, and when it came back."""
    with (
        capture_logs() as lines,
        serve_gateway(sandbox_url, cache_url=own.url, **CACHE) as gateway,
    ):
        client = Client(gateway)
        before = client.ask_until(available=1)
        assert before["gateway_cache_shared_errors_total"] == 0
        broken(own)
        try:
            during = client.ask_until(available=0)
            for _ in range(3):
                client.ask()
        finally:
            mended(own)
        after = client.ask_until(available=1)
    assert during["gateway_cache_shared_errors_total"] >= 1
    assert after["gateway_cache_shared_skipped_total"] >= 1
    told = [line["event"] for line in lines if line["event"].startswith("cache_")]
    assert told == ["cache_unavailable", "cache_available"]


def test_garbage_shows_and_is_mended(valkey: Valkey, sandbox_url: str) -> None:
    """A second replica finds strangers' bytes, asks the platform, and mends the entry."""
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
