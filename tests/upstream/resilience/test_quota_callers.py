"""One credential's quota, shared by callers over real HTTP."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from structlog.testing import capture_logs

from tests.support.commands import until
from tests.support.graph import serve_gateway
from tests.support.http_client import TLS
from tests.support.metrics import scrape

LARGE, SMALL = {"X-Forwarded-For": "198.51.100.1"}, {"X-Forwarded-For": "198.51.100.2"}


def _customers(first: int, number: int) -> dict[str, str]:
    """Return an operation with `number` calls, named by the first customer's number."""
    names = ", ".join(f'{{externalId: "X-{first + count}"}}' for count in range(number))
    selection = f"customers(by: [{names}]) {{ promotions(first: 1) {{ totalCount }} }}"
    return {"query": f"query From{first} {{ {selection} }}"}


def test_a_caller_who_asks_for_much_starves_no_other(sandbox_url: str) -> None:
    """Beside another caller's 160 calls none is refused, and none waits for a second."""
    limits: dict[str, Any] = {
        "upstream_calls_per_minute": 300,
        "upstream_deadline_s": 2.0,
        "trusted_proxies": "127.0.0.1",
    }
    with (
        serve_gateway(sandbox_url, **limits) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=30, verify=TLS) as http,
        capture_logs() as events,
        ThreadPoolExecutor(8) as threads,
    ):
        for number in range(8):
            body = _customers(number * 20, 20)
            threads.submit(http.post, "/graphql", json=body, headers=LARGE)
        assert until(lambda: scrape(url)["gateway_upstream_quota_waits_total"] > 0)
        for number in range(3):
            answer = http.post("/graphql", json=_customers(900 + number, 1), headers=SMALL)
            assert "errors" not in answer.json()
    operations = [event for event in events if event["event"] == "operation"]
    waits_ms = {event["operation"]: event.get("quota_wait_ms", 0) for event in operations}
    assert max(waits_ms[f"From{900 + number}"] for number in range(3)) < 1000
