"""Random requests get coded errors, crash nothing, and disclose nothing.

``pytest -s`` prints the outcomes of the operations.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from graphql import GraphQLSchema
from hypothesis import HealthCheck, Phase, given, settings

from gateway.errors import codes
from gateway.sandbox.app import create_sandbox
from gateway.sandbox.auth import Credentials
from gateway.sandbox.faults.spec import parse_fault
from gateway.schema.build import build_schema, executable
from gateway.upstream.resilience.traffic_shaping import TrafficShaping, create_traffic_shaping
from tests.sandbox.client import NOW, shared_world
from tests.security.fuzzing import Asked, requests
from tests.security.told import LEAKS, Lines, listening
from tests.support.graph import serve_gateway, settings_for
from tests.support.http_client import GRAPHQL
from tests.support.raw_http import RawAnswer, exchange
from tests.support.serving import serve

SCHEMA: GraphQLSchema = executable(build_schema())
# A gateway has a memory, and does not do the same twice: the first failure is the one to look at.
QUICK = settings(
    max_examples=60,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
THOROUGH = settings(QUICK, max_examples=2_000)
CREDENTIALS = Credentials(username="till.0815", password="hunter2")
OPEN: dict[str, Any] = {
    "upstream_username": CREDENTIALS.username,
    "upstream_password": CREDENTIALS.password,
}
# As `serve` begins, and answers are kept; and the most talkative way there is.
SERVED = OPEN | {"graphiql": False, "introspection": False, "report_upstream": False}
KEEPING = SERVED | {"cache_customer_ttl_s": 60, "cache_definition_ttl_s": 300}
TALKATIVE = OPEN | {"upstream_deadline_s": 0.3}
FAULTS = [
    "status=503,rate=0.04",
    "status=429,rate=0.01",
    "status=500,body=html,rate=0.02",
    "status=400,body=documented,code=4055,rate=0.02",
    "status=400,body=documented,code=8003,rate=0.02",
    "reset,rate=0.02",
    "truncate,rate=0.02",
    "hang,rate=0.004",
    "gzip_bomb,rate=0.01",
    "array,rate=0.02",
    "missing=customerId,rate=0.02",
    "retype=promotionId,rate=0.03",
    "unknown_enum,rate=0.05",
    "deep,rate=0.02",
    "digits,rate=0.02",
    "surrogate,rate=0.02",
    "invalid_utf8,rate=0.02",
    "other_customer,rate=0.02",
    "totals=-1,rate=0.03",
    "short_pages,rate=0.03",
]


@dataclass
class Fuzzed:
    """A gateway under fuzzing, its log, and the outcomes of its responses."""

    url: str
    log: Lines
    traffic: TrafficShaping
    suggests: bool
    private: tuple[str, ...]
    counts: Counter[str] = field(default_factory=Counter)
    slowest_ms: float = 0.0

    def ask(self, asked: Asked) -> None:
        """Send a request, and check its response and the log."""
        self.log.lines.clear()
        # What the platform has failed at must not hold the next request back.
        self.traffic.endpoints.clear()
        self.traffic.quotas.forget()
        began = time.perf_counter()
        answer = exchange(self.url, *asked.pieces)
        self.slowest_ms = max(self.slowest_ms, (time.perf_counter() - began) * 1_000)
        self.counts["requests"] += 1
        self.counts[f"sent as {asked.way}"] += 1
        self.counts[f"status {answer.status}"] += 1
        told = answer.body.decode() + str(answer.headers)
        for text in (told, *self.log.lines):
            for word in self.private + asked.private:
                assert word not in text, f"{word} in {text}"
        for word in asked.customer_ids:
            assert not [line for line in self.log.lines if word in line], self.log.lines
        assert not [line for line in self.log.lines if "unexpected_error" in line], self.log.lines
        assert self.suggests or "Did you mean" not in told, told[:500]
        self._check(answer, asked)

    def _check(self, answer: RawAnswer, asked: Asked) -> None:
        assert answer.status in {200, 400, 405}, answer.body[:500]
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
        body = json.loads(answer.body)
        for part in body if isinstance(body, list) else [body]:
            errors = part.get("errors", [])
            assert errors or part["data"] is not None
            assert len(errors) <= 100
            assert ("data" in part) or errors
            if not isinstance(body, list):
                assert ("data" in part) is (answer.status == 200), answer.body[:500]
            self._count(part, errors)
            for error in errors:
                assert error["message"]
                assert error["extensions"]["code"] in codes(), error
                assert type(error["extensions"]["retryable"]) is bool, error
                assert len(error["message"]) <= 501
            beside = json.dumps([errors, part.get("extensions"), str(answer.headers)])
            assert LEAKS.search(beside.replace("INTERNAL_SERVER_ERROR", "")) is None, beside
            assert not any(word in beside for word in asked.customer_ids), beside

    def _count(self, part: dict[str, Any], errors: list[dict[str, Any]]) -> None:
        self.counts["operations"] += 1
        self.counts["ran"] += "data" in part
        self.counts["with data and no error"] += not errors
        self.counts["of several codes"] += len({one["extensions"]["code"] for one in errors}) > 1
        for told in {one["extensions"]["code"] for one in errors}:
            self.counts[told] += 1

    def report(self, name: str) -> str:
        """Return the outcomes in one line."""
        told = ", ".join(f"{what} {count}" for what, count in self.counts.most_common())
        return f"{name}: {told}; slowest answer {self.slowest_ms:.0f} ms"


@contextmanager
def fuzzed(faults: list[str], **overrides: Any) -> Iterator[Fuzzed]:
    """Serve a gateway on a sandbox with these faults."""
    sandbox = create_sandbox(
        shared_world(),
        clock=lambda: NOW,
        credentials=CREDENTIALS,
        faults=[parse_fault(fault) for fault in faults],
    )
    with listening() as log, serve(sandbox) as platform_url:
        traffic = create_traffic_shaping(settings_for(platform_url, **overrides))
        with serve_gateway(platform_url, traffic=traffic, **overrides) as url:
            private = (platform_url.partition("://")[2], CREDENTIALS.username, "hunter2")
            yield Fuzzed(url, log, traffic, overrides.get("introspection", True), private)


def ask_at_random(gateway: Fuzzed, how_many: settings) -> None:
    """Send requests that hypothesis generates."""

    @how_many
    @given(requests(SCHEMA))
    def ask(asked: Asked) -> None:
        gateway.ask(asked)

    ask()


def proves_something(counts: Counter[str]) -> None:
    """Assert that not all requests were refused, and not all succeeded."""
    assert counts["ran"] > 0.1 * counts["operations"]
    if counts["operations"] >= THOROUGH.max_examples:
        assert counts["ran"] > 0.3 * counts["operations"]
        assert 0.05 < counts["with data and no error"] / counts["operations"] < 0.7


AMOUNTS = [
    pytest.param(QUICK, id="a few"),
    pytest.param(THOROUGH, id="2,000", marks=[pytest.mark.verify, pytest.mark.timeout(900)]),
]


@pytest.mark.parametrize("how_many", AMOUNTS)
def test_random_operations_are_answered_or_refused_with_a_code(how_many: settings) -> None:
    """On a healthy upstream no error is internal or the upstream's."""
    with fuzzed([], **KEEPING) as gateway:
        ask_at_random(gateway, how_many)
        print(gateway.report("a sound platform"))  # noqa: T201 - the figures
        proves_something(gateway.counts)
        assert gateway.counts["INTERNAL_SERVER_ERROR"] == 0


@pytest.mark.parametrize("how_many", AMOUNTS)
def test_random_operations_on_a_platform_that_fails_tell_nothing_of_it(how_many: settings) -> None:
    """No response repeats anything of a failing upstream."""
    with fuzzed(FAULTS, **TALKATIVE) as gateway:
        ask_at_random(gateway, how_many)
        print(gateway.report("a failing platform"))  # noqa: T201 - the figures
        proves_something(gateway.counts)
