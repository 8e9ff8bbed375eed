"""Automatic persisted queries of replicas that share a Redis, and what its loss costs."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count

import httpx
import pytest

from gateway.cache.shared import NAMESPACE
from gateway.execution.document_hash import sha256_of
from tests.support.graph import serve_gateway
from tests.support.http_client import client, code
from tests.support.metrics import scrape
from tests.support.persisted_queries import by_hash, data, get, post, with_hash
from tests.support.valkey import Valkey

_NUMBERS = count()
_PATIENCE_S = 20.0


@dataclass(frozen=True)
class Replicas:
    """Two gateways on one server."""

    valkey: Valkey
    one: httpx.Client
    other: httpx.Client


@pytest.fixture
def replicas(sandbox_url: str) -> Iterator[Replicas]:
    """Return two replicas on a server of this test's own."""
    valkey = Valkey()
    with ExitStack() as stack:
        stack.callback(valkey.stop)
        urls = [
            stack.enter_context(
                serve_gateway(
                    sandbox_url,
                    redis_min_timeout_s=1,
                    cache_url=valkey.url,
                    cache_key_secret="sixteen bytes and more",
                )
            )
            for _ in range(2)
        ]
        yield Replicas(valkey, *(stack.enter_context(client(url)) for url in urls))


def until(attempt: Callable[[], bool]) -> None:
    """Try until it succeeds: on a busy machine a call to Redis may time out."""
    deadline = time.monotonic() + _PATIENCE_S
    while not attempt():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def shared(replicas: Replicas) -> tuple[str, bytes]:
    """Send a new document to one replica, which shares it; return it and its key."""
    before = set(replicas.valkey.keys())
    sent: list[str] = []

    def send() -> bool:
        sent.append(f"{{ shared{next(_NUMBERS)}: __typename }}")
        post(replicas.one, by_hash(sha256_of(sent[-1])))
        post(replicas.one, with_hash(sent[-1]))
        return len(replicas.valkey.keys()) > len(before)

    until(send)
    (key,) = set(replicas.valkey.keys()) - before
    return sent[-1], key


def test_what_one_replica_was_sent_the_other_finds(replicas: Replicas) -> None:
    """A client that reaches another replica with each request sends its document once."""
    query, _ = shared(replicas)
    until(lambda: "data" in get(replicas.other, by_hash(sha256_of(query))).json())
    assert "Query" in data(post(replicas.other, by_hash(sha256_of(query)))).values()


def test_neither_hash_nor_text_stands_in_a_key(replicas: Replicas) -> None:
    """The keys reveal nothing, and each entry expires after a day."""
    query, key = shared(replicas)
    assert key.startswith(NAMESPACE.encode())
    assert sha256_of(query).encode() not in key
    assert 86_000 < replicas.valkey.execute("TTL", key) <= 86_400


def test_what_somebody_else_wrote_there_does_not_run(replicas: Replicas) -> None:
    """A value that is not an entry of this key is a miss; the document replaces it."""
    (_, first), (query, second) = shared(replicas), shared(replicas)
    replicas.valkey.execute("COPY", first, second, "REPLACE")
    hashed = by_hash(sha256_of(query))

    def is_noticed() -> bool:
        assert code(post(replicas.other, hashed)) == "PERSISTED_QUERY_NOT_FOUND"
        told = scrape(str(replicas.other.base_url).rstrip("/"))
        return told["gateway_cache_shared_invalid_entries_total"] > 0

    until(is_noticed)
    data(post(replicas.other, with_hash(query)))
    assert "Query" in data(post(replicas.other, hashed)).values()


@pytest.mark.parametrize("how", ["stop", "pause", "FLUSHALL"])
def test_a_lost_redis_costs_a_second_request(replicas: Replicas, how: str) -> None:
    """The replica with the document continues; the other requests it once."""
    query, _ = shared(replicas)
    hashed = by_hash(sha256_of(query))
    if how == "FLUSHALL":
        replicas.valkey.execute(how)
    else:
        getattr(replicas.valkey, how)()
    try:
        data(post(replicas.one, hashed))
        assert code(post(replicas.other, hashed)) == "PERSISTED_QUERY_NOT_FOUND"
        data(post(replicas.other, with_hash(query)))
        data(post(replicas.other, hashed))
    finally:
        if how == "pause":
            replicas.valkey.resume()
