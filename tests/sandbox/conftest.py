"""One sandbox for all tests that do not change it."""

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
