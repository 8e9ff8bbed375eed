"""The scope of the quota: one process, all workers or all replicas."""

import asyncio
from contextlib import ExitStack
from typing import Any

import pytest

from gateway.upstream.resilience.concurrency import UpstreamConcurrency
from gateway.upstream.resilience.pacer import Pacer
from gateway.upstream.resilience.quota import LocalRateLimiter, Quota, Quotas
from gateway.upstream.resilience.traffic_shaping import TrafficShaping, create_traffic_shaping
from tests.support.faulty_platform import QUERY
from tests.support.graph import Graph, serve_gateway, settings_for
from tests.support.valkey import Valkey

LIMITS: dict[str, Any] = {"upstream_calls_per_minute": 40, "upstream_deadline_s": 0.6}


def _ask(graph: Graph) -> tuple[str, int | None]:
    """Return an error code, or "ok", and `quotaLeft`."""
    answer = graph.http.post("/graphql", json={"query": QUERY}).json()
    errors = answer.get("errors")
    code = errors[0]["extensions"]["code"] if errors else "ok"
    return code, answer["extensions"]["upstream"]["quotaLeft"]


def test_an_answer_tells_what_is_left_of_the_minute(sandbox_url: str) -> None:
    """It falls by one with each call, and is null without a limit."""
    with serve_gateway(sandbox_url, **LIMITS) as url:
        graph = Graph(url, sandbox_url)
        assert [_ask(graph) for _ in range(3)] == [("ok", 39), ("ok", 38), ("ok", 37)]
        graph.close()


def test_an_operation_whose_calls_can_never_start_in_time_is_told_so(sandbox_url: str) -> None:
    """More calls than can ever start before the deadline are not retryable."""
    names = ", ".join(f'{{externalId: "X-{number}"}}' for number in range(12))
    query = f"{{ customers(by: [{names}]) {{ promotions(first: 1) {{ totalCount }} }} }}"
    limits: dict[str, Any] = {"upstream_calls_per_minute": 10, "upstream_deadline_s": 5.0}
    with serve_gateway(sandbox_url, **limits) as url:
        graph = Graph(url, sandbox_url)
        answer = graph.answer(query)
        assert graph.calls == 3  # 2 of the burst, and an even turn; the next one is in 6 s
        graph.close()
    told = [error["extensions"] for error in answer["errors"]]
    assert {(one["code"], one["retryable"]) for one in told} == {
        ("UPSTREAM_BUDGET_EXCEEDED", False)
    }
    assert len(told) == 9


@pytest.mark.parametrize(
    ("calls", "deadline_s", "most"), [(0, 5.0, None), (1000, 5.0, 41), (100, 5.0, 27), (10, 5.0, 3)]
)
def test_an_operation_may_make_what_could_start_in_its_time(
    calls: int, deadline_s: float, most: int | None
) -> None:
    """As many as an idle quota allows before the deadline, or the operation's maximum."""
    settings = settings_for(
        "http://127.0.0.1:1", upstream_calls_per_minute=calls, upstream_deadline_s=deadline_s
    )
    assert create_traffic_shaping(settings).startable(settings) == most


def test_the_workers_of_one_machine_share_out_the_quota() -> None:
    """Without a shared Redis, each of four workers has a quarter."""
    settings = settings_for("http://127.0.0.1:1", workers=4, **LIMITS)
    assert create_traffic_shaping(settings).quotas.of("configured").remaining() == 10


@pytest.mark.parametrize(("started", "spare"), [(0, True), (5, True), (6, False), (10, False)])
def test_refreshes_leave_the_second_half_of_a_minute_to_those_who_wait(
    *, started: int, spare: bool
) -> None:
    """Background refreshes start no call once half of the quota is used."""
    pacer = Pacer(burst=10, even=0)
    for _ in range(started):
        pacer.try_acquire(0.0)
    quota = Quota(LocalRateLimiter(pacer, lambda: 0.0), clock=lambda: 0.0, sleep=asyncio.sleep)
    traffic = TrafficShaping(
        UpstreamConcurrency(1), Quotas(lambda _identity: quota), calls_per_minute=10
    )
    assert traffic.has_calls_to_spare("configured") is spare


def test_without_a_quota_there_are_always_calls_to_spare() -> None:
    """Nothing is counted, and no refresh is held back."""
    assert create_traffic_shaping(settings_for("http://127.0.0.1:1")).has_calls_to_spare(
        "configured"
    )


@pytest.mark.timeout(30)
def test_replicas_on_one_redis_share_one_quota(sandbox_url: str) -> None:
    """The calls of one replica count for the other."""
    valkey = Valkey()
    shared = LIMITS | {"cache_url": valkey.url, "cache_key_secret": "sixteen bytes and more"}
    with ExitStack() as stack:
        stack.callback(valkey.stop)
        urls = [stack.enter_context(serve_gateway(sandbox_url, **shared)) for _ in range(2)]
        one, other = (Graph(url, sandbox_url) for url in urls)
        stack.callback(one.close)
        stack.callback(other.close)
        # A Redis that has just started gives no burst: one call is due, and the next in 1.9 s.
        assert _ask(one) == ("ok", 39)
        assert _ask(other) == ("UPSTREAM_RATE_LIMITED", 39)
        assert _ask(one) == ("UPSTREAM_RATE_LIMITED", 39)
        assert all(key.startswith(b"{promotion-gateway:quota:1}:") for key in valkey.keys())  # noqa: SIM118 - it is no dict
