"""The limit of connections: probes pass, others are refused, and one line says so."""

import json
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from gateway.server.connections import RESERVED, Connections
from gateway.server.descriptors import connection_limit
from tests.support.commands import free_port, running, wait_for
from tests.support.graph import settings_for
from tests.support.logged import startup_mistakes
from tests.support.metrics import scrape
from tests.support.raw_http import WHOLE, connect, exchange, parse, until_closed

PROBE = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n"


@contextmanager
def crowd(url: str, number: int) -> Iterator[list[socket.socket]]:
    """Open connections that send nothing."""
    with ExitStack() as stack:
        yield [stack.enter_context(connect(url)) for _ in range(number)]


@pytest.mark.parametrize("limited_by", ["setting", "descriptors"])
def test_probes_pass_a_crowd_of_idle_connections(limited_by: str) -> None:
    """Requests are told that there are too many, and pass again as soon as the crowd has left."""
    by_setting = limited_by == "setting"
    port = free_port()
    variables = {
        "GATEWAY_UPSTREAM_URL": "http://127.0.0.1:1",
        "GATEWAY_UPSTREAM_AUTH": "none",
        "GATEWAY_PORT": str(port),
    } | ({"GATEWAY_MAX_CONNECTIONS": "20"} if by_setting else {})
    limit = 20 if by_setting else 300 - 100 - 60 - RESERVED - 64
    url = f"http://127.0.0.1:{port}"
    max_descriptors = None if by_setting else 300
    with running("serve", variables=variables, max_descriptors=max_descriptors) as command:
        wait_for(f"{url}/readyz", command)
        with crowd(url, 400) as idle:
            began = time.monotonic()
            for path in (b"/healthz", b"/readyz", b"/metrics"):
                answer = exchange(url, PROBE % path)
                assert (answer.status, answer.headers["connection"]) == (200, "close")
            assert time.monotonic() - began < 5.0
            answer = exchange(url, WHOLE)
            assert (answer.status, answer.code) == (503, "OVERLOADED")
            assert answer.headers["retry-after"] == "1"
            assert answer.headers["connection"] == "close"
            first_refused = parse(until_closed(idle[limit]))
            assert (first_refused.status, first_refused.code) == (503, "OVERLOADED")
            counts = scrape(url)
            assert limit < counts["gateway_connections_open"] <= limit + RESERVED
            assert counts['gateway_operations_refused_total{reason="overloaded"}'] == 1
            assert counts['gateway_http_requests_total{route="/graphql",status="5xx"}'] == 1
            assert counts["gateway_connections_refused_total"] >= 400 - limit - RESERVED
        until = time.monotonic() + 10
        while exchange(url, WHOLE).status != 200:
            assert time.monotonic() < until
        assert command.end() == 0
    events = [json.loads(line)["event"] for line in command.err.splitlines()]
    assert events.count("connections_refused") == 1
    assert events.count("connections_limited") == (0 if by_setting else 1)


def test_a_page_of_an_allowed_origin_reads_the_refusal() -> None:
    """The preflight passes, for a browser hides whatever follows a failed one."""
    port = free_port()
    variables = {
        "GATEWAY_UPSTREAM_URL": "http://127.0.0.1:1",
        "GATEWAY_UPSTREAM_AUTH": "none",
        "GATEWAY_PORT": str(port),
        "GATEWAY_MAX_CONNECTIONS": "1",
        "GATEWAY_CORS_ORIGINS": "https://shop.example",
    }
    url = f"http://127.0.0.1:{port}"
    head, _, body = WHOLE.partition(b"\r\n")
    with running("serve", variables=variables) as command:
        wait_for(f"{url}/readyz", command)
        with crowd(url, 1):
            preflight = exchange(
                url,
                b"OPTIONS /graphql HTTP/1.1\r\nHost: x\r\nOrigin: https://shop.example\r\n"
                b"Access-Control-Request-Method: POST\r\n\r\n",
            )
            assert preflight.status in {200, 204}
            assert preflight.headers["connection"] == "close"
            for origin, allowed in (
                ("https://shop.example", True),
                ("https://other.example", False),
            ):
                line = b"\r\nOrigin: %s\r\n" % origin.encode()
                answer = exchange(url, head + line + body)
                assert (answer.status, answer.code) == (503, "OVERLOADED")
                assert answer.headers["vary"].lower() == "origin"
                assert answer.headers.get("access-control-allow-origin") == (
                    origin if allowed else None
                )
                exposed = answer.headers.get("access-control-expose-headers", "")
                assert ("retry-after" in exposed.lower()) is allowed


class Client:
    """A connection that records what becomes of it."""

    is_refused = False

    def announce_close(self) -> None:
        """Do nothing."""

    def refuse(self) -> None:
        """Record that."""
        self.is_refused = True

    def cut(self) -> int:
        """Have no request."""
        return 0


def test_the_oldest_of_the_reserved_makes_room() -> None:
    """A connection within the limit is never refused, nor is the newest one."""
    connections = Connections(2)
    clients = [Client() for _ in range(2 + RESERVED + 3)]
    assert [connections.add(client) for client in clients] == [False] * 2 + [True] * (RESERVED + 3)
    assert [client.is_refused for client in clients[:6]] == [False] * 2 + [True] * 3 + [False]
    assert not any(client.is_refused for client in clients[5:])
    connections.remove(clients[0])
    assert not connections.add(Client())


def test_a_process_without_descriptors_for_clients_does_not_start() -> None:
    """One line says why."""
    settings = {"GATEWAY_UPSTREAM_URL": "http://127.0.0.1:1", "GATEWAY_UPSTREAM_AUTH": "none"}
    with running("serve", variables=settings, max_descriptors=150) as command:
        assert command.end(0) == 2
    (line,) = startup_mistakes(command.err)
    assert line == (
        "GATEWAY_UPSTREAM_MAX_CONNECTIONS=100 leaves none of 150 file descriptors (ulimit -n) for"
        " connections of clients"
    )


def test_a_cluster_of_redis_has_connections_to_each_node() -> None:
    """They are kept free as well: five times sixty."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    url = {"cache_url": "redis+cluster://a,b,c,d,e", "cache_key_secret": "0123456789abcdef"}
    resource.setrlimit(resource.RLIMIT_NOFILE, (1000, hard))
    try:
        one, cluster = (connection_limit(settings_for("http://x", **given)) for given in ({}, url))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert one - cluster == 4 * 60


def test_the_limit_is_the_settings_where_descriptors_are_many() -> None:
    """It is for each process."""
    assert connection_limit(settings_for("http://x", max_connections=17)) == 17
