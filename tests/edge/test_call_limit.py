"""The upstream calls that one caller's operations may cause in a minute."""

from typing import Any

import httpx
import pytest

from gateway.context import CallBudget
from gateway.edge.rate_limit import CallLimit, LocalRateLimit
from gateway.errors import RateLimitedError
from tests.support.graph import graph_over, serve_gateway
from tests.support.http_client import client, code
from tests.support.valkey import Valkey

ONE, OTHER = {"X-Forwarded-For": "198.51.100.1"}, {"X-Forwarded-For": "198.51.100.2"}
LIMIT: dict[str, Any] = {
    "rate_limit_upstream_calls_per_minute": 5,
    "trusted_proxies": "127.0.0.1",
}


def asking(number: int, first: int = 0) -> dict[str, str]:
    """Return an operation that makes so many calls."""
    names = ", ".join(f'{{externalId: "X-{first + count}"}}' for count in range(number))
    return {"query": f"{{ customers(by: [{names}]) {{ id }} }}"}


def post(http: httpx.Client, body: Any, headers: dict[str, str]) -> httpx.Response:
    """Send an operation as one of several callers."""
    return http.post("/graphql", json=body, headers=headers)


def test_a_caller_who_causes_too_many_calls_is_told_when_to_come_again(sandbox_url: str) -> None:
    """The operation that exceeds the limit completes; the next one is refused."""
    with graph_over(sandbox_url, **LIMIT) as graph:
        graph.answer("{ __typename }")
        assert post(graph.http, asking(4), ONE).status_code == 200
        assert "errors" not in post(graph.http, asking(4, 10), ONE).json()
        refused = post(graph.http, asking(1, 20), ONE)
        assert (refused.status_code, code(refused)) == (429, "RATE_LIMITED")
        wait_s = refused.json()["errors"][0]["extensions"]["retryAfterS"]
        assert refused.headers["retry-after"] == str(wait_s)
        assert 0 < wait_s <= 120
        assert post(graph.http, asking(1, 30), OTHER).status_code == 200
        assert graph.calls == 9


def test_a_batch_counts_the_calls_of_all_its_parts(sandbox_url: str) -> None:
    """It begins below the limit, and counts as one operation more or less."""
    with serve_gateway(sandbox_url, **LIMIT) as url, client(url) as http:
        batch = [asking(2), asking(2, 10), asking(2, 20)]
        assert post(http, batch, ONE).status_code == 200
        assert post(http, {"query": "{ __typename }"}, ONE).status_code == 429


def test_operations_without_calls_cost_nothing(sandbox_url: str) -> None:
    """Operations without upstream calls are not limited."""
    with serve_gateway(sandbox_url, **LIMIT) as url, client(url) as http:
        statuses = [post(http, {"query": "{ __typename }"}, ONE).status_code for _ in range(20)]
        assert statuses == [200] * 20


def test_replicas_count_a_callers_calls_together(sandbox_url: str) -> None:
    """Through Redis, which stores no caller in clear."""
    valkey = Valkey()
    shared = LIMIT | {"cache_url": valkey.url, "cache_key_secret": "0123456789abcdef"}
    try:
        with serve_gateway(sandbox_url, **shared) as url, client(url) as http:
            assert post(http, asking(5), ONE).status_code == 200
        with serve_gateway(sandbox_url, **shared) as url, client(url) as http:
            assert post(http, asking(1, 10), ONE).status_code == 429
            assert post(http, asking(1, 20), OTHER).status_code == 200
        keys = [key for key in valkey.keys() if key.startswith(b"promotion-gateway:calls:1:")]  # noqa: SIM118 - it is no dict
        assert len(keys) == 2
        assert not [key for key in keys if b"198.51" in key]
    finally:
        valkey.stop()


@pytest.mark.anyio
async def test_calls_of_what_still_runs_count_already() -> None:
    """The calls of running operations are part of the count."""
    limit = CallLimit(LocalRateLimit(10))
    one, other = CallBudget(40), CallBudget(40)
    with limit.counting("a", one), limit.counting("a", other):
        await limit.check("a")
        one.spent, other.spent = 6, 4
        with pytest.raises(RateLimitedError):
            await limit.check("a")
        await limit.check("b")
        other.spent = 0
    await limit.aclose()
    await limit.check("a")
