"""The catalogue in a real Valkey: read from the platform once for all replicas."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.graph import Graph, graph_over
from tests.support.logged import Lines
from tests.support.metrics import scrape
from tests.support.valkey import Valkey

LIST = """{ program(programId: "9033") { promotions(first: 100, sources: [V3]) {
  totalCount nodes { promotionId name definition { source status } } } } }"""
INVALID = "gateway_cache_shared_invalid_entries_total"
PAGES = 2


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    """Return a server."""
    valkey = Valkey()
    yield valkey
    valkey.stop()


@pytest.fixture
def valkey(server: Valkey) -> Valkey:
    """Return the server, without data."""
    server.execute("FLUSHALL")
    return server


class Fleet:
    """Gateways that start one after the other, on one sandbox and one Valkey."""

    def __init__(self, sandbox_url: str, valkey: Valkey, stack: ExitStack) -> None:
        self._sandbox_url, self._valkey, self._stack = sandbox_url, valkey, stack

    def start(self, **settings: Any) -> Graph:
        """Start a gateway."""
        shared: dict[str, Any] = {
            "definitions": "both",
            "cache_url": self._valkey.url,
            "cache_key_secret": "a secret of the tests",
            "cache_definition_ttl_s": 300,
        }
        return self._stack.enter_context(graph_over(self._sandbox_url, **(shared | settings)))


@pytest.fixture
def fleet(sandbox_url: str, valkey: Valkey) -> Iterator[Fleet]:
    """Return what starts gateways."""
    with ExitStack() as stack:
        yield Fleet(sandbox_url, valkey, stack)


def listed(graph: Graph) -> tuple[Any, int]:
    """Return a program's promotions, and the calls to the successor that they took."""
    promotions = graph.ask(LIST)["program"]["promotions"]
    calls = [call["endpoint"] for call in graph.call_log()["log"]]
    return promotions, calls.count("promotionsV3")


def keys(valkey: Valkey) -> list[bytes]:
    """Return the keys of the catalogue: its head, and its pages."""
    found: list[bytes] = [
        key
        for key in valkey.execute("KEYS", "promotion-gateway:2:*")
        if b"totalElements" in valkey.execute("GET", key)
    ]
    return sorted(found)


def test_replicas_read_it_once(fleet: Fleet) -> None:
    """The second one has it without a call, and shows the same."""
    first, second = fleet.start(), fleet.start()
    promotions, calls = listed(first)
    assert (promotions["totalCount"], calls) == (105, PAGES)
    assert listed(second) == (promotions, 0)
    assert scrape(str(second.http.base_url))["gateway_catalogue_promotions"] > 105


@pytest.mark.parametrize("change", ["cut", "changed", "another", "gone", "text"])
def test_a_page_that_was_changed_in_redis_is_no_page(
    fleet: Fleet, valkey: Valkey, change: str
) -> None:
    """All is read from the platform again; entries that no gateway has written are counted."""
    expected, _ = listed(fleet.start())
    one, other = keys(valkey)[:PAGES]
    value = valkey.execute("GET", one)
    if change == "gone":
        valkey.execute("DEL", one)
    else:
        changed = {
            "cut": value[:-9],
            "changed": value.replace(b'"LIVE"', b'"GONE"'),
            "another": valkey.execute("GET", other),
            "text": b"no entry",
        }[change]
        assert changed != value
        valkey.execute("SET", one, changed)
    graph = fleet.start()
    assert listed(graph) == (expected, PAGES)
    assert (scrape(str(graph.http.base_url))[INVALID] > 0) is (change != "gone")


def test_another_secret_shares_nothing(fleet: Fleet) -> None:
    """Nor does another organisation's credential: each has a catalogue of its own."""
    expected, _ = listed(fleet.start())
    assert listed(fleet.start(cache_key_secret="another secret of the tests")) == (expected, PAGES)


def test_without_redis_each_has_its_own(fleet: Fleet, valkey: Valkey) -> None:
    """An outage costs the calls, not the definitions."""
    expected, _ = listed(fleet.start())
    graph = fleet.start(redis_min_timeout_s=0)
    valkey.pause()
    try:
        assert listed(graph) == (expected, PAGES)
    finally:
        valkey.resume()


def test_it_has_no_more_promotions_than_configured(fleet: Fleet, log: Lines) -> None:
    """Not those that another replica has put into Redis either; what is missing is logged."""
    small = fleet.start(catalogue_max_promotions=100)
    promotions, calls = listed(small)
    assert calls == 1
    assert 0 < promotions["totalCount"] <= 100
    assert scrape(str(small.http.base_url))["gateway_catalogue_promotions"] <= 100
    (line,) = log.of("upstream_catalogue_incomplete")
    assert line["reason"] == "too_large"
