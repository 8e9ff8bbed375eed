"""The rights that the gateway needs in Redis are those that the documentation grants."""

import itertools
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.support.faulty_platform import faulty
from tests.support.metrics import scrape
from tests.support.valkey import Valkey
from tests.support.webhooks import SECRET, Sender, customer_event
from tests.writes.support import ENROL, wanted

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
SHARED: dict[str, Any] = {
    "cache_key_secret": "sixteen bytes at least",
    "cache_definition_ttl_s": 300,
    "upstream_calls_per_minute": 10,
    "upstream_deadline_s": 0.5,
    "webhook_secret": SECRET,
    "rate_limit_per_minute": 60_000,
    "rate_limit_upstream_calls_per_minute": 60_000,
    "writes": True,
}
FAILURES = "gateway_redis_failures_total"
PROGRAM = '{{ program(programId: "{}") {{ promotions(first: 1) {{ totalCount }} }} }}'


@pytest.fixture
def own() -> Iterator[Valkey]:
    """Return a server for one test."""
    valkey = Valkey()
    yield valkey
    valkey.stop()


def documented() -> list[str]:
    """Return the words of the documented command that creates the gateway's user."""
    text = OPERATIONS.read_text().replace("\\\n", " ")
    (line,) = re.findall(r"^ACL SETUSER .*", text, re.MULTILINE)
    return shlex.split(line)


def _unused(server: Valkey, words: list[str]) -> set[str]:
    """Return the commands that `words` grant and that no client has sent."""
    used = {name.removeprefix("cmdstat_") for name in server.execute("INFO", "commandstats")}
    return {word[1:] for word in words if word.startswith("+")} - used


def test_the_documented_rights_are_enough_and_none_is_left_over(own: Valkey) -> None:
    """Every use of Redis works, nothing is denied, and each right is used."""
    words = documented()
    own.execute(*words)
    user, password = words[2], next(word[1:] for word in words if word.startswith(">"))
    url = own.url.replace("//", f"//{user}:{password}@") + "/1"
    with redis.Redis(port=own.port, db=1) as client:  # as if it had run for more than a minute
        client.hset("{promotion-gateway:quota:1}:about", "since", "1000")
    own.execute("CONFIG", "RESETSTAT")
    by_id = {"by": {"customerId": "700000102"}}
    with faulty("status=429,after=2,count=1,retry_after=1", cache_url=url, **SHARED) as (graph, _):
        until = time.monotonic() + 20
        for program in itertools.count(
            1
        ):  # the platform's pause, then calls that wait for the quota
            graph.http.post("/graphql", json={"query": PROGRAM.format(program)})
            if "zrange" not in _unused(own, words) or time.monotonic() > until:
                break
        body = {"query": ENROL, "variables": {"input": wanted("C-ENROL") | by_id}}
        # The quota is spent, so that the key which has been taken is freed again.
        (error,) = graph.http.post("/graphql", json=body).json()["errors"]
        assert error["extensions"]["code"] == "UPSTREAM_RATE_LIMITED"
        url = str(graph.http.base_url)
        with Sender(url) as sender:
            event = customer_event(1, eventId="1")
            assert [sender.send(event) for _ in range(2)] == ["evicted", "repeated"]
        metrics = scrape(url)
    assert own.execute("ACL", "LOG") == []
    for use in ("cache", "quota", "rate_limit", "idempotency"):
        assert metrics[f'gateway_redis_available{{use="{use}"}}'] == 1
    failed = {name for name, value in metrics.items() if name.startswith(FAILURES) and value}
    assert failed == set()
    assert _unused(own, words) == {"ping"}  # which `check` sends
