"""A deadline that ends a wait in the gateway: its error is the queue's, not the platform's."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple

import pytest
from starlette.requests import Request

from gateway.cache.entry import CachePolicy
from gateway.context import CallBudget, Caller, RequestContext
from gateway.errors import OverloadedError, UpstreamRateLimitedError, UpstreamTimeoutError
from gateway.upstream.cached_upstream import CachedUpstream, create_cached_upstream
from gateway.upstream.call import NOT_CACHED, UpstreamCall
from gateway.upstream.client import UpstreamClient
from gateway.upstream.credentials import OAuthCredential, credential_from
from gateway.upstream.resilience.circuit_breaker import CircuitState
from gateway.upstream.resilience.traffic_shaping import create_traffic_shaping
from tests.cache.platform import turns
from tests.sandbox.client import NOW
from tests.support.commands import free_port
from tests.support.graph import Graph, serve_gateway, settings_for
from tests.support.http_client import post_at_once
from tests.support.metrics import scrape
from tests.support.raw_server import Step, client_of, raw
from tests.support.scripted_platform import platform
from tests.support.valkey import Valkey

SECRET = "sixteen bytes at least"
CUSTOMER = '{{ customer(by: {{externalId: "X-{}"}}) {{ promotions(first: 1) {{ totalCount }} }} }}'
OAUTH: dict[str, Any] = {
    "upstream_auth": "oauth",
    "upstream_oauth_key": "sandbox-key",
    "upstream_oauth_secret": "sandbox-secret",
}
CLOSED = "gateway_upstream_circuit_state"
SENT = "gateway_upstream_calls_total"
REFUSED = "gateway_upstream_quota_refusals_total"
_ATTEMPTS = 3


@contextmanager
def without_answers(sandbox_url: str, **overrides: Any) -> Iterator[str]:
    """Serve a gateway whose Redis is paused, so that no call gets its turn of the quota."""
    valkey = Valkey()
    limits: dict[str, Any] = {
        "upstream_calls_per_minute": 60,
        "upstream_deadline_s": 2.5,  # a busy machine must not end a call before its wait
        "cache_url": valkey.url,
        "cache_key_secret": SECRET,
    }
    valkey.pause()
    try:
        with serve_gateway(sandbox_url, redis_min_timeout_s=0, **(limits | overrides)) as url:
            yield url
    finally:
        valkey.resume()
        valkey.stop()


def _errors(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [error["extensions"] for result in results for error in result["errors"]]


@pytest.mark.parametrize(
    "overrides", [{}, {"upstream_max_connections": 4}, OAUTH], ids=["quota", "connection", "token"]
)
def test_a_wait_for_the_shared_quota_that_ends_is_a_rate_limit(
    sandbox_url: str, overrides: dict[str, Any]
) -> None:
    """Also of those that wait behind it: for a connection, or for a token."""
    queries = [CUSTOMER.format(number) for number in range(20)]
    with without_answers(sandbox_url, **overrides) as url:
        # Where the event loop is late by a tenth of a second, a time-out may come first.
        for _ in range(_ATTEMPTS):
            errors = _errors(asyncio.run(post_at_once(url, queries)))
            if {error["code"] for error in errors} == {"UPSTREAM_RATE_LIMITED"}:
                break
        graph = Graph(url, sandbox_url)
        graph.answer("{ __typename }")
        assert graph.calls == 0
        graph.close()
        metrics = scrape(url)
    assert {error["code"] for error in errors} == {"UPSTREAM_RATE_LIMITED"}
    assert {error["retryable"] for error in errors} == {True}
    assert all(1 <= error["retryAfterS"] <= 60 for error in errors)
    assert len(errors) == 20
    assert {value for name, value in metrics.items() if name.startswith(CLOSED)} == {0}
    assert 1 <= metrics[REFUSED] <= 20 * _ATTEMPTS


def test_a_wait_for_a_connection_that_ends_is_an_overload() -> None:
    """The call in flight is the platform's time-out, and those behind it are not."""
    with platform() as (scripted, url):

        async def never(request: Request) -> None:
            await request.body()
            await request.receive()  # the end of the connection

        scripted.responses["promotionData"] = never
        limits: dict[str, Any] = {"upstream_max_connections": 1, "upstream_deadline_s": 0.4}
        with serve_gateway(url, **limits) as gateway:
            queries = [CUSTOMER.format(number) for number in range(30)]
            errors = _errors(asyncio.run(post_at_once(gateway, queries)))
            metrics = scrape(gateway)
    codes = [error["code"] for error in errors]
    assert set(codes) == {"OVERLOADED", "UPSTREAM_TIMEOUT"}
    # Those who get the connection at the end of their own time do not use it.
    sent = sum(value for name, value in metrics.items() if name.startswith(SENT))
    assert codes.count("UPSTREAM_TIMEOUT") == sent
    assert {error["retryAfterS"] for error in errors if error["code"] == "OVERLOADED"} == {1}
    assert metrics['gateway_upstream_circuit_state{endpoint="promotionData"}'] == 0


ENDPOINT = "promotionData"
CACHED = CachePolicy(60.0)


class Call(UpstreamCall[bytes]):
    """A call whose body is read as it is."""

    endpoint = ENDPOINT

    def read(self, body: bytes, *, is_own: bool) -> bytes:
        """Return the body."""
        return body


class Definition(Call):
    """A call that leaves its operation's last calls to those of other endpoints."""

    is_low_priority = True


class Parts(NamedTuple):
    """The links of the way to a platform that never answers."""

    cached: CachedUpstream
    client: UpstreamClient

    async def send(
        self, within_s: float, target: str = "/?a=b", policy: CachePolicy = NOT_CACHED
    ) -> BaseException:
        """Return the error of a call with this time until its deadline."""
        deadline = asyncio.get_running_loop().time() + within_s
        request = RequestContext("1", NOW, Caller(), deadline, CallBudget(40))
        (error,) = await asyncio.gather(
            self.cached.send(Call(target, request, (), policy)), return_exceptions=True
        )
        assert isinstance(error, BaseException)
        return error

    def breaker(self) -> CircuitState:
        """Return the state of the circuit breaker."""
        return self.client.traffic.of(ENDPOINT).breaker.state


@asynccontextmanager
async def parts(**overrides: Any) -> AsyncIterator[Parts]:
    """Serve a platform that accepts calls and sends nothing."""
    async with raw([Step(b"")]) as server, client_of(server.url) as http:
        settings = settings_for(server.url, **overrides)
        traffic = create_traffic_shaping(settings)
        client = UpstreamClient(http, credential_from(settings), traffic, 1000, 0.1)
        # Only the quota is shared by the Redis that is not there.
        alone = settings.model_copy(update={"cache_url": "memory://"})
        cached = create_cached_upstream(alone, client)
        try:
            yield Parts(cached, client)
        finally:
            await cached.aclose()
            if traffic.replicas is not None:
                await traffic.replicas.redis.aclose()


def _without_redis() -> dict[str, Any]:
    """Return settings with a quota on a Redis that is not there, which the calls poll."""
    url = f"redis://127.0.0.1:{free_port()}"
    return {"upstream_calls_per_minute": 60, "cache_url": url, "cache_key_secret": SECRET}


@pytest.mark.anyio
@pytest.mark.parametrize("policy", [NOT_CACHED, CACHED], ids=["not cached", "cached"])
async def test_who_waits_for_anothers_call_hears_what_that_waits_for(policy: CachePolicy) -> None:
    """A request whose deadline comes first is told of the quota, too."""
    async with parts(**_without_redis()) as way:
        errors = await asyncio.gather(way.send(0.6, policy=policy), way.send(0.1, policy=policy))
        assert [type(error) for error in errors] == [UpstreamRateLimitedError] * 2
        assert way.breaker() is CircuitState.CLOSED
        assert way.client.traffic.quotas.statistics.refusals == 1


@pytest.mark.anyio
@pytest.mark.parametrize("policy", [NOT_CACHED, CACHED], ids=["not cached", "cached"])
async def test_who_waits_for_anothers_call_of_the_platform_hears_of_a_timeout(
    policy: CachePolicy,
) -> None:
    """Where the call is sent, it is the platform that is late."""
    async with parts() as way:
        errors = await asyncio.gather(way.send(0.6, policy=policy), way.send(0.1, policy=policy))
        assert [type(error) for error in errors] == [UpstreamTimeoutError] * 2


@pytest.mark.anyio
async def test_who_waits_for_a_connection_hears_of_it_from_anothers_call() -> None:
    """The second call waits for the first one's connection, and a third joins the second."""
    async with parts(upstream_max_connections=1) as way:
        errors = await asyncio.gather(
            way.send(0.9), way.send(0.6, target="/?c=d"), way.send(0.1, target="/?c=d")
        )
        assert [type(error) for error in errors] == [
            UpstreamTimeoutError,
            OverloadedError,
            OverloadedError,
        ]


@pytest.mark.anyio
async def test_who_waits_for_anothers_token_hears_of_the_quota() -> None:
    """The token call waits for the quota, and outlives the request that waits for it."""
    async with parts(**_without_redis(), **OAUTH) as way:
        assert isinstance(way.client.credential, OAuthCredential)
        errors = await asyncio.gather(way.send(0.6), way.send(0.1, target="/?c=d"))
        assert [type(error) for error in errors] == [UpstreamRateLimitedError] * 2


@pytest.mark.anyio
async def test_who_waits_for_anothers_token_of_the_platform_hears_of_a_timeout() -> None:
    """The platform does not answer the token call."""
    async with parts(**OAUTH) as way:
        errors = await asyncio.gather(way.send(0.6), way.send(0.1, target="/?c=d"))
        assert [type(error) for error in errors] == [UpstreamTimeoutError] * 2


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("is_limited", "error"), [(True, UpstreamRateLimitedError), (False, UpstreamTimeoutError)]
)
async def test_who_waits_for_the_rest_of_the_budget_hears_what_the_others_wait_for(
    *, is_limited: bool, error: type[Exception]
) -> None:
    """A definition waits for its operation's pages, and these for the quota or the platform."""
    async with parts(**(_without_redis() if is_limited else {})) as way:
        deadline = asyncio.get_running_loop().time() + 0.2
        request = RequestContext("1", NOW, Caller(), deadline, CallBudget(2))
        with request.budget.reserve(2):
            calls = (Definition("/?c=d", request), Call("/?a=b", request))
            errors = await asyncio.gather(*map(way.cached.send, calls), return_exceptions=True)
        assert [type(one) for one in errors] == [error] * 2


@pytest.mark.anyio
async def test_a_client_that_leaves_the_queue_is_no_refusal() -> None:
    """A cancelled wait is cancelled, and counted as nothing."""
    async with parts(**_without_redis()) as way:
        waiting = asyncio.ensure_future(way.send(5.0))
        await turns(20)
        assert way.client.traffic.quotas.of("configured").has_waiters
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert way.client.traffic.quotas.statistics.refusals == 0
