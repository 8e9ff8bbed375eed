"""One sandbox for all tests that do not change it."""

from collections.abc import Iterator

import pytest

from gateway.sandbox.world import World
from tests.sandbox.client import TODAY, SandboxClient, serving


@pytest.fixture(scope="session")
def world() -> World:
    """Return the data of the shared sandbox."""
    return World.generate(today=TODAY)


@pytest.fixture(scope="session")
def sandbox(world: World) -> Iterator[SandboxClient]:
    """Return a client of the shared sandbox, whose clock is fixed."""
    with serving(world=world) as client:
        yield client
