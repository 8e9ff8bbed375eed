"""Fixtures that most tests use: one sandbox and one gateway, both over real HTTP."""

import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import httpx
import pytest
from hypothesis import settings

from gateway.config.parsing import PREFIX
from gateway.graphql_http.gc_tuning import freeze_gc
from gateway.sandbox.app import create_sandbox
from gateway.telemetry import configure_logging, reset_logging
from tests.sandbox.client import NOW, shared_world
from tests.support.examples import DEFAULT, THOROUGH, examples
from tests.support.graph import Graph, graph_over, serve_gateway
from tests.support.http_client import client
from tests.support.logged import Lines
from tests.support.scripted_platform import Platform
from tests.support.serving import serve

TESTS = Path(__file__).parent
WITH_PROGRAMS = {"audit", "clients", "deploy", "examples"}

# How long an example takes depends on what else the machine does: no test judges by that.
settings.register_profile(THOROUGH, deadline=None, max_examples=DEFAULT)
settings.register_profile("untimed", examples(deadline=None))
settings.load_profile("untimed")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Import the modules in another order in each process of a whole run.

    Each needs all of them. Where their assertions have not been rewritten before, as in a new
    clone, each would do so for all; this way it finds most of them done by another one.
    """
    worker = getattr(session.config, "workerinput", None)
    if worker is None or [Path(argument).resolve() for argument in session.config.args] != [TESTS]:
        return
    modules = sorted(TESTS.rglob("test_*.py"))
    begin = len(modules) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    for path in modules[begin:] + modules[:begin]:
        with suppress(Exception, pytest.skip.Exception):  # its collection will report it
            import_module(".".join(path.relative_to(TESTS.parent).with_suffix("").parts))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark `alone` the folders whose tests install packages, or run programs of others."""
    for item in items:
        if item.path.relative_to(TESTS).parts[0] in WITH_PROGRAMS:
            item.add_marker(pytest.mark.alone)


def pytest_collection_finish() -> None:
    """Freeze what is loaded, as a worker does, so that garbage collections stay short.

    Thousands of tests make a full collection take a third of a second, which a test that measures
    how long the event loop is blocked would attribute to the gateway.
    """
    freeze_gc()


def pytest_xdist_auto_num_workers() -> int:
    """Run one process more than there are cores: a part of the time is waiting."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on the event loop that the gateway uses."""
    return "asyncio"


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    """Return the URL of a sandbox whose clock stands still."""
    with serve(create_sandbox(shared_world(), clock=lambda: NOW)) as url:
        yield url


@pytest.fixture(scope="session")
def gateway_url(sandbox_url: str) -> Iterator[str]:
    """Return the URL of a gateway on that sandbox, with the same clock."""
    with serve_gateway(sandbox_url) as url:
        yield url


@pytest.fixture(scope="session")
def graph(gateway_url: str, sandbox_url: str) -> Iterator[Graph]:
    """Return a client of that gateway."""
    client = Graph(gateway_url, sandbox_url)
    yield client
    client.close()


@pytest.fixture(scope="session")
def by_default(sandbox_url: str) -> Iterator[Graph]:
    """Return a client of a gateway that asks both endpoints for definitions, as by default."""
    with graph_over(sandbox_url, definitions="both") as client:
        yield client


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Remove the gateway's variables from the environment."""
    for name in list(os.environ):
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture
def scripted(served: tuple[Platform, Graph]) -> Iterator[Platform]:
    """Return the upstream that a module has `served`, and reset its responses afterwards."""
    served[0].responses.clear()
    yield served[0]
    served[0].responses.clear()


@pytest.fixture
def asking(served: tuple[Platform, Graph]) -> Graph:
    """Return the client of the gateway on that upstream."""
    return served[1]


@pytest.fixture(scope="session")
def http(gateway_url: str) -> Iterator[httpx.Client]:
    """Return a plain HTTP client of the shared gateway."""
    with client(gateway_url) as http:
        yield http


@pytest.fixture
def log() -> Iterator[Lines]:
    """Return the lines that the gateway logs during the test."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    lines = Lines()
    configure_logging("json", stream=lines.stream)
    yield lines
    root.handlers[:] = before
    root.setLevel(level)
    reset_logging()
