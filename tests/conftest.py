"""What most tests stand on: one sandbox and one gateway, both over real HTTP."""

import logging
import os
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import settings

from gateway.config.settings import PREFIX
from gateway.graphql_http.gc_tuning import freeze_gc
from gateway.sandbox.app import create_sandbox
from gateway.sandbox.world import World
from gateway.telemetry import configure_logging, reset_logging
from tests.sandbox.client import NOW, TODAY
from tests.support.graph import Graph, serve_gateway
from tests.support.http_client import client
from tests.support.logged import Lines
from tests.support.serving import serve
from tests.upstream.scripted import Platform

# How long an example takes depends on what else the machine does: no test judges by that.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_finish() -> None:
    """Begin the tests as a worker begins: what is there for good is not looked through any more.

    Thousands of tests take the collector up to a third of a second each time, which tests of how
    long the loop is blocked would take for the gateway's.
    """
    freeze_gc()


def pytest_xdist_auto_num_workers() -> int:
    """Run one process more than there are cores: a third of the suite's time is waiting."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on the loop that the gateway runs on."""
    return "asyncio"


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    """Return the URL of a sandbox whose clock stands still."""
    with serve(create_sandbox(World.generate(today=TODAY), clock=lambda: NOW)) as url:
        yield url


@pytest.fixture(scope="session")
def gateway_url(sandbox_url: str) -> Iterator[str]:
    """Return the URL of a gateway on that sandbox, which believes in the same time."""
    with serve_gateway(sandbox_url) as url:
        yield url


@pytest.fixture(scope="session")
def graph(gateway_url: str, sandbox_url: str) -> Iterator[Graph]:
    """Return a client of that gateway."""
    client = Graph(gateway_url, sandbox_url)
    yield client
    client.close()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Begin with an environment that says nothing of the gateway."""
    for name in list(os.environ):
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture
def scripted(served: tuple[Platform, Graph]) -> Iterator[Platform]:
    """Return the platform that a module has `served`, and take its answers back afterwards."""
    served[0].answers.clear()
    yield served[0]
    served[0].answers.clear()


@pytest.fixture
def asking(served: tuple[Platform, Graph]) -> Graph:
    """Return the client of the gateway on that platform."""
    return served[1]


@pytest.fixture(scope="session")
def http(gateway_url: str) -> Iterator[httpx.Client]:
    """Return a client of the shared gateway that knows only HTTP."""
    with client(gateway_url) as http:
        yield http


@pytest.fixture
def log() -> Iterator[Lines]:
    """Listen to the log as an operator of a container does."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    lines = Lines()
    configure_logging("json", stream=lines.stream)
    yield lines
    root.handlers[:] = before
    root.setLevel(level)
    reset_logging()
