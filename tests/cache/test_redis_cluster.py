"""Replicas of the gateway that share a Redis cluster: slots, redirections and fail-over."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from redis.crc import key_slot

from gateway.cache.options import SharedLimits
from gateway.cache.redis_cluster import Cluster
from gateway.cache.redis_connections import create_redis, diagnose
from gateway.cache.redis_use import reason_of
from gateway.upstream.resilience.replicas import Replicas
from tests.cache.test_redis_rights import OPERATIONS, documented
from tests.cache.uses import all_used, use_all
from tests.support.commands import free_port
from tests.support.graph import Graph, serve_gateway
from tests.support.metrics import scrape, wait_for_redis
from tests.support.valkey import Valkey, redis_at
from tests.support.valkey_cluster import SLOTS, ValkeyCluster
from tests.support.webhooks import SECRET, Sender, customer_event

PATIENT = SharedLimits(timeout_s=5.0)
WITHIN_S = 30.0  # some seconds alone; the requests of the test keep the gateway's process busy
SHARED: dict[str, Any] = {
    "webhook_secret": SECRET,
    "cache_key_secret": "sixteen bytes at least",
    "cache_definition_ttl_s": 300,
    "upstream_calls_per_minute": 600,
    "rate_limit_per_minute": 10,
}
PROGRAM = '{ program(programId: "9005") { promotions(first: 5) { totalCount } } }'
CUSTOMER = '{customer(by:{externalId:"C-CURRENT"}){customerId}}'


@pytest.fixture(scope="module")
def cluster() -> Iterator[ValkeyCluster]:
    """Return a cluster of three masters for the module."""
    cluster = ValkeyCluster()
    yield cluster
    cluster.stop()


@pytest.fixture
async def client(cluster: ValkeyCluster) -> AsyncIterator[Any]:
    """Return a client as the gateway's uses have one, with time enough for a busy machine."""
    client = create_redis(redis_at(cluster.url), PATIENT)
    yield client
    await client.aclose()


def test_two_gateways_share_all_of_it(cluster: ValkeyCluster, sandbox_url: str) -> None:
    """Cache, quota and rate limits are those of both, and no key is in the wrong slot."""
    with ExitStack() as stack:
        urls = [
            stack.enter_context(serve_gateway(sandbox_url, cache_url=cluster.url, **SHARED))
            for _ in range(2)
        ]
        one, other = (Graph(url, sandbox_url) for url in urls)
        stack.callback(one.close)
        stack.callback(other.close)
        for url in urls:
            wait_for_redis(url, available=1)
        calls = 0
        for graph, query, is_cached in (
            (one, PROGRAM, False), (other, PROGRAM, True), (one, CUSTOMER, False),
            (other, CUSTOMER, False),
        ):  # fmt: skip
            graph.ask(query)
            assert (graph.calls == 0) == is_cached
            calls += graph.calls
        event = customer_event(1, eventId="one")
        senders = [stack.enter_context(Sender(url)) for url in urls]
        assert [sender.send(event) for sender in senders] == ["evicted", "repeated"]
        remaining = scrape(urls[1])["gateway_upstream_quota_remaining"]
        assert remaining == SHARED["upstream_calls_per_minute"] - calls
        statuses = [
            graph.http.post("/graphql", json={"query": "{__typename}"}).status_code
            for graph in (one, other) * 4
        ]
        assert statuses.count(200) in {6, 7}  # one more where a minute begins meanwhile
        failed = {
            name: value
            for url in urls
            for name, value in scrape(url).items()
            if name.startswith("gateway_redis_failures_total") and value
        }
    assert failed == {}


def test_the_documented_rights_are_enough(cluster: ValkeyCluster, sandbox_url: str) -> None:
    """In a cluster they are two more than with one server."""
    (added,) = re.findall(r"In a cluster\s+the user needs `([^`]+)`", OPERATIONS.read_text())
    words = [*documented(), *added.split()]
    for node in cluster.nodes:
        node.execute(*words)
    user, password = words[2], next(word[1:] for word in words if word.startswith(">"))
    url = cluster.url.replace("//", f"//{user}:{password}@")
    more = SHARED | {"rate_limit_per_minute": 10_000}
    with serve_gateway(sandbox_url, cache_url=url, **more) as gateway:
        wait_for_redis(gateway, available=1)
        while not all_used(set().union(*(node.execute("KEYS", "*") for node in cluster.nodes))):
            use_all(gateway)
    assert [node.execute("ACL", "LOG") for node in cluster.nodes] == [[]] * len(cluster.nodes)


@pytest.mark.anyio
async def test_a_slot_that_moves_is_followed(cluster: ValkeyCluster, client: Any) -> None:
    """ASK while it moves to a node without slots, MOVED afterwards, on many connections at once."""
    script = client.register_script("return redis.call('GET', KEYS[1])")
    key = "promotion-gateway:2:moved"
    await client.set(key, b"value")
    await asyncio.gather(*(client.get(key) for _ in range(10)))
    slot = client.keyslot(key)
    source = cluster.nodes[slot * len(cluster.nodes) // SLOTS]
    target = cluster.add()
    target.execute("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
    source.execute("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)
    source.execute("MIGRATE", "127.0.0.1", target.port, key, 0, 5000)

    async def read() -> set[bytes]:
        """Read on more connections at once than there are in the beginning."""
        both = [client.get(key), script(keys=[key])] * 5
        return set(await asyncio.gather(*both))

    assert [await read() for _ in range(3)] == [{b"value"}] * 3
    for node in (target, *cluster.nodes):
        node.execute("CLUSTER", "SETSLOT", slot, "NODE", target.id)
    assert [await read() for _ in range(3)] == [{b"value"}] * 3
    assert isinstance(client, Cluster)


@pytest.mark.anyio
async def test_keys_of_two_slots_are_a_failure_as_any_other(client: Any) -> None:
    """What redis-py raises outside of its own hierarchy would end requests."""
    replicas = Replicas(client, "quota")
    script = client.register_script("return {'ok', '0'}")
    assert await replicas.run_script(script, ["one", "another"], []) is None
    assert sum(replicas.use.failures.counts) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["no cluster", "nobody", "permission"])
async def test_a_cluster_that_is_none_has_a_reason(kind: str) -> None:
    """The reasons are those of a single server."""
    valkey = Valkey()
    try:
        url, reason = f"redis+cluster://127.0.0.1:{valkey.port}", "other"
        if kind == "nobody":
            url, reason = f"redis+cluster://127.0.0.1:{free_port()}", "refused"
        if kind == "permission":
            valkey.execute("ACL", "SETUSER", "weak", "on", ">a-password", "~*", "+ping")
            url, reason = url.replace("//", "//weak:a-password@"), "permission"
        error = await diagnose(redis_at(url))
    finally:
        valkey.stop()
    assert error is not None
    assert reason_of(error) == reason


@pytest.mark.verify
@pytest.mark.alone
@pytest.mark.parametrize("kind", ["killed", "hanging"])
def test_a_promoted_replica_is_used_within_seconds(sandbox_url: str, kind: str) -> None:
    """Also where the old master hangs, whose connections stay open."""
    cluster = ValkeyCluster()
    slot = key_slot(b"promotion-gateway:quota:1")
    master = cluster.nodes[slot * len(cluster.nodes) // SLOTS]
    replica = cluster.add()
    try:
        replica.execute("CLUSTER", "REPLICATE", master.id)
        while replica.execute("ROLE")[3] != b"connected":
            pass
        more = SHARED | {"rate_limit_per_minute": 10_000}
        with serve_gateway(
            sandbox_url, redis_min_timeout_s=0, cache_url=cluster.url, **more
        ) as gateway:
            wait_for_redis(gateway, available=1)
            if kind == "killed":
                master.stop()
            else:
                master.pause()
            while replica.execute("ROLE")[0] != b"master":
                pass
            promoted = time.monotonic()
            others = [node for node in cluster.nodes if node is not master]
            for node in others:
                while b"cluster_state:ok" not in node.execute("CLUSTER", "INFO"):
                    pass
                node.execute("FLUSHALL")
            while not all_used(set().union(*(node.execute("KEYS", "*") for node in others))):
                use_all(gateway)
                assert time.monotonic() - promoted < WITHIN_S
            wait_for_redis(gateway, available=1)
    finally:
        if kind == "hanging":
            master.resume()
        cluster.stop()
