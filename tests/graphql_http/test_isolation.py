"""Fifty concurrent callers with the same queries each get their own data."""

import asyncio
import base64
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.sandbox.app import create_sandbox
from gateway.sandbox.auth import Credentials
from tests.sandbox.client import NOW
from tests.support.examples import rarely
from tests.support.graph import serve_gateway
from tests.support.http_client import TLS, client
from tests.support.isolation import (
    CALLERS,
    Question,
    asked,
    identifier,
    node_id,
    one_world,
    own_world,
    question,
    storm,
)
from tests.support.metrics import scrape
from tests.support.serving import serve
from tests.support.tokens import JWT, Issuer

REQUESTS = [200, *rarely(10_000)]
# Long enough for calls to meet in flight, and answers to be kept and found again.
LATENCY_MS = 5
CACHES: dict[str, Any] = {
    "cache_customer_ttl_s": 3,
    "cache_definition_ttl_s": 300,
    "shutdown_grace_s": 31,
    "upstream_deadline_s": 30.0,  # fifty at once, on a busy machine
}
SHARED = "4915700000000"


def told(name: str, counts: Counter[str], calls: int, kept: int) -> str:
    """Format the figures of a run."""
    return (
        f"{name}: {counts['right']} right answers of {CALLERS} callers ({counts['forbidden']}"
        f" customers forbidden in them), {counts['wrong']} wrong, {counts['failed']} failed,"
        f" in {counts['seconds']} s and {calls} calls; {kept} answers were kept ones, as a whole"
    )


def answers_kept(url: str) -> int:
    """Return how many cached responses a gateway has served."""
    return int(scrape(url)["gateway_response_cache_hits_total"])


def allowed(caller: int) -> set[int]:
    """Return a caller's customers: their own, and for the last ten another's, too."""
    return {caller, caller - 40} if caller >= 40 else {caller}


def truths(http: httpx.Client) -> dict[tuple[str, str | None], list[Any]]:
    """Query each customer alone, in each way; by kind, and "after" for the second page."""
    numbers = range(CALLERS)
    customer = [asked(http, "customer", {}, by=identifier(number)) for number in numbers]
    cursors = [one["promotions"]["pageInfo"]["endCursor"] for one in customer]
    second = [
        asked(http, "customer", {}, by=identifier(number), after=cursors[number])
        for number in numbers
    ]
    return {
        ("customer", None): customer,
        ("customers", None): customer,
        ("customer", "after"): second,
        ("cursors", None): cursors,
        ("node", None): [asked(http, "node", {}, id=node_id(number)) for number in numbers],
        ("promotion", None): [
            asked(http, "promotion", {}, by=identifier(number)) for number in numbers
        ],
    }


def claimed_rounds(
    truth: dict[tuple[str, str | None], list[Any]], issuer: Issuer, rounds: int
) -> Iterator[list[Question]]:
    """Query one customer, or three, as all callers, and in every other round each caller's own."""
    random = Random(6)  # noqa: S311 - the same storm each time
    bearers = [
        issuer.bearer(sub=f"caller {n}", customers=[identifier(c) for c in sorted(allowed(n))])
        for n in range(CALLERS)
    ]
    for number in range(rounds):
        kind = random.choice(["customer", "after", "customers", "node", "nodes", "promotion"])
        first, is_own = random.randrange(CALLERS), number % 2 == 0
        asking = []
        for caller in range(CALLERS):
            target = caller if is_own else first
            targets = [target]
            if kind.endswith("s"):
                targets += [(target + step) % CALLERS for step in (1, 40)]
            asking.append(claimed_question(truth, bearers[caller], kind, caller, targets))
        yield asking


def claimed_question(
    truth: dict[tuple[str, str | None], list[Any]],
    bearer: dict[str, str],
    kind: str,
    caller: int,
    targets: list[int],
) -> Question:
    """Query these customers; expect those of the caller's claim, and the others forbidden."""
    key: tuple[str, str | None] = (kind.removesuffix("s"), None)
    variables: dict[str, Any] = {"by": identifier(targets[0])}
    match kind:
        case "customers":
            variables = {"by": [identifier(target) for target in targets]}
        case "node":
            variables = {"id": node_id(targets[0])}
        case "nodes":
            variables = {"ids": [node_id(target) for target in targets]}
        case "after":
            key = ("customer", "after")
            variables["after"] = truth["cursors", None][targets[0]]
    parts = [(target in allowed(caller), truth[key][target]) for target in targets]
    return question(bearer, "customer" if kind == "after" else kind, variables, parts)


@pytest.mark.parametrize("requests", REQUESTS)
def test_no_caller_gets_what_another_claim_opens(tmp_path: Path, requests: int) -> None:
    """With tokens all share one credential, and so the cache and the upstream calls."""
    issuer = Issuer()
    key_file = tmp_path / "key.pem"
    key_file.write_bytes(issuer.pem())
    settings = JWT | CACHES | {"auth_key_file": str(key_file), "auth_customer_claim": "customers"}
    sandbox = create_sandbox(one_world(), clock=lambda: NOW, latency_ms=LATENCY_MS)
    with serve(sandbox) as platform_url:
        with serve_gateway(platform_url, report_upstream=False) as url, client(url) as http:
            truth = truths(http)
        for number, one in enumerate(truth["customer", None]):
            assert one["id"] == node_id(number)
        httpx.delete(f"{platform_url}/__calls", verify=TLS)
        with serve_gateway(platform_url, report_upstream=False, **settings) as url:
            counts = asyncio.run(storm(url, claimed_rounds(truth, issuer, requests // CALLERS)))
            kept = answers_kept(url)
        calls = httpx.get(f"{platform_url}/__calls", verify=TLS).json()["total"]
    print(told("claims", counts, calls, kept))  # noqa: T201 - the figures that the README quotes
    assert (counts["wrong"], counts["failed"]) == (0, 0)
    assert counts["right"] == requests
    assert counts["forbidden"] > requests // 2
    assert calls < requests  # so that calls were shared, or what they brought was kept
    assert kept or requests < 10_000  # and so that whole answers were: a few may be too slow


class Brands:
    """Several upstreams behind one address, selected by the credential."""

    def __init__(self) -> None:
        self.calls = 0
        self._by_credential: dict[bytes, ASGIApp] = {}
        for number in range(CALLERS):
            credentials = Credentials(username=f"till.{number}", password="p")
            sandbox = create_sandbox(
                own_world(number, SHARED),
                clock=lambda: NOW,
                latency_ms=LATENCY_MS,
                credentials=credentials,
            )
            self._by_credential[basic(number)["Authorization"].encode()] = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""
        if scope["type"] == "lifespan":
            await next(iter(self._by_credential.values()))(scope, receive, send)
            return
        self.calls += 1
        await self._by_credential[dict(scope["headers"])[b"authorization"]](scope, receive, send)


def basic(number: int) -> dict[str, str]:
    """Return the header of a credential."""
    pair = base64.b64encode(f"till.{number}:p".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def handed_on_rounds(http: httpx.Client, rounds: int) -> Iterator[list[Question]]:
    """Send the same queries as all callers; their meaning differs by the credential alone."""
    random = Random(6)  # noqa: S311 - the same storm each time
    by = {"mobile": SHARED}
    truth = {
        kind: [asked(http, kind, basic(number), by=by) for number in range(CALLERS)]
        for kind in ("customer", "promotion")
    }
    nodes = [asked(http, "node", basic(number), id=node_id(number)) for number in range(CALLERS)]
    for number in range(CALLERS):
        assert truth["customer"][number]["id"] == nodes[number]["id"] == node_id(number)
    for _ in range(rounds):
        kind, target = random.choice(["customer", "promotion", "node"]), random.randrange(CALLERS)
        yield [
            question(basic(caller), kind, {"id": node_id(target)}, [(True, found)])
            if kind == "node"
            else question(basic(caller), kind, {"by": by}, [(True, truth[kind][caller])])
            for caller in range(CALLERS)
            for found in [nodes[target] if caller == target else None]
        ]


@pytest.mark.parametrize("requests", REQUESTS)
def test_no_caller_gets_what_another_credential_opens(requests: int) -> None:
    """With `passthrough` no cached response and no shared call crosses credentials."""
    brands = Brands()
    open_settings: dict[str, Any] = {"upstream_auth": "passthrough", "report_upstream": False}
    with serve(brands) as platform_url:
        with serve_gateway(platform_url, **open_settings) as url, client(url) as http:
            rounds = list(handed_on_rounds(http, requests // CALLERS))
        brands.calls = 0
        with serve_gateway(platform_url, **open_settings | CACHES) as url:
            counts = asyncio.run(storm(url, rounds))
            kept = answers_kept(url)
        calls = brands.calls
    print(told("credentials", counts, calls, kept))  # noqa: T201 - the figures that the README quotes
    assert (counts["wrong"], counts["failed"], counts["forbidden"]) == (0, 0, 0)
    assert counts["right"] == requests
    assert calls < requests * 2
    assert kept or requests < 10_000
