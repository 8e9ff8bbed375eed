"""A gateway with a response cache, and a clock that the test advances."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from gateway.app import create_app
from gateway.cache.options import CacheClocks
from gateway.graphql_http.response_cache import ResponseCache, create_response_cache
from gateway.sandbox.app import create_sandbox
from gateway.sandbox.faults.spec import parse_fault
from gateway.upstream.chain import create_upstream
from gateway.upstream.resilience.traffic_shaping import create_traffic_shaping
from gateway.upstream.transport import create_transport
from tests.sandbox.client import NOW, shared_world
from tests.support.clock import Clock
from tests.support.graph import Graph, settings_for
from tests.support.metrics import scrape
from tests.support.serving import serve

_WORLD = shared_world()
TTL_S = 100.0


class CachingGateway:
    """A client of such a gateway, its clock, and the metrics of its response cache."""

    def __init__(self, gateway_url: str, sandbox_url: str, clock: Clock) -> None:
        self._url = gateway_url
        self.graph, self.clock = Graph(gateway_url, sandbox_url), clock

    def post(self, body: dict[str, Any], **headers: str) -> bytes:
        """Return a response's body."""
        return self.graph.http.post("/graphql", json=body, headers=headers).content

    @property
    def hits(self) -> int:
        """Return the number of responses served from the cache."""
        return self.sample("hits_total")

    @property
    def entries(self) -> int:
        """Return the number of entries in the cache."""
        return self.sample("entries")

    def sample(self, name: str) -> int:
        """Return a metric of the response cache."""
        return int(scrape(self._url)[f"gateway_response_cache_{name}"])


@contextmanager
def caching_gateway(*faults: str, at: datetime = NOW, **overrides: Any) -> Iterator[CachingGateway]:
    """Serve such a gateway from this time on, on a sandbox with these faults."""
    clock = Clock(at.timestamp())
    fitting = {"cache_customer_ttl_s": TTL_S, "cache_definition_ttl_s": TTL_S}
    sandbox = create_sandbox(_WORLD, clock=lambda: NOW, faults=[parse_fault(f) for f in faults])
    with serve(sandbox) as platform:
        app = create_app(
            settings_for(platform, **(fitting | overrides)),
            clock=lambda: datetime.fromtimestamp(clock(), UTC),
            cache_clocks=CacheClocks(clock, clock),
        )
        with serve(app) as gateway:
            client = CachingGateway(gateway, platform, clock)
            try:
                yield client
            finally:
                client.graph.close()


def standalone_response_cache() -> ResponseCache:
    """Return the response cache of a gateway, without the gateway."""
    settings = settings_for("http://platform.test", cache_customer_ttl_s=TTL_S)
    upstream = create_upstream(
        settings, create_transport(settings), create_traffic_shaping(settings)
    )
    return create_response_cache(settings, upstream.cached, upstream.customer_ids, lambda: NOW)
