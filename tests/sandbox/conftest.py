"""One sandbox for all tests that do not change it, and others for those that do."""

from collections.abc import Iterator

import pytest

from gateway.sandbox.world import World
from tests.sandbox.client import SandboxClient, serving, shared_world


@pytest.fixture(scope="session")
def world() -> World:
    """Return the data of the shared sandbox."""
    return shared_world()


@pytest.fixture(scope="session")
def sandbox(world: World) -> Iterator[SandboxClient]:
    """Return a client of the shared sandbox, whose clock is fixed."""
    with serving(world=world) as client:
        yield client


@pytest.fixture
def own() -> Iterator[SandboxClient]:
    """Serve a sandbox whose customers a test may change."""
    with serving() as client:
        yield client


@pytest.fixture(scope="module")
def shared() -> Iterator[SandboxClient]:
    """Serve a sandbox for writes that are refused."""
    with serving() as client:
        yield client
        assert client.writes()[1] == 0
