"""Operations that did not run, over HTTP: their outcome, their reason, and what explains them."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from gateway.app import create_app
from tests.sandbox.client import NOW
from tests.support.graph import serve_gateway, settings_for
from tests.support.http_client import TLS
from tests.support.metrics import changed, scrape
from tests.support.payloads import customer_item, customer_page
from tests.support.scripted_platform import platform
from tests.support.serving import serve
from tests.support.tokens import JWT, Issuer, KeyServer

TYPENAME = {"query": "{ __typename }"}
CUSTOMER = {"query": '{ customer(by: {externalId: "C"}) { promotions { totalCount } } }'}
REFUSED = 'gateway_operations_total{operation="other",outcome="refused"}'


def reason(name: str) -> str:
    """Return the series of a reason."""
    return f'gateway_operations_refused_total{{reason="{name}"}}'


@contextmanager
def with_keys(keys: KeyServer, **settings: Any) -> Iterator[str]:
    """Serve a gateway that has its keys from a server."""
    with keys.serving():
        chosen = settings_for("http://127.0.0.1:1", auth_jwks_url=keys.url, **JWT, **settings)
        with serve(create_app(chosen, clock=lambda: NOW)) as url:
            yield url


def test_401_is_a_refused_operation() -> None:
    """Its reason is that nobody is authenticated; those with a token are ok."""
    issuer = Issuer()
    with with_keys(KeyServer([issuer.jwk()])) as url, httpx.Client(verify=TLS) as http:
        before = scrape(url)
        statuses = [
            http.post(f"{url}/graphql", json=TYPENAME, headers=headers).status_code
            for headers in ({}, {"authorization": "Bearer x"}, issuer.bearer())
        ]
        grown = changed(before, scrape(url))
    assert statuses == [401, 401, 200]
    assert (grown[REFUSED], grown[reason("unauthenticated")]) == (2, 2)
    assert grown[REFUSED.replace("refused", "ok")] == 1


def test_what_the_server_refuses_is_an_operation_if_it_is_one(gateway_url: str) -> None:
    """A head that is too large never reaches the endpoint, but was sent to it by a client."""
    operations = 'gateway_operations_total{operation="other",outcome="client_error"}'
    before = scrape(gateway_url)
    for path in ("/graphql", "/other"):
        large = {"x-large": "x" * 40_000}
        answer = httpx.post(
            f"{gateway_url}{path}", json=TYPENAME, headers=large, trust_env=False, verify=TLS
        )
        assert answer.status_code == 431
    grown = changed(before, scrape(gateway_url))
    assert grown[operations] == 1
    assert grown['gateway_client_operations_total{client="none",outcome="client_error"}'] == 1
    assert grown['gateway_errors_total{code="BAD_REQUEST"}'] == 2


def test_503_without_keys_is_a_refused_operation() -> None:
    """The failures to fetch them are counted, and their age grows from the start."""
    issuer = Issuer()
    keys = KeyServer([issuer.jwk()], status=500)
    with with_keys(keys) as url, httpx.Client(verify=TLS) as http:
        before = scrape(url)
        answer = http.post(f"{url}/graphql", json=TYPENAME, headers=issuer.bearer())
        after = scrape(url)
        grown = changed(before, after)
    assert answer.status_code == 503
    assert (grown[REFUSED], grown[reason("keys_unavailable")]) == (1, 1)
    assert after["gateway_auth_key_refresh_failures_total"] > 0
    age = "gateway_auth_keys_age_seconds"
    assert after[age] > before[age] >= 0


def test_the_age_of_the_keys_begins_anew_when_they_are_fetched() -> None:
    """A gateway whose keys are fetched again has young ones."""
    issuer = Issuer()
    keys = KeyServer([issuer.jwk()])
    with with_keys(keys, auth_jwks_ttl_s=1.0) as url, httpx.Client(verify=TLS) as http:
        until, ages = time.monotonic() + 20, [0.0, 0.0]
        while ages[-1] >= ages[-2]:
            assert time.monotonic() < until
            http.post(f"{url}/graphql", json=TYPENAME, headers=issuer.bearer())
            ages.append(scrape(url)["gateway_auth_keys_age_seconds"])
    assert max(ages) > 0
    assert keys.calls > 1


def test_429_is_a_refused_operation(sandbox_url: str) -> None:
    """Its reason is the rate limit."""
    with (
        serve_gateway(sandbox_url, rate_limit_per_minute=2) as url,
        httpx.Client(verify=TLS) as http,
    ):
        before = scrape(url)
        statuses = [http.post(f"{url}/graphql", json=TYPENAME).status_code for _ in range(5)]
        grown = changed(before, scrape(url))
    refused = statuses.count(429)
    assert refused >= 2
    assert (grown[REFUSED], grown[reason("rate_limited")]) == (refused, refused)


def test_503_for_lack_of_capacity_is_a_refused_operation() -> None:
    """The operation that runs is in flight, and counts as ok in the end."""
    may_go_on: list[bool] = []

    async def answer(_: Request) -> Response:
        while not may_go_on:
            await anyio.lowlevel.checkpoint()
        return Response(customer_page(customer_item()), media_type="application/json")

    with (
        platform() as (scripted, upstream_url),
        serve_gateway(upstream_url, max_concurrent_requests=1) as url,
        ThreadPoolExecutor() as pool,
    ):
        scripted.responses["promotionData"] = answer
        before = scrape(url)
        running = pool.submit(
            httpx.post, f"{url}/graphql", json=CUSTOMER, trust_env=False, verify=TLS
        )
        until = time.monotonic() + 20
        while scrape(url)['gateway_operations_in_flight{state="running"}'] != 1:
            assert time.monotonic() < until
        refused = httpx.post(f"{url}/graphql", json=CUSTOMER, trust_env=False, verify=TLS)
        may_go_on.append(True)
        assert (running.result(20).status_code, refused.status_code) == (200, 503)
        grown = changed(before, scrape(url))
    assert (grown[REFUSED], grown[reason("overloaded")]) == (1, 1)
    assert grown[REFUSED.replace("refused", "ok")] == 1


def test_the_wait_for_the_quota_is_apart_from_the_time_of_the_platform(sandbox_url: str) -> None:
    """A call that waited is in both histograms, and its wait is not in that of calls."""
    limits: dict[str, Any] = {"upstream_calls_per_minute": 60, "upstream_deadline_s": 5.0}
    with serve_gateway(sandbox_url, **limits) as url, httpx.Client(timeout=30, verify=TLS) as http:
        query = {"query": '{ customer(by: {externalId: "C-ONE"}) { promotions { totalCount } } }'}
        wait = 'gateway_upstream_wait_seconds_{}{{reason="quota"}}'
        call = 'gateway_upstream_call_duration_seconds_{}{{endpoint="promotionData"}}'
        until = time.monotonic() + 40
        while not (after := scrape(url))[wait.format("count")]:
            assert time.monotonic() < until
            http.post(f"{url}/graphql", json=query).raise_for_status()
    mean = {each: after[each.format("sum")] / after[each.format("count")] for each in (wait, call)}
    assert mean[wait] > mean[call]
    assert after["gateway_upstream_quota_waits_total"] == after[wait.format("count")]


def test_the_lag_of_the_event_loop_is_measured(gateway_url: str) -> None:
    """Ten times a second, whatever the gateway does."""
    lag = "gateway_event_loop_lag_seconds_count"
    first, began = scrape(gateway_url)[lag], time.monotonic()
    while scrape(gateway_url)[lag] < first + 5:
        assert time.monotonic() < began + 20
    assert time.monotonic() - began > 0.3


pytestmark = pytest.mark.timeout(60)
