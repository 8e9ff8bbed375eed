"""The operations of one caller in a minute: counted in the process, in Redis, and in an outage."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis
from structlog.testing import capture_logs

from gateway.edge.rate_limit import LocalRateLimit, RateLimit
from gateway.edge.shared_rate_limit import SharedRateLimit
from tests.support.graph import REDIS_MIN_TIMEOUT_S, serve_gateway
from tests.support.http_client import client, code
from tests.support.tokens import JWT, Issuer
from tests.support.valkey import Valkey

TYPENAME = {"query": "{ __typename }"}


class Clock:
    """A clock that a test sets, in seconds."""

    def __init__(self) -> None:
        self.now = 6000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


PATIENT: dict[str, Any] = {"timeout_s": REDIS_MIN_TIMEOUT_S}


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    """Return a server for the module."""
    server = Valkey()
    yield server
    server.stop()


@pytest.mark.anyio
async def test_a_minute_slides() -> None:
    """The previous minute counts by the part that the last 60 s contain."""
    clock = Clock()
    limit = LocalRateLimit(10, clock=clock)
    assert [await limit.take("a", 1) for _ in range(10)] == [0.0] * 10
    assert await limit.take("a", 1) == pytest.approx(66.0)
    assert await limit.take("b", 10) == 0.0
    clock.now += 65.9
    assert await limit.take("a", 1) == pytest.approx(0.1)
    clock.now += 0.2
    assert await limit.take("a", 1) == 0.0
    assert await limit.take("a", 1) > 0.0
    clock.now += 120
    assert await limit.take("a", 10) == 0.0


@pytest.mark.anyio
async def test_more_than_the_limit_at_once_is_all_of_it() -> None:
    """A batch above the limit could never be taken otherwise."""
    clock = Clock()
    limit = LocalRateLimit(5, clock=clock)
    assert await limit.take("a", 10) == 0.0
    assert await limit.take("a", 1) > 0.0


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 12)), max_size=40))
def test_after_the_wait_that_was_told_it_is_taken(steps: list[tuple[float, int]]) -> None:
    """After the returned wait the same number is accepted."""
    import asyncio  # noqa: PLC0415 - hypothesis runs no coroutines

    async def run() -> None:
        clock = Clock()
        limit = LocalRateLimit(10, clock=clock)
        for pause_s, number in steps:
            clock.now += pause_s
            wait_s = await limit.take("a", number)
            assert 0 <= wait_s <= 120.0
            if wait_s:
                clock.now += wait_s + 1e-3
                assert await limit.take("a", number) == 0.0

    asyncio.run(run())


@pytest.mark.anyio
async def test_only_so_many_callers_are_remembered() -> None:
    """Those seen last; memory is bounded."""
    limit = LocalRateLimit(1, clock=Clock(), max_callers=3)
    assert [await limit.take(caller, 1) for caller in "abcd"] == [0.0] * 4
    assert await limit.take("d", 1) > 0.0
    assert await limit.take("a", 1) == 0.0


@pytest.mark.anyio
async def test_replicas_share_a_callers_minute(valkey: Valkey) -> None:
    """Two processes together accept what one may."""
    both = [Redis(port=valkey.port) for _ in range(2)]
    replicas = [SharedRateLimit(redis, "rate", 20, **PATIENT) for redis in both]
    taken = [await replicas[turn % 2].take("shared", 1) for turn in range(30)]
    assert taken.count(0.0) in {20, 21}  # one more where a minute begins meanwhile
    assert all(0 < wait_s <= 120 for wait_s in taken if wait_s)
    assert await replicas[0].take("other", 1) == 0.0
    for redis in both:
        await redis.aclose()


@pytest.mark.anyio
async def test_the_server_counts_as_the_process_does(valkey: Valkey) -> None:
    """Script and code return the same waits for the same counts."""
    redis = Redis(port=valkey.port)
    seconds, micros = await redis.time()
    now = seconds + micros / 1_000_000
    clock = Clock()
    shared, local = SharedRateLimit(redis, "rate", 10, **PATIENT), LocalRateLimit(10, clock=clock)
    clock.now = now
    for number in (4, 6, 1, 3):
        told = await shared.take("same", number)
        assert told == pytest.approx(await local.take("same", number), abs=1.0)
    window = int(now / 60) - 1
    await redis.hset("rate:before", mapping={"window": window, "current": 10, "previous": 0})
    clock.now = now - 60
    await local.take("before", 10)
    clock.now = now
    for number in (1, 9, 1):
        told = await shared.take("before", number)
        assert told == pytest.approx(await local.take("before", number), abs=1.0)
    assert 0 < await redis.ttl("rate:same") <= 120
    await redis.aclose()


@pytest.mark.anyio
async def test_without_redis_each_replica_counts_for_itself() -> None:
    """Every operation is counted, none waits, and the outage is logged once."""
    clock = Clock()
    redis = Redis(port=1)
    limit = SharedRateLimit(redis, "rate", 3, clock=clock)
    with capture_logs() as logs:
        taken = [await limit.take("a", 1) for _ in range(5)]
    assert [bool(wait_s) for wait_s in taken] == [False] * 3 + [True] * 2
    assert [line["event"] for line in logs] == ["redis_unavailable"]
    await redis.aclose()


@pytest.mark.anyio
async def test_a_redis_that_hangs_or_holds_garbage_holds_nobody_up(valkey: Valkey) -> None:
    """It is tried once a second, for a tenth of a second."""
    clock = Clock()
    redis = Redis(port=valkey.port)
    limit = SharedRateLimit(redis, "rate", 3, clock=clock)
    valkey.execute("SET", "rate:garbage", "x")
    assert await limit.take("garbage", 1) == 0.0
    clock.now += 2
    valkey.pause()
    try:
        taken = [await limit.take("a", 1) for _ in range(5)]
    finally:
        valkey.resume()
    assert [bool(wait_s) for wait_s in taken] == [False] * 3 + [True] * 2
    clock.now += 2
    assert await limit.take("a", 1) == 0.0  # Redis counts again, and has not heard of them
    await redis.aclose()


def limited(answer: httpx.Response) -> int:
    """Return the seconds after which a refused caller may retry."""
    assert (answer.status_code, code(answer)) == (429, "RATE_LIMITED")
    wait_s: int = answer.json()["errors"][0]["extensions"]["retryAfterS"]
    assert answer.headers["retry-after"] == str(wait_s)
    assert 0 < wait_s <= 120
    return wait_s


def test_a_caller_who_asks_too_much_is_told_when_to_come_again(sandbox_url: str) -> None:
    """429 with Retry-After for every kind of request, and not for the probes."""
    with serve_gateway(sandbox_url, rate_limit_per_minute=5) as url, client(url) as http:
        assert [http.post("/graphql", json=TYPENAME).status_code for _ in range(4)] == [200] * 4
        assert limited(http.post("/graphql", json=[TYPENAME] * 3))
        assert http.post("/graphql", json=TYPENAME).status_code == 200
        for answer in (
            http.post("/graphql", json=TYPENAME, headers={"X-Forwarded-For": "198.51.100.7"}),
            http.post("/graphql", json=TYPENAME, headers={"Authorization": "Basic b3RoZXI6eA=="}),
            http.get("/graphql", params=TYPENAME),
            http.post("/graphql", content=b"{"),
        ):
            limited(answer)
        assert http.get("/healthz").status_code == 200


def test_callers_are_told_apart(sandbox_url: str) -> None:
    """By the credential for the platform, else by the address behind a proxy."""
    settings: dict[str, Any] = {"rate_limit_per_minute": 2, "upstream_auth": "passthrough"}
    with (
        serve_gateway(sandbox_url, trusted_proxies="127.0.0.1", **settings) as url,
        client(url) as http,
    ):
        callers = [{"Authorization": "Basic YTph"}, {"Authorization": "Basic Yjpi"},
                   {"X-CAP-API-OAUTH-TOKEN": "a"}, {},
                   {"X-Forwarded-For": "10.1.1.7"}, {"X-Forwarded-For": "10.1.1.8"}]  # fmt: skip
        for headers in callers:
            statuses = [
                http.post("/graphql", json=TYPENAME, headers=headers).status_code for _ in range(3)
            ]
            assert statuses == [200, 200, 429], headers


def test_bearers_of_tokens_are_told_apart(sandbox_url: str, tmp_path: Path) -> None:
    """By the subject of any token, else by its customers, else by the address."""
    issuer, stranger = Issuer(), Issuer("stranger")
    key_file = tmp_path / "key.pem"
    key_file.write_bytes(issuer.pem())
    settings: dict[str, Any] = JWT | {
        "auth_key_file": str(key_file),
        "auth_customer_claim": "customers",
        "rate_limit_per_minute": 2,
    }
    callers = [
        [
            issuer.bearer(sub="a"),
            issuer.bearer(sub="a", roles=["rulesets"]),
            issuer.bearer(sub="a"),
        ],
        [issuer.bearer(sub="b")] * 3,
        [issuer.bearer(sub=None, customers=[{"mobile": "1"}])] * 3,
        [issuer.bearer(sub=None), stranger.bearer(), issuer.bearer(sub=None)],
    ]
    with serve_gateway(sandbox_url, **settings) as url, client(url) as http:
        told = [
            [http.post("/graphql", json=TYPENAME, headers=one).status_code for one in headers]
            for headers in callers
        ]
        assert told == [[200, 200, 429]] * 3 + [[200, 401, 429]]
        limited(http.post("/graphql", json=TYPENAME, headers=stranger.bearer()))


def test_no_caller_stands_in_redis(sandbox_url: str, valkey: Valkey) -> None:
    """Keys are hashes with the gateway's secret, which two gateways share."""
    settings: dict[str, Any] = {
        "rate_limit_per_minute": 3,
        "cache_url": valkey.url,
        "cache_key_secret": "0123456789abcdef",
        "upstream_auth": "passthrough",
    }
    valkey.execute("FLUSHALL")
    headers = {"Authorization": "Basic aHVudGVyMg=="}
    statuses = []
    for _ in range(2):
        with serve_gateway(sandbox_url, **settings) as url, client(url) as http:
            statuses += [
                http.post("/graphql", json=TYPENAME, headers=headers).status_code for _ in range(2)
            ]
    assert statuses == [200, 200, 200, 429]
    keys = valkey.keys()
    (key,) = [key for key in keys if b":rate:" in key]
    assert key.startswith(b"promotion-gateway:rate:1:")
    assert b"aHVudGVy" not in key
    assert len(key) == len(b"promotion-gateway:rate:1:") + 32


@pytest.mark.anyio
@pytest.mark.parametrize("shares", [False, True])
async def test_what_is_counted_after_the_fact_may_go_beyond_the_limit(
    valkey: Valkey, *, shares: bool
) -> None:
    """A caller above the limit waits; what was taken can be returned."""
    clock, redis = Clock(), Redis(port=valkey.port)
    limit: RateLimit = LocalRateLimit(10, clock=clock)
    if shares:
        limit = SharedRateLimit(redis, f"rate-{shares}", 10, clock=clock, **PATIENT)
    assert await limit.wait_s("a", 10) == 0.0
    await limit.add("a", 9)
    assert await limit.wait_s("a", 1) == 0.0
    assert await limit.wait_s("a", 2) > 0.0
    await limit.add("a", 40)
    assert 0.0 < await limit.wait_s("a", 1) <= 120.0
    assert await limit.take("a", 1) > 0.0
    await limit.add("a", -45)
    assert await limit.take("a", 6) == 0.0
    assert await limit.take("a", 1) > 0.0
    await redis.aclose()


def test_a_batch_above_the_limit_is_told_that_it_can_never_run(sandbox_url: str) -> None:
    """413 with the limit, and not retryable."""
    with serve_gateway(sandbox_url, rate_limit_per_minute=5) as url, client(url) as http:
        refused = http.post("/graphql", json=[TYPENAME] * 6)
        assert (refused.status_code, code(refused)) == (413, "PAYLOAD_TOO_LARGE")
        (error,) = refused.json()["errors"]
        assert "at most 5 operations" in error["message"]
        assert error["extensions"]["retryable"] is False
        assert "retry-after" not in refused.headers


@pytest.mark.parametrize("shares", [False, True])
def test_a_batch_is_counted_whole_or_not_at_all(
    sandbox_url: str, valkey: Valkey, *, shares: bool
) -> None:
    """Each part counts as one operation; a refused batch counts nothing."""
    valkey.execute("FLUSHALL")
    settings: dict[str, Any] = {"rate_limit_per_minute": 5}
    if shares:
        settings |= {"cache_url": valkey.url, "cache_key_secret": "0123456789abcdef"}
    with serve_gateway(sandbox_url, **settings) as url, client(url) as http:
        assert http.post("/graphql", json=[TYPENAME] * 2).status_code == 200
        for _ in range(5):
            limited(http.post("/graphql", json=[TYPENAME] * 4))
        assert http.post("/graphql", json=[TYPENAME] * 3).status_code == 200
        limited(http.post("/graphql", json=TYPENAME))
