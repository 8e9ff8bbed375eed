"""A GraphQL client of a gateway that is served over real HTTP, on a real sandbox."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from gateway.app import create_app
from gateway.cache.redis_server import RedisServer
from gateway.config.settings import Settings, load_settings
from gateway.context import Role
from gateway.upstream.resilience.traffic_shaping import TrafficShaping, create_traffic_shaping
from tests.sandbox.client import NOW
from tests.support.http_client import client
from tests.support.serving import serve

REDIS_MIN_TIMEOUT_S = 20.0
"""Time enough for a busy machine, where a time-out is not what is tested."""


class Graph:
    """A GraphQL client that counts the upstream calls of each query."""

    def __init__(
        self, gateway_url: str, sandbox_url: str, traffic: TrafficShaping | None = None
    ) -> None:
        self._traffic = traffic
        self.http = client(gateway_url)
        self._sandbox = client(sandbox_url)

    def answer(
        self, query: str, variables: dict[str, Any] | None = None, **headers: str
    ) -> dict[str, Any]:
        """Return the whole response to a query; upstream calls are counted from here on."""
        self._sandbox.delete("/__calls")
        if self._traffic is not None:
            # What went wrong in one query must not hold the next one back.
            self._traffic.endpoints.clear()
            self._traffic.quotas.forget()
        body = {"query": query, "variables": variables}
        answer: dict[str, Any] = self.http.post("/graphql", json=body, headers=headers).json()
        return answer

    def ask(self, query: str, variables: dict[str, Any] | None = None) -> Any:
        """Return the data of a query that has no errors."""
        answer = self.answer(query, variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def errors(
        self, query: str, variables: dict[str, Any] | None = None
    ) -> list[tuple[str, list[str | int] | None]]:
        """Return the code and the path of each error of a query."""
        answer = self.answer(query, variables)
        return [
            (error["extensions"]["code"], error.get("path")) for error in answer.get("errors", [])
        ]

    def refusal(self, query: str, variables: dict[str, Any] | None = None) -> tuple[str, str]:
        """Return the code and the message of a query's only error, which has cost no call."""
        (error,) = self.answer(query, variables)["errors"]
        assert self.calls == 0
        return error["extensions"]["code"], error["message"]

    @property
    def calls(self) -> int:
        """Return the number of upstream calls since the last query."""
        total: int = self.call_log()["total"]
        return total

    def call_log(self) -> dict[str, Any]:
        """Return the sandbox's log of calls since the last query."""
        log: dict[str, Any] = self._sandbox.get("/__calls").json()
        return log

    def queries(self) -> list[str]:
        """Return the raw query strings that the sandbox received since the last query."""
        return [call["query"] for call in self.call_log()["log"]]

    def close(self) -> None:
        """Close the connections."""
        self.http.close()
        self._sandbox.close()


def settings_for(upstream_url: str, **overrides: Any) -> Settings:
    """Return settings for a sandbox, independent of the environment."""
    fitting: dict[str, Any] = {
        "upstream_url": upstream_url,
        "upstream_auth": "basic",
        "upstream_username": "sandbox",
        "upstream_password": "sandbox",
        "anonymous_roles": frozenset(Role),
        "graphiql": True,
        "introspection": True,
        "report_upstream": True,
        # So that the calls of one endpoint can be counted; tests of both endpoints say so.
        "definitions": "legacy",
        "cache_definition_ttl_s": 0,  # likewise; tests of the cache say more
    }
    return load_settings(**(fitting | overrides))


@contextmanager
def serve_gateway(
    upstream_url: str,
    *,
    clock: Callable[[], datetime] = lambda: NOW,
    traffic: TrafficShaping | None = None,
    redis_min_timeout_s: float = REDIS_MIN_TIMEOUT_S,
    **overrides: Any,
) -> Iterator[str]:
    """Serve a gateway on the upstream at this URL; yield the gateway's URL.

    A Redis that hangs needs a lower `redis_min_timeout_s`, 0 for the time-outs of production.
    """
    settings = settings_for(upstream_url, **overrides)
    app = create_app(
        settings, clock=clock, traffic=traffic, redis_min_timeout_s=redis_min_timeout_s
    )
    with serve(app) as url:
        yield url


@contextmanager
def graph_over(upstream_url: str, **overrides: Any) -> Iterator[Graph]:
    """Serve a gateway with other settings; yield its client."""
    min_timeout_s = overrides.pop("redis_min_timeout_s", REDIS_MIN_TIMEOUT_S)
    settings = settings_for(upstream_url, **overrides)
    traffic = create_traffic_shaping(settings, RedisServer.of(settings, min_timeout_s))
    more = {"traffic": traffic, "redis_min_timeout_s": min_timeout_s}
    with serve_gateway(upstream_url, **more, **overrides) as url:
        graph = Graph(url, upstream_url, traffic)
        try:
            yield graph
        finally:
            graph.close()
