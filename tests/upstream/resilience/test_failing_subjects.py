"""Calls that make the platform fail, over real HTTP: whom they hold back."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from tests.sandbox.client import shared_world
from tests.support.graph import serve_gateway
from tests.support.http_client import TLS
from tests.support.scripted_platform import Handler, Platform, platform

WORLD = shared_world()
OUTAGE = [f"C-{name}" for name in ("CURRENT", "TEN", "101", "MIXED", "ONE", "A", "B", "C")]
ONE = {"X-Forwarded-For": "198.51.100.1"}
OTHER = {"X-Forwarded-For": "198.51.100.2"}


def customer(name: str) -> dict[str, str]:
    query = '{ customer(by: {externalId: "%s"}) { promotions(first: 1) { totalCount } } }'
    return {"query": query % name}


def window(size: int) -> dict[str, str]:
    query = '{ customer(by: {externalId: "C-TEN"}) { promotions(first: %d) { totalCount } } }'
    return {"query": query % size}


def ask(http: httpx.Client, body: dict[str, str], headers: dict[str, str] | None = None) -> str:
    """Send a query; return its error code, or "ok"."""
    answer = http.post("/graphql", json=body, headers=headers).json()
    errors = answer.get("errors")
    return errors[0]["extensions"]["code"] if errors else "ok"


@contextmanager
def answering(**answers: Handler) -> Iterator[tuple[Platform, str]]:
    """Serve a platform with these responses by endpoint."""
    with platform(WORLD) as (scripted, url):
        scripted.responses.update(answers)
        yield scripted, url


@contextmanager
def failing(*names: str, **settings: Any) -> Iterator[tuple[httpx.Client, Platform]]:
    """Serve a gateway on a platform with 500 for these customers, or for all."""

    async def promotion_data(request: Request) -> Response | None:
        is_poison = not names or request.query_params["identifierValue"] in names
        return Response("{}", 500) if is_poison else None

    with (
        answering(promotionData=promotion_data) as (scripted, platform_url),
        serve_gateway(platform_url, **settings) as url,
        httpx.Client(base_url=url, trust_env=False, verify=TLS) as http,
    ):
        yield http, scripted


def test_a_customer_whose_record_fails_costs_no_other_customer() -> None:
    """Requested repeatedly, in any window, with others in between and without."""
    with failing("C-TEN") as (http, scripted):
        for size in range(1, 6):
            assert ask(http, window(size)) == "UPSTREAM_UNAVAILABLE"
        opened = time.monotonic()
        for size in range(6, 21):
            assert ask(http, window(size)) == "UPSTREAM_UNAVAILABLE"
        probes = int(time.monotonic() - opened)  # one a second, on a busy machine
        assert 5 <= len(scripted.requests) <= 5 + probes
        assert ask(http, customer("C-CURRENT")) == "ok"
        for size in range(1, 11):
            assert ask(http, window(size)) == "UPSTREAM_UNAVAILABLE"
            assert ask(http, customer("C-101")) == "ok"


def test_a_caller_whose_calls_all_fail_costs_no_other_caller() -> None:
    """Five failing customers hold that caller back, and no other."""
    with failing(*OUTAGE[:6], trusted_proxies="127.0.0.1") as (http, scripted):
        for name in OUTAGE[:6]:
            assert ask(http, customer(name), ONE) == "UPSTREAM_UNAVAILABLE"
        assert len(scripted.requests) == 5
        assert ask(http, customer("C-RANDOM"), OTHER) == "ok"


def test_a_tenant_whose_credential_fails_costs_no_other_tenant() -> None:
    """With passthrough each credential is a caller of its own, whatever the address."""
    good = "Basic c2FuZGJveDpzYW5kYm94"

    async def promotion_data(request: Request) -> Response | None:
        return None if request.headers["authorization"] == good else Response("{}", 500)

    with (
        answering(promotionData=promotion_data) as (_, platform_url),
        serve_gateway(platform_url, upstream_auth="passthrough") as url,
        httpx.Client(base_url=url, trust_env=False, verify=TLS) as http,
    ):
        for name in OUTAGE:
            assert ask(http, customer(name), {"Authorization": "Basic YTph"}) != "ok"
            assert ask(http, customer(name), {"Authorization": "Basic Yjpi"}) != "ok"
        assert ask(http, customer("C-ONE"), {"Authorization": good}) == "ok"


@pytest.mark.parametrize("addresses", [1, 8])
def test_an_outage_opens_the_breaker_after_five_calls(addresses: int) -> None:
    """With one caller or many, of different customers."""
    with failing(trusted_proxies="127.0.0.1") as (http, scripted):
        for number, name in enumerate(OUTAGE):
            headers = {"X-Forwarded-For": f"198.51.100.{number % addresses}"}
            assert ask(http, customer(name), headers) == "UPSTREAM_UNAVAILABLE"
        assert len(scripted.requests) == 5


def test_a_refused_connection_is_nobodys_fault() -> None:
    """Five refused connections of one caller for one customer open the breaker for all."""
    with (
        serve_gateway("http://127.0.0.1:1", trusted_proxies="127.0.0.1") as url,
        httpx.Client(base_url=url, trust_env=False, verify=TLS) as http,
    ):
        for _ in range(5):
            ask(http, customer("C-ONE"), ONE)
        assert ask(http, customer("C-TEN"), OTHER) == "UPSTREAM_UNAVAILABLE"
        told = http.get("/metrics").text
    series = 'gateway_upstream_calls_total{endpoint="promotionData",outcome="unreachable"} '
    assert told.partition(series)[2].splitlines()[0] in {"5.0", "6.0"}


def test_a_definition_that_fails_costs_no_other_definition() -> None:
    """A failing look-up does not hold back its program's others."""
    query = '{ promotion(programId: "9001", promotionId: "%s") { name } }'

    async def by_id(request: Request) -> Response | None:
        return Response("{}", 500) if "/promotions/1/" in request.url.path else None

    async def lists(request: Request) -> Response | None:
        return Response("{}", 500) if request.query_params.get("promotionId") == "1" else None

    with (
        answering(promotionById=by_id, promotionsV2=lists) as (_, platform_url),
        serve_gateway(platform_url) as url,
        httpx.Client(base_url=url, trust_env=False, verify=TLS) as http,
    ):
        for _ in range(8):
            assert ask(http, {"query": query % "1"}) == "UPSTREAM_UNAVAILABLE"
        assert ask(http, {"query": query % "90010001"}) == "ok"
