"""Traffic shaping over real sockets: retries, circuit breaker, quota and concurrency."""

import asyncio
import time

import pytest
from structlog.testing import capture_logs

from tests.support.faulty_platform import QUERY, ask, calls, faulty
from tests.support.graph import Graph
from tests.support.http_client import post_at_once


@pytest.mark.parametrize("fault", ["status=503,after=5,count=1", "reset,after=5,count=1"])
def test_a_passing_failure_is_tried_again(fault: str) -> None:
    """Once successful calls have saved a retry, one failure only delays a client."""
    with faulty(fault) as (graph, platform):
        assert [ask(graph) for _ in range(6)] == ["ok"] * 6
        assert calls(platform) == 7


@pytest.mark.parametrize("fault", ["status=500,after=5,count=1", "array,after=5,count=1"])
def test_what_a_second_try_would_not_mend_is_not_tried_again(fault: str) -> None:
    """A 500 or an invalid payload is an error after one call."""
    with faulty(fault) as (graph, platform):
        assert [ask(graph) for _ in range(6)].count("ok") == 5
        assert calls(platform) == 6


def test_an_outage_is_not_amplified_and_ends_the_asking() -> None:
    """After five failures in a row the gateway fails fast, and does not call the platform."""
    with faulty("status=503") as (graph, platform):
        assert {ask(graph) for _ in range(40)} == {"UPSTREAM_UNAVAILABLE"}
        assert calls(platform) <= 8


def test_service_is_clean_within_five_seconds_after_an_outage() -> None:
    """One probe succeeds, and all clients are served again."""
    with faulty("status=503") as (graph, platform):
        for _ in range(10):
            ask(graph)
        platform.delete("/__faults")
        assert _until_ok(graph) < 5
        assert [ask(graph) for _ in range(10)] == ["ok"] * 10


def _until_ok(graph: Graph) -> float:
    """Send queries until one succeeds; return the seconds that took."""
    started = time.monotonic()
    while ask(graph) != "ok":
        assert time.monotonic() - started < 6
    return time.monotonic() - started


def test_more_calls_than_a_minute_may_have_are_refused_with_the_time_to_wait() -> None:
    """After the burst a call that could only start past its deadline is not made."""
    with faulty(upstream_calls_per_minute=20, upstream_deadline_s=0.5) as (graph, platform):
        codes = [ask(graph) for _ in range(8)]
        assert set(codes) == {"ok", "UPSTREAM_RATE_LIMITED"}
        assert calls(platform) == codes.count("ok") <= 20


def test_a_429_holds_all_calls_back() -> None:
    """During the platform's pause clients get the error without a call; the log has one line."""
    with capture_logs() as logs, faulty("status=429,retry_after=60,count=1") as (graph, platform):
        assert [ask(graph) for _ in range(5)] == ["UPSTREAM_RATE_LIMITED"] * 5
        assert calls(platform) == 1
    assert [line for line in logs if line["event"] == "upstream_rate_limited"] == [
        {
            "event": "upstream_rate_limited",
            "log_level": "warning",
            "endpoint": "promotionData",
            "pause_s": 60.0,
        }
    ]


def test_more_calls_at_once_than_connections_all_succeed() -> None:
    """240 concurrent calls queue; none fails, and none is lost."""
    with faulty(upstream_max_connections=20, upstream_deadline_s=30, shutdown_grace_s=31) as (
        graph,
        platform,
    ):
        queries = [QUERY.replace("first: 1", f'programIds: ["{n}"]') for n in range(240)]
        results = asyncio.run(post_at_once(str(graph.http.base_url), queries))
        assert not any("errors" in result for result in results)
        assert ask(graph) == "ok"
        assert calls(platform) == 241


@pytest.mark.parametrize("fault", ["gzip_bomb=50000000", "huge=20000000"])
def test_an_answer_past_the_limit_is_not_read(fault: str) -> None:
    """Neither an announced nor a compressed body exceeds the limit."""
    with faulty(fault) as (graph, _):
        assert ask(graph) == "UPSTREAM_BAD_PAYLOAD"
