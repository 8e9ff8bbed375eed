"""What most tests stand on: one sandbox and one gateway, both over real HTTP."""

from collections.abc import Iterator

import pytest

from gateway.sandbox.app import create_sandbox
from gateway.sandbox.world import World
from tests.graph import Graph, serve_gateway
from tests.sandbox.client import NOW, TODAY
from tests.serving import serve


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on the loop that the gateway runs on."""
    return "asyncio"


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    """Give the URL of a sandbox whose clock stands still."""
    with serve(create_sandbox(World.generate(today=TODAY), clock=lambda: NOW)) as url:
        yield url


@pytest.fixture(scope="session")
def gateway_url(sandbox_url: str) -> Iterator[str]:
    """Give the URL of a gateway on that sandbox, which believes in the same time."""
    with serve_gateway(sandbox_url) as url:
        yield url


@pytest.fixture(scope="session")
def graph(gateway_url: str, sandbox_url: str) -> Iterator[Graph]:
    """Give a client of that gateway."""
    client = Graph(gateway_url, sandbox_url)
    yield client
    client.close()
