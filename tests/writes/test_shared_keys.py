"""Keys that two gateways share by Redis."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.writing import customer_id
from tests.support.graph import serve_gateway
from tests.support.http_client import client
from tests.support.valkey import Valkey
from tests.writes.support import ENROL, ISSUE, Writer, wanted, writer

SECRET: dict[str, Any] = {"cache_key_secret": "sixteen bytes at least"}


@pytest.fixture
def own() -> Iterator[Valkey]:
    """Return a server for one test."""
    valkey = Valkey()
    yield valkey
    valkey.stop()


def _post(url: str, mutation: str, given: dict[str, Any]) -> dict[str, Any]:
    with client(url) as http:
        body = {"query": mutation, "variables": {"input": given}}
        answer: dict[str, Any] = http.post("/graphql", json=body).json()
        return answer


def _names(server: Valkey) -> list[bytes]:
    return list(server.keys())


def _other(own: Writer, valkey: Valkey, **more: Any) -> Any:
    return serve_gateway(own.platform_url, writes=True, cache_url=valkey.url, **SECRET, **more)


def test_a_key_counts_in_all_replicas(own: Valkey) -> None:
    """The other one answers alike, and refuses other input; nothing is sent twice."""
    with writer(cache_url=own.url, **SECRET) as first, _other(first, own) as url:
        given = wanted("C-ENROL")
        done = first.do(ENROL, given)
        assert _post(url, ENROL, given)["data"]["done"] == done
        (error,) = _post(url, ISSUE, given)["data"]["done"]["userErrors"]
        assert error["code"] == "IDEMPOTENCY_KEY_REUSED"
        assert len(first.writes) == 1
        names = [name for name in _names(own) if b":idempotency:" in name]
        assert len(names) == 1
        assert 86_000 < own.execute("TTL", names[0]) <= 86_400
        stored = own.execute("GET", names[0])
        assert not any(secret in stored + names[0] for secret in (b"C-ENROL", b"700000102"))


def test_a_key_whose_process_has_ended_is_uncertain(own: Valkey) -> None:
    """What became of its action is not known, and it is not sent again."""
    with writer(cache_url=own.url, upstream_deadline_s=1.5, **SECRET) as first:
        given = wanted("C-ENROL")
        first.do(ENROL, given)
        (name,) = [name for name in _names(own) if b":idempotency:" in name]
        stored = own.execute("GET", name)
        taken = stored[: stored.index(b'"result"')] + b'"result":null}'
        own.execute("SET", name, taken)
        done = first.do(ENROL, given)
        assert done["outcome"] == "UNCERTAIN"
        assert len(done["customerPromotion"]["enrolments"]) == 1
        assert len(first.writes) == 1


def test_without_redis_nothing_is_sent(own: Valkey) -> None:
    """It is OVERLOADED, and works again once Redis is back, with the same key."""
    with writer(cache_url=own.url, **SECRET) as first:
        given = wanted("C-ENROL")
        own.stop()
        assert first.failed(ENROL, given) == "OVERLOADED"
        assert first.writes == []
        own.start()
        assert first.do(ENROL, given)["outcome"] == "DONE"
        assert first.applied == 1


def test_a_key_that_a_hanging_redis_takes_late_is_free_again(own: Valkey) -> None:
    """It was OVERLOADED, and nothing was sent: the same again is done, in either replica."""
    options: dict[str, Any] = SECRET | {"redis_min_timeout_s": 0}
    with (
        writer(cache_url=own.url, **options) as first,
        _other(first, own, redis_min_timeout_s=0) as url,
    ):
        for do in (first.do, lambda *given: _post(url, *given)["data"]["done"]):
            given = wanted("C-ENROL")
            own.pause()
            try:
                assert first.failed(ENROL, given) == "OVERLOADED"
            finally:
                own.resume()
            assert do(ENROL, given)["outcome"] == "DONE"
        assert first.applied == len(first.writes) == 2


def test_another_replica_shows_what_a_write_has_changed(own: Valkey) -> None:
    """What it has cached of the customer is dropped, by whichever identifier it was asked for."""
    page = "{{ customer(by: {}) {{ promotions {{ nodes {{ enrolments {{ enrolmentId }} }} }} }} }}"
    ways = ['{externalId: "C-ENROL"}', f'{{customerId: "{customer_id("C-ENROL")}"}}']
    options = {"cache_url": own.url, "cache_customer_ttl_s": 60, **SECRET}
    with (
        writer(**options) as first,
        serve_gateway(first.platform_url, writes=True, **options) as url,
        client(url) as http,
    ):

        def shown(by: str) -> Any:
            return http.post("/graphql", json={"query": page.format(by)}).json()["data"]

        before = [shown(by) for by in ways]
        assert [shown(by) for by in ways] == before
        first.do(ENROL, wanted("C-ENROL"))
        until = time.monotonic() + 5
        while [shown(by) for by in ways] == before and time.monotonic() < until:
            pass
        after = [shown(by) for by in ways]
        assert before[0] != after[0]
        assert after[0] == after[1]
